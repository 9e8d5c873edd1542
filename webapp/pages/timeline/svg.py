"""A timeline as SVG shapes: times are percentages of the recording, so that the picture fits any width."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from inference.timeline.axis import ticks
from inference.timeline.chart import stacked_bands
from inference.timeline.labels import with_undetermined
from inference.types import UNDETERMINED, Timeline
from webapp.pages.timeline.tiers import Tier, TierKind, total_height

MAX_TICKS = 6  # as many clock times as fit beside one another on a phone
CHART_COLUMNS = 240  # resolution of the probabilities: invisible steps, small even for hours
WIDTH, CHART_HEIGHT = 1000, 100  # the view boxes that paths are drawn in
MAX_RUNS = 500  # of a tier: longer ones are sampled at as many moments
MIN_NAMED_WIDTH = 12.0  # percent: a segment this wide has room for its label

Value = tuple[str, float]  # label and opacity
ValueRun = tuple[float, float, Value]  # from and to, in seconds


@dataclass(frozen=True)
class Tick:
    """A clock time on the axis, `x` in percent."""

    x: float
    seconds: float


@dataclass(frozen=True)
class SegmentName:
    """The label of a segment that is wide enough for it, `x` in percent."""

    x: float
    label: str


@dataclass(frozen=True)
class Shape:
    """Everything of one label, or of one share where `label` is empty, in a tier.

    `path` lies in a box of WIDTH by 1, that of the probabilities in a box of WIDTH by CHART_HEIGHT.
    """

    label: str
    path: str
    opacity: float = 1.0


@dataclass(frozen=True)
class DrawnTier:
    """A tier with its shapes."""

    tier: Tier
    shapes: tuple[Shape, ...]


@dataclass(frozen=True)
class LabelShare:
    """The share of a recording that has one label, as a part of a bar; `x` and `width` in percent."""

    label: str
    x: float
    width: float


@dataclass(frozen=True)
class TimelineSvg:
    """The whole picture; `height` in pixels."""

    tiers: tuple[DrawnTier, ...]
    names: tuple[SegmentName, ...]
    ticks: tuple[Tick, ...]
    labels: tuple[str, ...]
    height: int
    with_eeg: bool


def draw_timeline(timeline: Timeline, tiers: Sequence[Tier]) -> TimelineSvg:
    """Draw all tiers of a timeline with its axis and legend."""
    duration_s = timeline.media.duration_s
    return TimelineSvg(
        tiers=tuple(_draw_any_tier(timeline, tier) for tier in tiers),
        names=tuple(
            SegmentName(100 * segment.start_s / duration_s, segment.label)
            for segment in timeline.segments
            if 100 * (segment.end_s - segment.start_s) / duration_s >= MIN_NAMED_WIDTH
        ),
        ticks=time_ticks(duration_s),
        labels=_legend(timeline),
        height=total_height(tiers),
        with_eeg=any(segment.evidence.eeg for segment in timeline.segments),
    )


def time_ticks(duration_s: float) -> tuple[Tick, ...]:
    """Return round clock times for the axis of a recording of this length, the start included."""
    return tuple(Tick(100 * seconds / duration_s, seconds) for seconds in ticks(duration_s, MAX_TICKS))


def label_shares(share: Mapping[str, float]) -> tuple[LabelShare, ...]:
    """Return the bar of a summary's `share` {label: fraction} in the order of the labels, without unused labels."""
    bar, x = [], 0.0
    for label, fraction in share.items():
        if fraction > 0:
            bar.append(LabelShare(label, x, 100 * fraction))
            x += 100 * fraction
    return tuple(bar)


def largest_first(bar: Sequence[LabelShare]) -> list[LabelShare]:
    """Return the shares of a bar in descending order."""
    return sorted(bar, key=lambda share: share.width, reverse=True)


def probability_bands(timeline: Timeline) -> tuple[Shape, ...]:
    """Return the probabilities over time as stacked areas, with a gap where nothing was analysed."""
    bands = stacked_bands(timeline, CHART_COLUMNS, width=WIDTH, height=CHART_HEIGHT)
    return tuple(Shape(band.label, band.path) for band in bands)


def draw_tier(tier: Tier, labels: Sequence[str], duration_s: float) -> DrawnTier:
    """Draw the runs of a tier: those of labels as indexes into `labels`, or shares."""
    has_labels = tier.kind in (TierKind.LABELS, TierKind.CORRECTED)
    found: list[ValueRun] = [
        (run.start_s, run.end_s, (labels[int(run.value)], 1.0) if has_labels else ("", run.value)) for run in tier.runs
    ]
    return DrawnTier(tier, _run_shapes(found, duration_s))


def _draw_any_tier(timeline: Timeline, tier: Tier) -> DrawnTier:
    duration_s = timeline.media.duration_s
    if tier.kind is TierKind.CHART:
        return DrawnTier(tier, probability_bands(timeline))
    if tier.kind is TierKind.SEGMENTS:
        found = [(segment.start_s, segment.end_s, (segment.label, 1.0)) for segment in timeline.segments]
        return DrawnTier(tier, _run_shapes(found, duration_s))
    return draw_tier(tier, with_undetermined(timeline.labels), duration_s)


def _run_shapes(found: list[ValueRun], duration_s: float) -> tuple[Shape, ...]:
    paths: dict[Value, list[str]] = defaultdict(list)
    for start_s, end_s, value in _sample_runs(found, duration_s):
        left, right = WIDTH * start_s / duration_s, WIDTH * end_s / duration_s
        paths[value].append(f"M{left:.2f} 0H{right:.2f}V1H{left:.2f}Z")
    return tuple(Shape(label, "".join(path), opacity) for (label, opacity), path in paths.items())


def _sample_runs(found: list[ValueRun], duration_s: float) -> list[ValueRun]:
    """Return at most MAX_RUNS runs: the value at the middle of each of as many equal parts of the recording."""
    if len(found) <= MAX_RUNS:
        return found
    part_s = duration_s / MAX_RUNS
    middles = (np.arange(MAX_RUNS) + 0.5) * part_s
    at = np.searchsorted([start_s for start_s, _, _ in found], middles, side="right") - 1
    return [
        (part * part_s, (part + 1) * part_s, found[index][2])
        for part, index in enumerate(at.tolist())
        if index >= 0 and found[index][1] > middles[part]
    ]


def _legend(timeline: Timeline) -> tuple[str, ...]:
    """Return every label that the model knows, and `undetermined` where it occurs."""
    has_undetermined = any(segment.label == UNDETERMINED for segment in timeline.segments)
    return with_undetermined(timeline.labels) if has_undetermined else timeline.labels
