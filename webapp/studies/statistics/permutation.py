"""Permutation tests of participants' values in two or more conditions.

Unpaired, participants are permuted between conditions; paired, conditions within each participant. Every permutation
is computed where there are at most RESAMPLES, and as many random ones otherwise (Ernst, 2004, Stat. Sci. 19(4)).
"""

from collections.abc import Sequence
from math import comb, factorial

import numpy as np

from inference.timeline.arrays import Floats
from webapp.studies.statistics.results import ROUNDING, PermutationTest

RESAMPLES = 9999


def permutation_test(samples: Sequence[Floats], *, paired: bool, seed: int) -> PermutationTest:
    """Test whether the conditions differ.

    `samples` holds the values of each condition (participants,), in one order of participants where they are paired.
    Two conditions are compared by the difference of their means, two-sided, more of them by F: that of a one-way
    analysis of variance, or paired that of repeated measures. Where conditions differ and nothing else does, F has no
    value; what is permuted is the share of variation that grows with F, and is finite.
    """
    from scipy import stats

    two = len(samples) == 2
    squares = _repeated_measures_squares if paired else _one_way_squares

    def share(*permuted: Floats, axis: int) -> Floats:
        between, rest = squares(*permuted, axis=axis)
        total = between + rest
        return np.divide(between, total, out=np.zeros_like(total), where=total > 0)

    found = stats.permutation_test(
        tuple(samples),
        _mean_difference if two else share,
        permutation_type="samples" if paired else "independent",
        alternative="two-sided" if two else "greater",
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=RESAMPLES // len(samples[0]) + 1,
        rng=np.random.default_rng(seed),
    )
    sizes = [len(sample) for sample in samples]
    count = _permutations(sizes, paired=paired)
    return PermutationTest(
        statistic="difference of means" if two else "F",
        value=float(found.statistic) if two else _f(*squares(*samples, axis=-1), sizes, paired=paired),
        p=float(found.pvalue),
        exact=count <= RESAMPLES,
        resamples=min(count, RESAMPLES),
    )


def _permutations(sizes: Sequence[int], *, paired: bool) -> int:
    """Count the distinct assignments of values to conditions."""
    if paired:
        return int(factorial(len(sizes)) ** sizes[0])
    count, placed = 1, 0
    for size in sizes:
        placed += size
        count *= comb(placed, size)
    return count


def _mean_difference(first: Floats, second: Floats, axis: int) -> Floats:
    difference: Floats = first.mean(axis=axis) - second.mean(axis=axis)
    return difference


def _one_way_squares(*samples: Floats, axis: int) -> tuple[Floats, Floats]:
    """Return the sums of squares between the conditions and within them."""
    values = np.concatenate(samples, axis=axis)
    grand = values.mean(axis=axis)
    means = [sample.mean(axis=axis) for sample in samples]
    between = sum(sample.shape[axis] * (mean - grand) ** 2 for sample, mean in zip(samples, means, strict=True))
    within = sum(
        ((sample - np.expand_dims(mean, axis)) ** 2).sum(axis=axis) for sample, mean in zip(samples, means, strict=True)
    )
    return _without_rounding(np.asarray(between), values), _without_rounding(np.asarray(within), values)


def _repeated_measures_squares(*samples: Floats, axis: int) -> tuple[Floats, Floats]:
    """Return the sums of squares between the conditions and of what is left of participants and conditions."""
    values = np.moveaxis(np.stack(np.broadcast_arrays(*samples)), axis, -1)  # conditions, ..., participants
    grand = values.mean(axis=(0, -1), keepdims=True)
    of_conditions = values.mean(axis=-1, keepdims=True)
    of_people = values.mean(axis=0, keepdims=True)
    between = values.shape[-1] * ((of_conditions - grand) ** 2).sum(axis=(0, -1))
    rest = ((values - of_conditions - of_people + grand) ** 2).sum(axis=(0, -1))
    return _without_rounding(between, values), _without_rounding(rest, values)


def _without_rounding(squares: Floats, values: Floats) -> Floats:
    """Return 0 for sums of squares that are rounding alone."""
    smallest = len(values) * (ROUNDING * np.abs(values).max()) ** 2
    kept: Floats = np.where(squares > smallest, squares, 0.0)
    return kept


def _f(between: Floats, rest: Floats, sizes: Sequence[int], *, paired: bool) -> float | None:
    """Return F; None where conditions differ and nothing else does, and 0 where nothing differs."""
    conditions = len(sizes)
    freedom = (conditions - 1) * (sizes[0] - 1) if paired else sum(sizes) - conditions
    if not rest:
        return None if between else 0.0
    return float(between / (conditions - 1) / (rest / freedom))
