"""The mean course along a stimulus."""

import numpy as np
import pytest
from scipy import stats

from webapp.studies.statistics.mean_curve import mean_curve

NAN = float("nan")


def test_participants_are_averaged_first_and_the_interval_is_students() -> None:
    courses = {
        "P1": [np.array([0.2, 0.4, NAN]), np.array([0.4, NAN, NAN])],
        "P2": [np.array([0.5, 0.6, NAN])],
        "P3": [np.array([0.9, NAN, NAN])],
    }
    found = mean_curve(np.array([0.0, 0.2, 0.4]), courses)
    assert found.participants == (3, 2, 0)
    assert found.mean[:2] == pytest.approx((np.mean([0.3, 0.5, 0.9]), 0.5))
    expected = stats.ttest_1samp([0.3, 0.5, 0.9], 0).confidence_interval(0.95)
    assert (found.low[0], found.high[0]) == pytest.approx(tuple(expected))
    assert (found.mean[2], found.low[2], found.high[2]) == (None, None, None)


def test_one_participant_has_no_interval() -> None:
    found = mean_curve(np.array([0.0]), {"P1": [np.array([0.2])]})
    assert (found.mean, found.low, found.high) == ((0.2,), (None,), (None,))


def test_nobody_has_no_curve() -> None:
    assert mean_curve(np.array([0.0]), {}).mean == (None,)
