"""A timeline as numbers to draw: times in percent of the recording, so that the drawing fits any width."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.timeline.axis import ticks
from inference.timeline.sampling import probability_columns
from inference.types import UNDETERMINED, Timeline
from webapp.pages.timeline.tiers import Kind, Lane, height

MOST_TICKS = 6  # as many clock times as fit beside one another on a phone
COLUMNS = 240  # the chart's resolution: finer than anybody sees, coarse enough for hours
WIDTH, CHART_HEIGHT = 1000, 100  # of the boxes that paths are drawn in
MOST_STRETCHES = 500  # of a lane: where there are more, as many moments stand for all
NAMED = 12.0  # percent: a segment this wide has room for its label

Value = tuple[str, float]  # label and opacity
Stretch = tuple[float, float, Value]  # from and to, in seconds


@dataclass(frozen=True)
class Tick:
    x: float
    seconds: float


@dataclass(frozen=True)
class Name:
    """The label of a segment that is wide enough, `x` in percent."""

    x: float
    label: str


@dataclass(frozen=True)
class Shape:
    """Everything of one label (or, without one, of one share) in a lane: `path` in a box of WIDTH by 1.

    The chart's box is WIDTH by CHART_HEIGHT.
    """

    label: str
    path: str
    opacity: float = 1.0


@dataclass(frozen=True)
class DrawnLane:
    lane: Lane
    shapes: tuple[Shape, ...]


@dataclass(frozen=True)
class Part:
    """One label's share of a recording, as a part of a bar; `x` and `width` in percent."""

    label: str
    x: float
    width: float


@dataclass(frozen=True)
class Drawing:
    """`height` in pixels."""

    lanes: tuple[DrawnLane, ...]
    names: tuple[Name, ...]
    ticks: tuple[Tick, ...]
    labels: tuple[str, ...]
    height: int
    with_eeg: bool


def draw(timeline: Timeline, stack: Sequence[Lane]) -> Drawing:
    duration = timeline.media.duration_s
    return Drawing(
        lanes=tuple(_drawn(timeline, lane) for lane in stack),
        names=tuple(
            Name(100 * segment.start_s / duration, segment.label)
            for segment in timeline.segments
            if 100 * (segment.end_s - segment.start_s) / duration >= NAMED
        ),
        ticks=clock(duration),
        labels=_shown(timeline),
        height=height(stack),
        with_eeg=any(segment.evidence.eeg for segment in timeline.segments),
    )


def clock(duration_s: float) -> tuple[Tick, ...]:
    """Round times to write under a recording of this length, the start included."""
    return tuple(Tick(100 * seconds / duration_s, seconds) for seconds in ticks(duration_s, MOST_TICKS))


def parts(share: Mapping[str, float]) -> tuple[Part, ...]:
    """The bar of a summary's `share` {label: fraction}, in the order of the labels, without those that never occur."""
    found, x = [], 0.0
    for label, fraction in share.items():
        if fraction > 0:
            found.append(Part(label, x, 100 * fraction))
            x += 100 * fraction
    return tuple(found)


def leading(bar: Sequence[Part]) -> list[Part]:
    return sorted(bar, key=lambda part: part.width, reverse=True)


def bands(timeline: Timeline) -> tuple[Shape, ...]:
    """The probabilities over time, stacked; a gap where nothing was read."""
    shares = probability_columns(timeline, COLUMNS)
    tops = np.cumsum(shares, axis=1)
    read = shares.sum(axis=1) > 0
    found = (
        Shape(label, _area(tops[:, index] - shares[:, index], tops[:, index], read))
        for index, label in enumerate(timeline.labels)
    )
    return tuple(band for band in found if band.path)


def drawn(lane: Lane, labels: Sequence[str], duration_s: float) -> DrawnLane:
    """A lane of runs: of labels, or of shares."""
    named = lane.kind in (Kind.LABELS, Kind.CORRECTED)
    found = [(run.start_s, run.end_s, (labels[int(run.value)], 1.0) if named else ("", run.value)) for run in lane.runs]
    return DrawnLane(lane, _paths(found, duration_s))


def _drawn(timeline: Timeline, lane: Lane) -> DrawnLane:
    duration = timeline.media.duration_s
    if lane.kind is Kind.CHART:
        return DrawnLane(lane, bands(timeline))
    if lane.kind is Kind.SEGMENTS:
        found = [(segment.start_s, segment.end_s, (segment.label, 1.0)) for segment in timeline.segments]
        return DrawnLane(lane, _paths(found, duration))
    return drawn(lane, (*timeline.labels, UNDETERMINED), duration)


def _paths(found: list[Stretch], duration: float) -> tuple[Shape, ...]:
    paths: dict[Value, list[str]] = defaultdict(list)
    for start_s, end_s, value in _coarse(found, duration):
        left, right = WIDTH * start_s / duration, WIDTH * end_s / duration
        paths[value].append(f"M{left:.2f} 0H{right:.2f}V1H{left:.2f}Z")
    return tuple(Shape(label, "".join(path), opacity) for (label, opacity), path in paths.items())


def _coarse(stretches: list[Stretch], duration_s: float) -> list[Stretch]:
    """No more than MOST_STRETCHES: what is at the middle of each of as many equal parts of the recording."""
    if len(stretches) <= MOST_STRETCHES:
        return stretches
    part = duration_s / MOST_STRETCHES
    middles = (np.arange(MOST_STRETCHES) + 0.5) * part
    over = np.searchsorted([start_s for start_s, _, _ in stretches], middles, side="right") - 1
    return [
        (number * part, (number + 1) * part, stretches[at][2])
        for number, at in enumerate(over.tolist())
        if at >= 0 and stretches[at][1] > middles[number]
    ]


def _area(bottom: NDArray[np.float64], top: NDArray[np.float64], read: NDArray[np.bool_]) -> str:
    """An SVG path: one closed shape for each unbroken stretch of `read`."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], read.astype(int), [0]))))
    shapes = []
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        x = (np.arange(first, last) + 0.5) * WIDTH / COLUMNS
        x[0], x[-1] = first * WIDTH / COLUMNS, last * WIDTH / COLUMNS
        over = zip(x, CHART_HEIGHT * (1 - top[first:last]), strict=True)
        under = zip(x[::-1], CHART_HEIGHT * (1 - bottom[first:last][::-1]), strict=True)
        shapes.append("M" + "L".join(f"{right:.1f} {down:.1f}" for right, down in (*over, *under)) + "Z")
    return "".join(shapes)


def _shown(timeline: Timeline) -> tuple[str, ...]:
    """The labels of the legend: all that the model knows, and `undetermined` where it occurs."""
    unread = any(segment.label == UNDETERMINED for segment in timeline.segments)
    return (*timeline.labels, UNDETERMINED) if unread else timeline.labels
