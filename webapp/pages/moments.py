"""What a network's windows say at single moments of a recording, and which label that makes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.timeline import MIN_FACE, MIN_VOICE
from inference.types import Source, Timeline

CELL_S = 0.2  # shorter than anybody can tell apart on the timeline of a minute
UNCOVERED = -1  # the label of a cell that no window covers

Floats = NDArray[np.float64]
Labelling = NDArray[np.int64]


@dataclass(frozen=True)
class Readings:
    """At each of N moments; zero where `covered` is not.

    `probabilities` is (N, labels), `face`, `voice` (shares 0..1) and `covered` are (N,).
    """

    probabilities: Floats
    face: Floats
    voice: Floats
    covered: NDArray[np.bool_]


def cells(duration_s: float) -> Floats:
    """The middles of the cells of CELL_S, in seconds; the last one may reach over the end."""
    count = max(1, int(np.ceil(duration_s / CELL_S - 1e-9)))
    return (np.arange(count, dtype=np.float64) + 0.5) * CELL_S


def readings(timeline: Timeline, source: Source, moments: Floats) -> Readings:
    """The source's windows over each moment (seconds), weighted by how near their middles are.

    Windows of one source are equally long, so that those over a moment stand side by side.
    """
    windows = sorted((window for window in timeline.windows if window.source is source), key=lambda one: one.start_s)
    width = len(timeline.labels)
    starts = np.array([window.start_s for window in windows])
    ends = np.array([window.end_s for window in windows])
    values = np.array([(*window.probabilities, window.face, window.voice) for window in windows])
    first = np.searchsorted(ends, moments, side="right")
    last = np.searchsorted(starts, moments, side="right")
    sums, total = np.zeros((len(moments), width + 2)), np.zeros(len(moments))
    for step in range(int((last - first).max(initial=0))):
        at = np.flatnonzero(first + step < last)
        over = first[at] + step
        distance = np.abs(moments[at] - (starts[over] + ends[over]) / 2) / (ends[over] - starts[over])
        weights = np.maximum(0.5 - distance, 1e-6)
        sums[at] += weights[:, None] * values[over]
        total[at] += weights
    covered = total > 0
    sums[covered] /= total[covered, None]
    return Readings(sums[:, :width], sums[:, width], sums[:, width + 1], covered)


def read_alone(timeline: Timeline, source: Source) -> Labelling:
    """The label that the source alone gives each cell, as an index into the timeline's labels.

    len(labels) stands for `undetermined`: there was neither face nor voice, which EEG does not need.
    UNCOVERED stands where no window of the source is.
    """
    found = readings(timeline, source, cells(timeline.media.duration_s))
    path: Labelling = found.probabilities.argmax(axis=1).astype(np.int64)
    if source is not Source.EEG:
        path[(found.face < MIN_FACE) & (found.voice < MIN_VOICE)] = len(timeline.labels)
    path[~found.covered] = UNCOVERED
    return path
