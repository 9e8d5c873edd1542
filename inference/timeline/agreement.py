"""How far two timelines of one recording agree, and how a timeline changes from one label to another."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from inference.timeline.arrays import Floats, LabelIndices
from inference.timeline.sampling import CELL_S, labels_on_grid
from inference.types import Segment, Timeline

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
    """Agreement of two raters over the `seconds` that both labelled; `observed` is the share 0..1 with one label.

    `kappa` is None where chance alone would make them agree all the time: both gave one and the same label.
    """

    seconds: float
    observed: float
    kappa: float | None

    @property
    def strength(self) -> str:
        """Name the strength of agreement; empty without kappa."""
        if self.kappa is None:
            return ""
        return next(name for limit, name in STRENGTHS if self.kappa <= limit + ROUNDING)


def transitions(segments: Sequence[Segment]) -> tuple[Transition, ...]:
    """Count every change of label from one segment to the next, the most frequent first."""
    changes = Counter((segment.label, following.label) for segment, following in pairwise(segments))
    found = [Transition(before, after, count) for (before, after), count in changes.items() if before != after]
    return tuple(sorted(found, key=lambda change: -change.count))


def correction_agreement(timeline: Timeline) -> Agreement | None:
    """Compare a person's corrections with the model's segments; `undetermined` counts as a label."""
    if timeline.corrections is None:
        return None
    labels, duration_s = timeline.labels, timeline.media.duration_s
    person = labels_on_grid(timeline.corrections.segments, labels, duration_s)
    machine = labels_on_grid(timeline.segments, labels, duration_s)
    return grid_agreement(person, machine, len(labels) + 1)


def grid_agreement(first: LabelIndices, second: LabelIndices, label_count: int) -> Agreement | None:
    """Compare two raters cell by cell; None where no cell has a label 0..label_count - 1 from both."""
    both = (first >= 0) & (first < label_count) & (second >= 0) & (second < label_count)
    confusion = np.zeros((label_count, label_count))
    np.add.at(confusion, (first[both], second[both]), CELL_S)
    return confusion_agreement(confusion)


def confusion_agreement(confusion: Floats) -> Agreement | None:
    """Compute the agreement from a confusion matrix (labels, labels) in seconds, one rater a row; None if it is empty.

    kappa is Cohen's (1960, Educ. Psychol. Meas. 20(1)): the agreement beyond that of two raters who give the labels
    as often as these, at random.
    """
    seconds = float(confusion.sum())
    if not seconds:
        return None
    shares = confusion / seconds
    observed = float(np.trace(shares))
    expected = float(shares.sum(axis=0) @ shares.sum(axis=1))
    kappa = None if np.isclose(expected, 1) else min(1.0, (observed - expected) / (1 - expected))
    return Agreement(seconds, observed, kappa)
