"""A timeline sampled at single moments: by one network's windows, on a regular grid, as columns of a chart."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inference.timeline.arrays import Floats, LabelIndices, Mask
from inference.timeline.evidence import is_sufficient
from inference.timeline.labels import label_indices
from inference.types import UNDETERMINED, Correction, Segment, Source, Timeline, Window

CELL_S = 0.2  # of the grid; finer than a screen shows on the timeline of a minute
UNCOVERED = -1  # the label index of a cell that no window covers


@dataclass(frozen=True)
class Samples:
    """Values at N moments; zero where `covered` is false.

    `probabilities` is (N, labels); `face`, `voice` (shares 0..1) and `covered` are (N,).
    """

    probabilities: Floats
    face: Floats
    voice: Floats
    covered: Mask


def grid_times(duration_s: float) -> Floats:
    """Return the middles of the grid's cells, in seconds; the last cell may reach over the end."""
    count = max(1, int(np.ceil(duration_s / CELL_S - 1e-9)))
    return (np.arange(count, dtype=np.float64) + 0.5) * CELL_S


def sample_source(timeline: Timeline, source: Source, times: Floats) -> Samples:
    """Average the source's windows over each time (seconds), weighted by a triangle over each window.

    Windows of one source are equally long, so that the windows over a moment are consecutive.
    """
    windows = source_windows(timeline, source)
    width = len(timeline.labels)
    rows = [(*window.probabilities, window.face, window.voice) for window in windows]
    values = np.array(rows).reshape(len(rows), width + 2)
    means, covered = average_windows(windows, values, times)
    return Samples(means[:, :width], means[:, width], means[:, width + 1], covered)


def source_windows(timeline: Timeline, source: Source) -> list[Window]:
    """Return the windows of one network, in the order of time."""
    return sorted((window for window in timeline.windows if window.source is source), key=lambda one: one.start_s)


def average_windows(windows: Sequence[Window], values: Floats, times: Floats) -> tuple[Floats, Mask]:
    """Average `values` (N, V), a row for each window, over each time (seconds), weighted by a triangle over the window.

    Windows are ordered by time and equally long, so that those over a moment are consecutive. A row with NaN does not
    count. Returns the means (T, V), zero where no window that counts covers the time, and where one does (T,).
    """
    starts = np.array([window.start_s for window in windows])
    ends = np.array([window.end_s for window in windows])
    middles, lengths = (starts + ends) / 2, ends - starts
    counted: Mask = ~np.any(np.isnan(values), axis=1)
    known = np.where(counted[:, None], values, 0.0)
    first = np.searchsorted(ends, times, side="right")
    last = np.searchsorted(starts, times, side="right")
    sums, total = np.zeros((len(times), values.shape[1])), np.zeros(len(times))
    for step in range(int((last - first).max(initial=0))):
        over = np.minimum(first + step, len(starts) - 1)
        weights = np.maximum(0.5 - np.abs(times - middles[over]) / lengths[over], 1e-6)
        weights *= (first + step < last) & counted[over]
        sums += weights[:, None] * known[over]
        total += weights
    covered = total > 0
    sums[covered] /= total[covered, None]
    return sums, covered


def labels_on_grid(segments: Sequence[Segment | Correction], labels: Sequence[str], duration_s: float) -> LabelIndices:
    """Return the label of each grid cell in tiling segments, as an index into (labels, undetermined)."""
    return labels_at(segments, labels, grid_times(duration_s))


def labels_at(segments: Sequence[Segment | Correction], labels: Sequence[str], times: Floats) -> LabelIndices:
    """Return the label at each time (seconds) in tiling segments, as an index into (labels, undetermined)."""
    index = label_indices(labels)
    over = np.searchsorted([one.start_s for one in segments], times, side="right") - 1
    return np.array([index[one.label] for one in segments], dtype=np.int64)[over]


def source_labels_on_grid(timeline: Timeline, source: Source) -> LabelIndices:
    """Return the most probable label of one network in each grid cell, as an index into (labels, undetermined).

    Undetermined are the cells with neither face nor voice, which EEG does not need. A cell that no window of the
    source covers is UNCOVERED.
    """
    samples = sample_source(timeline, source, grid_times(timeline.media.duration_s))
    path: LabelIndices = samples.probabilities.argmax(axis=1).astype(np.int64)
    if source is not Source.EEG:
        path[~is_sufficient(samples.face, samples.voice)] = len(timeline.labels)
    path[~samples.covered] = UNCOVERED
    return path


def probability_columns(timeline: Timeline, count: int) -> Floats:
    """Return the probabilities at `count` evenly spread moments: (count, labels); zero where undetermined.

    They are those of the fusion network's windows, or of the audio-video network's where it has none, or the
    segment's own where there is no window, as just before the end.
    """
    times = (np.arange(count) + 0.5) * timeline.media.duration_s / count
    columns = np.zeros((count, len(timeline.labels)))
    over = [slice(*np.searchsorted(times, (one.start_s, one.end_s))) for one in timeline.segments]
    for segment, at in zip(timeline.segments, over, strict=True):
        columns[at] = [segment.probabilities[label] for label in timeline.labels]
    for source in (Source.AUDIO_VIDEO, Source.FUSION):
        samples = sample_source(timeline, source, times)
        columns[samples.covered] = samples.probabilities[samples.covered]
    for segment, at in zip(timeline.segments, over, strict=True):
        if segment.label == UNDETERMINED:
            columns[at] = 0
    return columns
