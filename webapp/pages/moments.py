"""What a network's windows say at single moments of a recording, and which label that makes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inference.curve import Floats, readings
from inference.timeline import MIN_FACE, MIN_VOICE
from inference.types import UNDETERMINED, Correction, Segment, Source, Timeline

CELL_S = 0.2  # shorter than anybody can tell apart on the timeline of a minute
UNCOVERED = -1  # the label of a cell that no window covers

Labelling = NDArray[np.int64]


def cells(duration_s: float) -> Floats:
    """The middles of the cells of CELL_S, in seconds; the last one may reach over the end."""
    count = max(1, int(np.ceil(duration_s / CELL_S - 1e-9)))
    return (np.arange(count, dtype=np.float64) + 0.5) * CELL_S


def said(segments: Sequence[Segment | Correction], labels: Sequence[str], duration_s: float) -> Labelling:
    """The label of each cell in segments that tile the recording, as an index into (labels, undetermined)."""
    index = {label: number for number, label in enumerate((*labels, UNDETERMINED))}
    over = np.searchsorted([one.start_s for one in segments], cells(duration_s), side="right") - 1
    return np.array([index[one.label] for one in segments], dtype=np.int64)[over]


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
