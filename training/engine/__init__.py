"""The training loop, with its optimisers, devices and checkpoints."""
