"""Who may use the installation: people and the tokens of their programs."""
