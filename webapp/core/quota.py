"""How much one person may use."""

from dataclasses import dataclass

UNITS = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
LARGEST = 2**63 - 1  # that the database takes


@dataclass(frozen=True)
class Quota:
    """None: as much as there is."""

    bytes: int | None
    minutes: int | None
    analyses: int | None


def amount(text: str) -> int | None:
    """A number, perhaps with one of UNITS; None for `unlimited`. Raises ValueError."""
    if text == "unlimited":
        return None
    digits, unit = (text[:-1], UNITS[text[-1]]) if text[-1:] in UNITS else (text, 1)
    if not (digits.isascii() and digits.isdigit() and int(digits) * unit <= LARGEST):
        raise ValueError(f"{text} is no amount: write 50G, 600 or unlimited")
    return int(digits) * unit
