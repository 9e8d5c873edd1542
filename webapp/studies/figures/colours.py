"""The colours of conditions, told apart with colour blindness too, and dashes, told apart without any colour."""

COLOURS = ("#1d4e89", "#b4531f", "#2a7a5e", "#7a3fa0", "#7d6300", "#a3326a")
DASHES = ("", "7 3", "2 3", "9 3 2 3", "4 2", "12 3")


def colour(index: int) -> str:
    """Return the colour of a condition by its position."""
    return COLOURS[index % len(COLOURS)]


def dashes(index: int) -> str:
    """Return the dashes of a condition's line; empty for a solid one."""
    return DASHES[index % len(DASHES)]
