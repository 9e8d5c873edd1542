"""Overlapping windows averaged on a grid, and the smoothest path of labels through it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inference.timeline.arrays import Floats, LabelIndices, Mask
from inference.types import Window

SWITCH_COST = 2.0  # nats that a change of label has to gain; more than one outlying window can
MIN_HOPS = 2  # no segment is shorter than this many hops, unless the recording is


def triangular_mean(windows: Sequence[Window], times: Floats, values: Floats, counted: Mask) -> tuple[Floats, Mask]:
    """Average the windows' values at each time, weighted by a triangle over each window.

    Args:
        windows: N windows, ordered by their middles.
        times: (T,) seconds.
        values: (N, V), a row for each window.
        counted: (N,), the windows that enter the mean.

    Returns:
        The means (T, V) and, for each time, whether a counted window covers it (T,).
    """
    middles = np.array([(window.start_s + window.end_s) / 2 for window in windows])
    halves = np.array([(window.end_s - window.start_s) / 2 for window in windows])
    reach = halves.max()
    means, covered = np.zeros((len(times), values.shape[1])), np.zeros(len(times), dtype=bool)
    # A row of all windows a cell would be quadratic in the recording's length: 800 MB for two hours.
    for cell, time in enumerate(times):
        near = slice(*np.searchsorted(middles, (time - reach, time + reach)))
        weights = np.clip(1 - np.abs(middles[near] - time) / halves[near], 0, None)
        if not weights.any():  # no window covers the very edge, which belongs to the nearest one
            near = slice((nearest := int(np.abs(middles - time).argmin())), nearest + 1)
            weights = np.ones(1)
        weights = weights * counted[near]
        covered[cell] = weights.any()
        means[cell] = weights @ values[near] / (weights.sum() or 1)
    return means, covered


def viterbi_path(probabilities: Floats) -> LabelIndices:
    """Return the most probable path through (cells, labels) where each change of label costs SWITCH_COST.

    This is the hidden Markov model of Rabiner (1989, Proc. IEEE 77(2)) with one cost for all changes.
    """
    gains = np.log(np.clip(probabilities, 1e-6, None))
    score, back = gains[0], np.zeros(gains.shape, dtype=np.int64)
    for cell in range(1, len(gains)):
        best = int(score.argmax())
        stays = score >= score[best] - SWITCH_COST
        back[cell] = np.where(stays, np.arange(len(score)), best)
        score = np.where(stays, score, score[best] - SWITCH_COST) + gains[cell]
    path = np.empty(len(gains), dtype=np.int64)
    path[-1] = score.argmax()
    for cell in range(len(gains) - 1, 0, -1):
        path[cell - 1] = back[cell, path[cell]]
    return path


def merge_short_runs(path: LabelIndices) -> LabelIndices:
    """Give each run shorter than MIN_HOPS cells, the shortest first, its longer neighbour's label. In place."""
    while True:
        runs = run_bounds(path)
        lengths = [last - first for first, last in runs]
        shortest = int(np.argmin(lengths))
        if len(runs) == 1 or lengths[shortest] >= MIN_HOPS:
            return path
        neighbours = [index for index in (shortest - 1, shortest + 1) if 0 <= index < len(runs)]
        longer = max(neighbours, key=lambda index: lengths[index])
        first, last = runs[shortest]
        path[first:last] = path[runs[longer][0]]


def run_bounds(values: NDArray[np.generic]) -> list[tuple[int, int]]:
    """Return the first and one-past-last index of each run of equal values."""
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    return list(zip(starts.tolist(), [*starts[1:].tolist(), len(values)], strict=True))
