"""Labelled trials of any data set, whatever its layout on disk."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Literal

from inference.front_ends.signals import Signals
from training.errors import DatasetError

Part = Literal["train", "validation", "test"]
SIGNAL_PARTS = tuple(part.name for part in fields(Signals) if part.name != "seconds")


@dataclass(frozen=True)
class LabelledTrial:
    """A piece of a recording that was labelled as a whole; `read` opens its signals.

    `ratings` are the subject's own, by dimension (`valence`, `arousal`, `dominance`), on its scale. `part` is
    the one that the data set itself puts it into.
    """

    name: str
    subject: str
    read: Callable[[], Signals] = field(repr=False, compare=False)
    label: str | None = None
    ratings: Mapping[str, float] = field(default_factory=dict)
    part: Part | None = None
    files: tuple[str, ...] = ()
    """Paths whose size and time of change identify the signals."""


@dataclass(frozen=True)
class Corpus:
    """A data set: its trials, in the order of subject and time, and its labels in their order."""

    name: str
    trials: tuple[LabelledTrial, ...]
    labels: tuple[str, ...] = ()
    threshold: float | None = None
    """Rating from which on a dimension counts as high."""
    made_of: str | None = None
    """What it was composed or simulated from, where it was not recorded."""

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The dimensions that are rated."""
        return tuple(dict.fromkeys(name for trial in self.trials for name in trial.ratings))

    def having(self, parts: Sequence[str]) -> "Corpus":
        """The trials for which all these parts of `Signals` were recorded.

        Raises DatasetError for a part that no trial has.
        """
        trials = self.trials
        for part in parts:
            if part not in SIGNAL_PARTS:
                raise DatasetError(f"{part}: no such signal, have {', '.join(SIGNAL_PARTS)}")
            trials = tuple(trial for trial in trials if trial.read().has(part))
            if not trials:
                raise DatasetError(f"{self.name}: no trial has {part}")
        return replace(self, trials=trials)


def check_disjoint(groups: Mapping[str, Sequence[str]], unit: str) -> None:
    """Raise DatasetError where a subject or trial, by name, stands in more than one part."""
    seen: dict[str, str] = {}
    for part, members in groups.items():
        for member in set(members):
            if member in seen:
                raise DatasetError(f"{unit} {member} stands in {seen[member]} and in {part}")
            seen[member] = part
