"""The template context of the comparison of two analyses."""

from collections.abc import Mapping, Sequence
from typing import Any

from inference.timeline.axis import TICK_STEPS_S
from inference.timeline.comparison import SegmentPair, compare
from inference.timeline.runs import Run
from inference.types import UNDETERMINED, Segment, Timeline
from webapp.pages.timeline import svg
from webapp.pages.timeline.payload import tier_columns
from webapp.pages.timeline.tiers import Tier, TierKind, stack_tiers, total_height

HEIGHTS = {TierKind.LABELS: 32, TierKind.SHARES: 10}


def comparison_context(first: Timeline, second: Timeline, names: tuple[str, str]) -> dict[str, Any]:
    """Return what the page shows of two timelines of one recording, and what its scripts draw."""
    comparison, duration_s = compare(first, second), first.media.duration_s
    labels = (*dict.fromkeys((*first.labels, *second.labels)), UNDETERMINED)
    segments = dict(zip(names, (first.segments, second.segments), strict=True))
    tiers = _comparison_tiers(segments, comparison.differences, labels)
    return {
        "comparison": comparison,
        "corrected": bool(first.corrections or second.corrections),
        "height": total_height(tiers),
        "tiers": [svg.draw_tier(tier, labels, duration_s) for tier in tiers],
        "ticks": svg.time_ticks(duration_s),
        "labels": labels,
        "duration_s": duration_s,
        "payload": {
            "duration_s": duration_s,
            "height": total_height(tiers),
            "labels": labels,
            "pairs": {
                "start_s": [pair.start_s for pair in comparison.pairs],
                "end_s": [pair.end_s for pair in comparison.pairs],
                "first": [labels.index(pair.first) for pair in comparison.pairs],
                "second": [labels.index(pair.second) for pair in comparison.pairs],
            },
            "tiers": tier_columns(tiers),
            "tick_steps_s": TICK_STEPS_S,
        },
    }


def _comparison_tiers(
    segments: Mapping[str, Sequence[Segment]], differences: Sequence[SegmentPair], labels: Sequence[str]
) -> tuple[Tier, ...]:
    """Return a tier for each timeline by name, and one for their differences."""
    contents = [
        (name, TierKind.LABELS, tuple(Run(each.start_s, each.end_s, labels.index(each.label)) for each in own))
        for name, own in segments.items()
    ]
    difference_runs = tuple(Run(pair.start_s, pair.end_s, 1.0) for pair in differences)
    return tuple(stack_tiers([*contents, ("Where they differ", TierKind.SHARES, difference_runs)], HEIGHTS))
