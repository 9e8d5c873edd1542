"""The mean course of a measure along a stimulus, over participants."""

from collections.abc import Mapping, Sequence

import numpy as np

from inference.timeline.arrays import Floats
from webapp.studies.statistics.results import CONFIDENCE, MeanCurve


def mean_curve(times_s: Floats, courses: Mapping[str, Sequence[Floats]]) -> MeanCurve:
    """Average the courses (T,) of each participant first, then over participants; NaN is where nothing is read.

    The interval is Student's t interval of the mean over participants, at each time by itself.
    """
    from scipy import stats

    of_people = np.array([_mean(np.array(own))[0] for own in courses.values()]).reshape(len(courses), len(times_s))
    mean, count = _mean(of_people)
    squares = np.nansum((of_people - mean) ** 2, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        half = stats.t.ppf((1 + CONFIDENCE) / 2, count - 1) * np.sqrt(squares / (count - 1) / count)
    return MeanCurve(
        times_s=tuple(times_s.tolist()),
        participants=tuple(count.tolist()),
        mean=_known(mean),
        low=_known(mean - half),
        high=_known(mean + half),
    )


def _mean(rows: Floats) -> tuple[Floats, Floats]:
    """Return the mean of what is known in each column, NaN where nothing is, and how many rows know it."""
    known = ~np.isnan(rows)
    count = known.sum(axis=0)
    with np.errstate(invalid="ignore"):
        mean: Floats = np.where(known, rows, 0).sum(axis=0) / count
    return mean, count


def _known(values: Floats) -> tuple[float | None, ...]:
    return tuple(value if np.isfinite(value) else None for value in values.tolist())
