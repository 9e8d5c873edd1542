"""Two analyses of one recording beside each other, as their page shows them."""

from collections.abc import Mapping, Sequence
from typing import Any

from inference.timeline.axis import TICK_STEPS_S
from inference.timeline.comparison import SegmentPair, compare
from inference.timeline.runs import Run
from inference.types import UNDETERMINED, Segment, Timeline
from webapp.pages.timeline import svg
from webapp.pages.timeline.tiers import Kind, Lane, height, stacked

HEIGHTS = {Kind.LABELS: 32, Kind.SHARES: 10}


def lanes(
    readings: Mapping[str, Sequence[Segment]], differences: Sequence[SegmentPair], labels: Sequence[str]
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
    comparison, duration_s = compare(one, other), one.media.duration_s
    labels = (*dict.fromkeys((*one.labels, *other.labels)), UNDETERMINED)
    readings = dict(zip(names, (one.segments, other.segments), strict=True))
    stack = lanes(readings, comparison.differences, labels)
    return {
        "comparison": comparison,
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
                [each.start_s, each.end_s, labels.index(each.first), labels.index(each.second)]
                for each in comparison.pairs
            ],
            "lanes": [
                {"name": lane.name, "kind": lane.kind, "top": lane.top, "height": lane.height, "runs": lane.runs}
                for lane in stack
            ],
            "steps": TICK_STEPS_S,
        },
    }
