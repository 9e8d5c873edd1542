"""Grid cells joined to runs of one value."""

from typing import NamedTuple

import numpy as np

from inference.timeline.arrays import Floats, LabelIndices, Mask
from inference.timeline.sampling import CELL_S, UNCOVERED

LEVELS = 4  # steps to which the presence of a face or a voice is quantised


class Run(NamedTuple):
    """A stretch of one value, in seconds: an index into (labels, undetermined), or a share 0..1."""

    start_s: float
    end_s: float
    value: float


def label_runs(path: LabelIndices, duration_s: float) -> tuple[Run, ...]:
    """Join equal grid cells; UNCOVERED ones are left out."""
    edges = np.flatnonzero(np.r_[True, path[1:] != path[:-1], True])
    times = np.minimum(edges * CELL_S, duration_s).round(3).tolist()
    return tuple(
        Run(start_s, end_s, value)
        for start_s, end_s, value in zip(times[:-1], times[1:], path[edges[:-1]].tolist(), strict=True)
        if value != UNCOVERED
    )


def share_runs(shares: Floats, covered: Mask, duration_s: float) -> tuple[Run, ...]:
    """Join grid cells of one share, quantised to steps of 1 / LEVELS; uncovered and zero ones are left out."""
    levels = np.round(np.clip(shares, 0, 1) * LEVELS).astype(np.int64)
    runs = label_runs(np.where(covered & (levels > 0), levels, UNCOVERED), duration_s)
    return tuple(run._replace(value=run.value / LEVELS) for run in runs)
