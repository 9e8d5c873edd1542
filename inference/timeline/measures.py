"""Numbers that say what is read over a span of a recording, for statistics."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from inference.timeline.arrays import Floats, LabelIndices
from inference.timeline.dimensions import AROUSAL, VALENCE, Dimension
from inference.timeline.readings import Readings
from inference.timeline.sampling import CELL_S
from inference.timeline.smoothing import run_bounds

Span = tuple[float, float]  # start and end in seconds
_NO_TIME_S = 1e-9
_UNCOUNTED = -1


@dataclass(frozen=True)
class Measures:
    """Measures of one span. The arrays are (labels,); NaN is what cannot be said.

    `read_s` is the time that counts: within the span, not excluded, determined. All but `agreement` rest on it.
    `mean_probability` is the mean over that time, `time_share` the share of it in which a label leads, which is to be
    the most probable one. `peak` is the largest probability and `peak_s` its moment, `latency_s` the first moment from
    which a label leads for a hop without a break; both moments are counted from the span's start.
    `changes_per_minute` counts how often the leading label changes. `valence` and `arousal` run from -1 to 1: the mean
    probabilities, weighted by the level of each label. `agreement` is the share of `agreement_s`, the counted time in
    which both face and voice say something, in which the same label leads in both.
    """

    read_s: float
    mean_probability: Floats
    time_share: Floats
    peak: Floats
    peak_s: Floats
    latency_s: Floats
    changes_per_minute: float
    valence: float
    arousal: float
    agreement: float
    agreement_s: float


def measure(readings: Readings, start_s: float, end_s: float, exclusions: Sequence[Span] = ()) -> Measures:
    """Measure the readings of the timeline's grid from `start_s` to `end_s`, without the time of the `exclusions`.

    A cell of the grid counts by as much of it as is in the span.
    """
    first, last = max(0, int(start_s / CELL_S)), int(np.ceil(end_s / CELL_S))
    edges = readings.times[first:last] - CELL_S / 2
    seconds = np.where(readings.determined[first:last], counted_seconds(edges, start_s, end_s, exclusions), 0.0)
    counted = seconds > _NO_TIME_S
    width = len(readings.labels)
    if not counted.any():
        unknown = np.full(width, np.nan)
        return Measures(0.0, *(unknown,) * 5, *(np.nan,) * 4, 0.0)
    probabilities = readings.probabilities[first:last]
    leading = np.where(counted, probabilities.argmax(axis=1), _UNCOUNTED)
    read_s = float(seconds.sum())
    mean: Floats = seconds @ probabilities / read_s
    highest = np.where(counted[:, None], probabilities, -1.0).argmax(axis=0)
    both = counted & (readings.face_labels[first:last] >= 0) & (readings.voice_labels[first:last] >= 0)
    same = both & (readings.face_labels[first:last] == readings.voice_labels[first:last])
    agreement_s = float(seconds[both].sum())
    changed = counted[1:] & counted[:-1] & (leading[1:] != leading[:-1])
    return Measures(
        read_s=read_s,
        mean_probability=mean,
        time_share=np.bincount(leading[counted], seconds[counted], minlength=width) / read_s,
        peak=probabilities[highest, np.arange(width)],
        peak_s=np.clip(edges[highest] + CELL_S / 2, start_s, end_s) - start_s,
        latency_s=_latencies(leading, edges, seconds, readings.hop_s, width, start_s),
        changes_per_minute=float(changed.sum()) * 60 / read_s,
        valence=dimension_level(readings.labels, mean, VALENCE),
        arousal=dimension_level(readings.labels, mean, AROUSAL),
        agreement=float(seconds[same].sum()) / agreement_s if agreement_s else np.nan,
        agreement_s=agreement_s,
    )


def counted_seconds(edges: Floats, start_s: float, end_s: float, exclusions: Sequence[Span] = ()) -> Floats:
    """Return how much of each cell, which begins at `edges` (T,), is in the span and in no exclusion, in seconds."""
    seconds = _overlap(edges, start_s, end_s)
    reached = start_s
    for from_s, to_s in sorted(exclusions):
        seconds = seconds - _overlap(edges, max(from_s, reached), min(to_s, end_s))
        reached = max(reached, to_s)
    return seconds


def subtract_spans(spans: Sequence[Span], exclusions: Sequence[Span]) -> list[Span]:
    """Return the time of the spans that is in no exclusion, as spans without overlap in the order of time."""
    edges = sorted({edge for span in (*spans, *exclusions) for edge in span})
    left: list[Span] = []
    for start_s, end_s in pairwise(edges):
        middle = (start_s + end_s) / 2
        if _covers(spans, middle) and not _covers(exclusions, middle):
            if left and left[-1][1] == start_s:
                start_s = left.pop()[0]
            left.append((start_s, end_s))
    return left


def _covers(spans: Sequence[Span], time_s: float) -> bool:
    return any(start_s <= time_s < end_s for start_s, end_s in spans)


def dimension_level(labels: Sequence[str], probabilities: Floats, dimension: Dimension) -> float:
    """Return the expected level of a dimension, its lowest being -1 and its highest 1; NaN for an unknown label.

    `probabilities` are (labels,).
    """
    if not all(label in dimension.level_of for label in labels):
        return float("nan")
    level = dict(zip(dimension.levels, np.linspace(-1, 1, len(dimension.levels)), strict=True))
    return float(probabilities @ [level[dimension.level_of[label]] for label in labels])


def _overlap(edges: Floats, start_s: float, end_s: float) -> Floats:
    seconds: Floats = np.clip(np.minimum(edges + CELL_S, end_s) - np.maximum(edges, start_s), 0, None)
    return seconds


def _latencies(
    leading: LabelIndices, edges: Floats, seconds: Floats, hop_s: float, width: int, start_s: float
) -> Floats:
    """Return when each label first leads for a hop, counted from `start_s`, (width,); NaN where it never does."""
    found = np.full(width, np.nan)
    for first, last in run_bounds(leading):
        label = leading[first]
        if label != _UNCOUNTED and np.isnan(found[label]) and seconds[first:last].sum() >= hop_s - _NO_TIME_S:
            found[label] = max(edges[first], start_s) - start_s
    return found
