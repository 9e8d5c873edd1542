"""Names of variables, levels, stimuli and markers, as they are stored whatever they come by."""


def normalise_name(name: str) -> str:
    """Return the name without blanks around it, each run of blanks within it as one."""
    return " ".join(name.split())
