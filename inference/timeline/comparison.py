"""Two timelines of one recording compared: where they agree, where they differ, and for how long."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from inference.timeline.agreement import Agreement, confusion_agreement
from inference.types import UNDETERMINED, Segment, Timeline

MAX_LISTED = 200  # differences; where there are more, the longest of them


class SegmentPair(NamedTuple):
    """A stretch (seconds) over which neither timeline changes its label."""

    start_s: float
    end_s: float
    first: str
    second: str

    @property
    def seconds(self) -> float:
        """Length of the stretch."""
        return self.end_s - self.start_s


@dataclass(frozen=True)
class ConfusionRow:
    """Seconds that the second timeline gives each common label while the first one gives `label`."""

    label: str
    seconds: tuple[float, ...]


@dataclass(frozen=True)
class Excluded:
    """Time that enters no agreement, in seconds, and the labels that only one of the models knows."""

    undetermined_s: float
    unknown_s: float
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """`common` are the labels that both models know: only they are compared. `listed` are the longest `differences`."""

    common: tuple[str, ...]
    pairs: tuple[SegmentPair, ...]
    agreement: Agreement | None
    confusion: tuple[ConfusionRow, ...]
    excluded: Excluded
    differences: tuple[SegmentPair, ...]
    listed: tuple[SegmentPair, ...]


def compare(first: Timeline, second: Timeline) -> Comparison:
    """Compare two timelines of one recording."""
    common = tuple(label for label in first.labels if label in second.labels)
    pairs = segment_pairs(first.segments, second.segments)
    index = {label: number for number, label in enumerate(common)}
    confusion = np.zeros((len(common), len(common)))
    undetermined = unknown = 0.0
    for pair in pairs:
        if UNDETERMINED in (pair.first, pair.second):
            undetermined += pair.seconds
        elif pair.first in index and pair.second in index:
            confusion[index[pair.first], index[pair.second]] += pair.seconds
        else:
            unknown += pair.seconds
    differences = tuple(pair for pair in pairs if pair.first != pair.second)
    longest = sorted(differences, key=lambda pair: -pair.seconds)[:MAX_LISTED]
    return Comparison(
        common=common,
        pairs=pairs,
        agreement=confusion_agreement(confusion),
        confusion=tuple(ConfusionRow(label, tuple(confusion[number].tolist())) for label, number in index.items()),
        excluded=Excluded(
            undetermined,
            unknown,
            tuple(label for label in first.labels if label not in common),
            tuple(label for label in second.labels if label not in common),
        ),
        differences=differences,
        listed=tuple(sorted(longest)),
    )


def segment_pairs(first: Sequence[Segment], second: Sequence[Segment]) -> tuple[SegmentPair, ...]:
    """Cut the time that both timelines tile wherever the label of either changes."""
    edges = sorted({edge for segment in (*first, *second) for edge in (segment.start_s, segment.end_s)})
    middles = [(start_s + end_s) / 2 for start_s, end_s in pairwise(edges)]
    pairs: list[SegmentPair] = []
    for (start_s, end_s), *labels in zip(
        pairwise(edges), _labels_at(first, middles), _labels_at(second, middles), strict=True
    ):
        if pairs and [pairs[-1].first, pairs[-1].second] == labels:
            pairs[-1] = pairs[-1]._replace(end_s=end_s)
        else:
            pairs.append(SegmentPair(start_s, end_s, *labels))
    return tuple(pairs)


def _labels_at(segments: Sequence[Segment], times: list[float]) -> list[str]:
    numbers = np.searchsorted([segment.start_s for segment in segments], times, side="right") - 1
    return [segments[max(0, number)].label for number in numbers.tolist()]
