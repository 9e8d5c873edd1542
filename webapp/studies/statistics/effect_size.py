"""Standardised differences of two conditions with bootstrap intervals.

Hedges' g (1981, J. Educ. Stat. 6(2)) is the difference of unpaired means by their pooled standard deviation, corrected
for small samples. Cohen's dz (1988, Statistical Power Analysis) is the mean difference of pairs by its standard
deviation. The interval is the bias-corrected and accelerated one (Efron, 1987, J. Am. Stat. Assoc. 82(397)).
"""

import warnings
from collections.abc import Callable
from math import isfinite

import numpy as np
from scipy.special import gammaln

from inference.timeline.arrays import Floats
from webapp.studies.statistics.results import CONFIDENCE, ROUNDING, EffectSize

RESAMPLES = 9999


def effect_size(first: Floats, second: Floats, *, paired: bool, seed: int) -> EffectSize:
    """Return how far `first` is above `second`, each (participants,), in one order of participants where `paired`."""
    from scipy import stats

    data = (_differences(first, second),) if paired else (first, second)
    statistic: Callable[..., Floats] = cohens_dz if paired else hedges_g
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of degenerate resamples: their interval is None
        found = stats.bootstrap(
            data,
            statistic,
            n_resamples=RESAMPLES,
            confidence_level=CONFIDENCE,
            method="BCa",
            vectorized=True,
            rng=np.random.default_rng(seed),
        ).confidence_interval
    low, high = _finite(found.low), _finite(found.high)
    return EffectSize(
        name="Cohen's dz" if paired else "Hedges' g",
        value=_finite(statistic(*data, axis=-1)),
        low=low if high is not None else None,
        high=high if low is not None else None,
        confidence=CONFIDENCE,
        resamples=RESAMPLES,
    )


def hedges_g(first: Floats, second: Floats, axis: int) -> Floats:
    """Return Hedges' g along an axis."""
    sizes = first.shape[axis], second.shape[axis]
    freedom = sum(sizes) - 2
    squares = (sizes[0] - 1) * first.var(axis=axis, ddof=1) + (sizes[1] - 1) * second.var(axis=axis, ddof=1)
    correction = np.exp(gammaln(freedom / 2) - gammaln((freedom - 1) / 2)) / np.sqrt(freedom / 2)
    scale = max(np.abs(first).max(), np.abs(second).max())
    standardised = _standardised(first.mean(axis=axis) - second.mean(axis=axis), np.sqrt(squares / freedom), scale)
    return standardised * float(correction)


def cohens_dz(differences: Floats, axis: int) -> Floats:
    """Return Cohen's dz along an axis."""
    return _standardised(
        differences.mean(axis=axis), differences.std(axis=axis, ddof=1), float(np.abs(differences).max())
    )


def _differences(first: Floats, second: Floats) -> Floats:
    """Return the differences of pairs without those that are rounding alone."""
    differences = first - second
    smallest = ROUNDING * max(np.abs(first).max(), np.abs(second).max())
    kept: Floats = np.where(np.abs(differences) > smallest, differences, 0.0)
    return kept


def _standardised(difference: Floats, sd: Floats, scale: float) -> Floats:
    """Divide; a difference without any spread is infinite, none at all is 0. Rounding of `scale` is neither."""
    spread = np.where(sd > ROUNDING * scale, sd, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio: Floats = np.where(np.abs(difference) <= ROUNDING * scale, 0.0, difference / spread)
    return ratio


def _finite(value: Floats | float) -> float | None:
    number = float(value)
    return number if isfinite(number) else None
