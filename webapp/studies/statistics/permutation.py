"""Permutation tests of participants' values in two or more conditions.

Unpaired, participants are permuted between conditions; paired, conditions within each participant. Every permutation
is computed where there are at most RESAMPLES, and as many random ones otherwise (Ernst, 2004, Stat. Sci. 19(4)).
"""

from collections.abc import Sequence
from math import comb, factorial

import numpy as np

from inference.timeline.arrays import Floats
from webapp.studies.statistics.results import PermutationTest

RESAMPLES = 9999


def permutation_test(samples: Sequence[Floats], *, paired: bool, seed: int) -> PermutationTest:
    """Test whether the conditions differ.

    `samples` holds the values of each condition (participants,), in one order of participants where they are paired.
    Two conditions are compared by the difference of their means, two-sided, more of them by F: that of a one-way
    analysis of variance, or paired that of repeated measures.
    """
    from scipy import stats

    two = len(samples) == 2
    repeated = _repeated_measures_f if paired else _one_way_f
    found = stats.permutation_test(
        tuple(samples),
        _mean_difference if two else repeated,
        permutation_type="samples" if paired else "independent",
        alternative="two-sided" if two else "greater",
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=RESAMPLES // len(samples[0]) + 1,
        rng=np.random.default_rng(seed),
    )
    count = _permutations([len(sample) for sample in samples], paired=paired)
    return PermutationTest(
        statistic="difference of means" if two else "F",
        value=float(found.statistic),
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


def _one_way_f(*samples: Floats, axis: int) -> Floats:
    """Return the mean square between conditions over that within them."""
    values = np.concatenate(samples, axis=axis)
    grand = values.mean(axis=axis)
    means = [sample.mean(axis=axis) for sample in samples]
    between = sum(sample.shape[axis] * (mean - grand) ** 2 for sample, mean in zip(samples, means, strict=True)) / (
        len(samples) - 1
    )
    within = sum(
        ((sample - np.expand_dims(mean, axis)) ** 2).sum(axis=axis) for sample, mean in zip(samples, means, strict=True)
    ) / (values.shape[axis] - len(samples))
    return _ratio(np.asarray(between), np.asarray(within))


def _repeated_measures_f(*samples: Floats, axis: int) -> Floats:
    """Return the mean square between conditions over that of what is left of participants and conditions."""
    values = np.moveaxis(np.stack(np.broadcast_arrays(*samples)), axis, -1)  # conditions, ..., participants
    conditions, people = values.shape[0], values.shape[-1]
    grand = values.mean(axis=(0, -1), keepdims=True)
    of_conditions = values.mean(axis=-1, keepdims=True)
    of_people = values.mean(axis=0, keepdims=True)
    between = people * ((of_conditions - grand) ** 2).sum(axis=(0, -1)) / (conditions - 1)
    rest = ((values - of_conditions - of_people + grand) ** 2).sum(axis=(0, -1))
    return _ratio(between, rest / ((conditions - 1) * (people - 1)))


def _ratio(between: Floats, within: Floats) -> Floats:
    """Divide; no difference at all is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio: Floats = np.where(between > 0, between / within, 0.0)
    return ratio
