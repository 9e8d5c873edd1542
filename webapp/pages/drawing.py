"""A timeline as numbers to draw: times in percent of the recording, so that the drawing fits any width."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from inference.types import UNDETERMINED, Segment, Source, Timeline, Window

TICK_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
MOST_TICKS = 6  # as many clock times as fit beside one another on a phone
THIN = 1.0  # percent
COLUMNS = 240  # the chart's resolution: finer than anybody sees, coarse enough for hours
CHART_WIDTH, CHART_HEIGHT = 1000, 100


@dataclass(frozen=True)
class Block:
    """One segment of the strip; `x` and `width` in percent."""

    number: int
    x: float
    width: float
    segment: Segment

    @property
    def thin(self) -> bool:
        """Whether a line around it would cover it on a phone."""
        return self.width < THIN


@dataclass(frozen=True)
class Tick:
    x: float
    seconds: float


@dataclass(frozen=True)
class Band:
    """One label's share of the probability chart: `path` in a box of CHART_WIDTH by CHART_HEIGHT."""

    label: str
    path: str


@dataclass(frozen=True)
class Part:
    """One label's share of a recording, as a part of a bar; `x` and `width` in percent."""

    label: str
    x: float
    width: float


@dataclass(frozen=True)
class Drawing:
    blocks: tuple[Block, ...]
    ticks: tuple[Tick, ...]
    bands: tuple[Band, ...]
    labels: tuple[str, ...]
    with_eeg: bool


def draw(timeline: Timeline) -> Drawing:
    duration = timeline.media.duration_s
    return Drawing(
        blocks=tuple(
            Block(number, 100 * segment.start_s / duration, 100 * (segment.end_s - segment.start_s) / duration, segment)
            for number, segment in enumerate(timeline.segments)
        ),
        ticks=ticks(duration),
        bands=bands(timeline),
        labels=_shown(timeline),
        with_eeg=any(segment.evidence.eeg for segment in timeline.segments),
    )


def ticks(duration_s: float) -> tuple[Tick, ...]:
    """Round times to write under a recording of this length, the start included."""
    step = next((step for step in TICK_STEPS_S if duration_s / step <= MOST_TICKS), TICK_STEPS_S[-1])
    return tuple(Tick(100 * seconds / duration_s, seconds) for seconds in range(0, int(duration_s) + 1, step))


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


def bands(timeline: Timeline) -> tuple[Band, ...]:
    """The probabilities over time, stacked; a gap where nothing was read.

    Drawn are the windows that decided: the fusion network's, and those of audio and video where it has none.
    """
    shares = _columns(timeline)
    tops = np.cumsum(shares, axis=1)
    read = shares.sum(axis=1) > 0
    found = []
    for index, label in enumerate(timeline.labels):
        path = _area(tops[:, index] - shares[:, index], tops[:, index], read)
        if path:
            found.append(Band(label, path))
    return tuple(found)


def _columns(timeline: Timeline) -> np.ndarray:
    """Probabilities at COLUMNS moments, (COLUMNS, labels) float; zero where nothing was read."""
    moments = (np.arange(COLUMNS) + 0.5) * timeline.media.duration_s / COLUMNS
    shares = np.zeros((COLUMNS, len(timeline.labels)))
    covered = np.zeros(COLUMNS, dtype=bool)
    for source in (Source.AUDIO_VIDEO, Source.FUSION):
        windows = [window for window in timeline.windows if window.source is source]
        inside = np.array([(moments >= window.start_s) & (moments < window.end_s) for window in windows]).any(axis=0)
        if windows:
            shares[inside] = _blend(windows, moments[inside])
            covered |= inside
    unread = np.zeros(COLUMNS, dtype=bool)
    for segment in timeline.segments:
        if segment.label == UNDETERMINED:
            unread |= (moments >= segment.start_s) & (moments < segment.end_s)
    if covered.any():  # the last window may end a moment before the recording does
        known = np.flatnonzero(covered)
        shares = shares[known[np.abs(np.arange(COLUMNS)[:, None] - known).argmin(axis=1)]]
    shares[unread] = 0
    return shares


def _blend(windows: Sequence[Window], moments: np.ndarray) -> np.ndarray:
    """The windows over each moment, weighted by how near their middles are: (moments, labels)."""
    starts = np.array([window.start_s for window in windows])
    ends = np.array([window.end_s for window in windows])
    distance = np.abs(moments[:, None] - (starts + ends) / 2) / (ends - starts)
    weights = np.maximum(0.5 - distance, 0) + np.where(distance <= 0.5, 1e-6, 0)
    probabilities = np.array([window.probabilities for window in windows])
    blended: np.ndarray = weights @ probabilities / weights.sum(axis=1, keepdims=True)
    return blended


def _area(bottom: np.ndarray, top: np.ndarray, read: np.ndarray) -> str:
    """An SVG path: one closed shape for each unbroken stretch of `read`."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], read.astype(int), [0]))))
    shapes = []
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        x = (np.arange(first, last) + 0.5) * CHART_WIDTH / COLUMNS
        x[0], x[-1] = first * CHART_WIDTH / COLUMNS, last * CHART_WIDTH / COLUMNS
        over = zip(x, CHART_HEIGHT * (1 - top[first:last]), strict=True)
        under = zip(x[::-1], CHART_HEIGHT * (1 - bottom[first:last][::-1]), strict=True)
        shapes.append("M" + "L".join(f"{right:.1f} {down:.1f}" for right, down in (*over, *under)) + "Z")
    return "".join(shapes)


def _shown(timeline: Timeline) -> tuple[str, ...]:
    """The labels of the legend: all that the model knows, and `undetermined` where it occurs."""
    unread = any(segment.label == UNDETERMINED for segment in timeline.segments)
    return (*timeline.labels, UNDETERMINED) if unread else timeline.labels
