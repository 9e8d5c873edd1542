"""Limits of what one user may store and run."""

from dataclasses import dataclass

UNITS = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
MAX_AMOUNT = 2**63 - 1  # a PostgreSQL bigint


@dataclass(frozen=True)
class Quota:
    """Bytes stored, minutes of recordings stored, analyses waiting or running; None is unlimited."""

    bytes: int | None
    minutes: int | None
    analyses: int | None


def parse_amount(text: str) -> int | None:
    """Parse a number with an optional suffix of UNITS; None for `unlimited`. Raises ValueError."""
    if text == "unlimited":
        return None
    digits, unit = (text[:-1], UNITS[text[-1]]) if text[-1:] in UNITS else (text, 1)
    if not (digits.isascii() and digits.isdigit() and int(digits) * unit <= MAX_AMOUNT):
        raise ValueError(f"{text} is no amount: write 50G, 600 or unlimited")
    return int(digits) * unit
