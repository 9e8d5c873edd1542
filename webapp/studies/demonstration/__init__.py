"""A simulated study for looking around: the sample recording, with timelines that a program made up."""
