"""Two analyses of one recording beside each other: where they say the same, where not, and for how long."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from inference.curve import TICK_STEPS_S
from inference.types import UNDETERMINED, Segment, Timeline
from webapp.pages import comparison
from webapp.pages.timeline import svg
from webapp.pages.timeline.tiers import Kind, Lane, Run, height, stacked

MOST_LISTED = 200  # stretches of difference; where there are more, the longest of them

HEIGHTS = {Kind.LABELS: 32, Kind.SHARES: 10}


class Stretch(NamedTuple):
    """Seconds over which neither reading changes its label."""

    start_s: float
    end_s: float
    one: str
    other: str

    @property
    def seconds(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True)
class Row:
    """A line of the confusion table: what the other reading said, in seconds, while this one said `label`."""

    label: str
    seconds: tuple[float, ...]


@dataclass(frozen=True)
class LeftOut:
    """Time that says nothing of whether the two agree, in seconds, and the labels that only one of them knows."""

    undetermined_s: float
    unknown_s: float
    only_one: tuple[str, ...]
    only_other: tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """`common` are the labels that both know: only they are compared. `listed` are the longest of the `differences`."""

    common: tuple[str, ...]
    stretches: tuple[Stretch, ...]
    agreement: comparison.Agreement | None
    table: tuple[Row, ...]
    left_out: LeftOut
    differences: tuple[Stretch, ...]
    listed: tuple[Stretch, ...]


def pair(one: Timeline, other: Timeline) -> Pair:
    """Compare two timelines of one recording."""
    common = tuple(label for label in one.labels if label in other.labels)
    met = stretches(one.segments, other.segments)
    index = {label: number for number, label in enumerate(common)}
    table = np.zeros((len(common), len(common)))
    undetermined = unknown = 0.0
    for stretch in met:
        if UNDETERMINED in (stretch.one, stretch.other):
            undetermined += stretch.seconds
        elif stretch.one in index and stretch.other in index:
            table[index[stretch.one], index[stretch.other]] += stretch.seconds
        else:
            unknown += stretch.seconds
    differences = tuple(stretch for stretch in met if stretch.one != stretch.other)
    longest = sorted(differences, key=lambda stretch: -stretch.seconds)[:MOST_LISTED]
    return Pair(
        common=common,
        stretches=met,
        agreement=comparison.of_table(table),
        table=tuple(Row(label, tuple(table[number].tolist())) for label, number in index.items()),
        left_out=LeftOut(
            undetermined,
            unknown,
            tuple(label for label in one.labels if label not in common),
            tuple(label for label in other.labels if label not in common),
        ),
        differences=differences,
        listed=tuple(sorted(longest)),
    )


def stretches(one: Sequence[Segment], other: Sequence[Segment]) -> tuple[Stretch, ...]:
    """The time that both tile, cut wherever the label of either changes."""
    edges = sorted({edge for segment in (*one, *other) for edge in (segment.start_s, segment.end_s)})
    middles = [(start_s + end_s) / 2 for start_s, end_s in pairwise(edges)]
    found: list[Stretch] = []
    for (start_s, end_s), *labels in zip(pairwise(edges), _at(one, middles), _at(other, middles), strict=True):
        if found and [found[-1].one, found[-1].other] == labels:
            found[-1] = found[-1]._replace(end_s=end_s)
        else:
            found.append(Stretch(start_s, end_s, *labels))
    return tuple(found)


def lanes(
    readings: Mapping[str, Sequence[Segment]], differences: Sequence[Stretch], labels: Sequence[str]
) -> tuple[Lane, ...]:
    """The readings by name and where they differ, one above the other; values of runs are indexes into `labels`."""
    wanted = [
        (name, Kind.LABELS, tuple(Run(each.start_s, each.end_s, labels.index(each.label)) for each in segments))
        for name, segments in readings.items()
    ]
    differ = tuple(Run(each.start_s, each.end_s, 1.0) for each in differences)
    return tuple(stacked([*wanted, ("Where they differ", Kind.SHARES, differ)], HEIGHTS))


def shown(one: Timeline, other: Timeline, names: tuple[str, str]) -> dict[str, Any]:
    """What the page of a comparison shows, and what its scripts draw and search."""
    met, duration_s = pair(one, other), one.media.duration_s
    labels = (*dict.fromkeys((*one.labels, *other.labels)), UNDETERMINED)
    readings = dict(zip(names, (one.segments, other.segments), strict=True))
    stack = lanes(readings, met.differences, labels)
    return {
        "pair": met,
        "corrected": bool(one.corrections or other.corrections),
        "height": height(stack),
        "lanes": [svg.drawn(lane, labels, duration_s) for lane in stack],
        "ticks": svg.clock(duration_s),
        "labels": labels,
        "duration_s": duration_s,
        "handover": {
            "duration": duration_s,
            "height": height(stack),
            "labels": labels,
            "stretches": [
                [each.start_s, each.end_s, labels.index(each.one), labels.index(each.other)] for each in met.stretches
            ],
            "lanes": [
                {"name": lane.name, "kind": lane.kind, "top": lane.top, "height": lane.height, "runs": lane.runs}
                for lane in stack
            ],
            "steps": TICK_STEPS_S,
        },
    }


def _at(segments: Sequence[Segment], moments: list[float]) -> list[str]:
    """The label at each moment."""
    numbers = np.searchsorted([segment.start_s for segment in segments], moments, side="right") - 1
    return [segments[max(0, number)].label for number in numbers.tolist()]
