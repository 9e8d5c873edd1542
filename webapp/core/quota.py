"""How much one person may use."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Quota:
    """None: as much as there is."""

    bytes: int | None
    minutes: int | None
    analyses: int | None
