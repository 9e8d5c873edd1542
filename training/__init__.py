"""Training of the networks, by configuration."""
