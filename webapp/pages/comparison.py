"""How a recording changes from one emotion to another, and how far its two readers agree."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from inference.curve import Floats
from inference.types import Segment, Timeline
from webapp.pages.moments import CELL_S, Labelling, said

# Upper limits of Cohen's kappa and their names, after Landis and Koch (1977, Biometrics 33(1)).
STRENGTHS = (
    (0.0, "no better than chance"),
    (0.2, "slight"),
    (0.4, "fair"),
    (0.6, "moderate"),
    (0.8, "substantial"),
    (1.0, "almost perfect"),
)
ROUNDING = 1e-9


@dataclass(frozen=True)
class Transition:
    """How often a segment of one label is followed by one of another."""

    before: str
    after: str
    count: int


@dataclass(frozen=True)
class Agreement:
    """Of two readers over the time that both read, `seconds`; `same` is a share 0..1.

    `kappa` is None where chance alone would make them agree all the time: each gave one and the same label.
    """

    seconds: float
    same: float
    kappa: float | None

    @property
    def strength(self) -> str:
        """`kappa` in a word or two; empty without one."""
        if self.kappa is None:
            return ""
        return next(name for limit, name in STRENGTHS if self.kappa <= limit + ROUNDING)


def transitions(segments: Sequence[Segment]) -> tuple[Transition, ...]:
    """Every change of label from one segment to the next, the most frequent first."""
    changes = Counter((one.label, next_one.label) for one, next_one in pairwise(segments))
    found = [Transition(before, after, count) for (before, after), count in changes.items() if before != after]
    return tuple(sorted(found, key=lambda change: -change.count))


def with_machine(timeline: Timeline) -> Agreement | None:
    """How far a person who corrected the timeline agrees with it; `undetermined` is a label like the others."""
    if timeline.corrections is None:
        return None
    labels, duration_s = timeline.labels, timeline.media.duration_s
    person, machine = (said(one, labels, duration_s) for one in (timeline.corrections.segments, timeline.segments))
    return agreement(person, machine, len(labels) + 1)


def agreement(one: Labelling, other: Labelling, labels: int) -> Agreement | None:
    """Compare two readers cell by cell (`moments.read_alone`); None where they never both read.

    kappa is Cohen's (1960, Educ. Psychol. Meas. 20(1)): the agreement beyond that of two readers who give the
    labels as often as these, at random.
    """
    both = (one >= 0) & (one < labels) & (other >= 0) & (other < labels)
    table = np.zeros((labels, labels))
    np.add.at(table, (one[both], other[both]), CELL_S)
    return of_table(table)


def of_table(table: Floats) -> Agreement | None:
    """Of the seconds in which one reader gave the label of the row and the other that of the column."""
    seconds = float(table.sum())
    if not seconds:
        return None
    shares = table / seconds
    same = float(np.trace(shares))
    chance = float(shares.sum(axis=0) @ shares.sum(axis=1))
    kappa = None if np.isclose(chance, 1) else min(1.0, (same - chance) / (1 - chance))
    return Agreement(seconds, same, kappa)
