"""Biosignals without the state before the trial, as DeepVANet reads them (Zhang, Hossain and Rahman 2021)."""

from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from inference.front_ends.signals import FrontEnd as Base
from inference.front_ends.signals import Signals, cut, recorded


class FrontEnd(Base, frozen=True, kw_only=True):
    """All channels, resampled; where `features["baseline"]` is there, its mean window is subtracted.

    `features["baseline"]` (windows, channels, samples), at the rate of the signal, are the windows before the trial:
    three of 1 s in DEAP. Their mean repeats over a window that is longer.
    """

    rate: int = 128
    """Of the result, Hz."""
    source: Literal["bio", "eeg"] = "bio"
    """What is read; EEG alone for data sets that record nothing beside it."""

    def compute(self, signals: Signals, start_s: float, seconds: float) -> NDArray[np.float32]:
        """The window (channels, round(seconds * rate)), in the unit of the data set."""
        bio = recorded(getattr(signals, self.source), {"bio": "biosignals", "eeg": "EEG"}[self.source])
        ratio = Fraction(self.rate / bio.rate).limit_denominator(1000)
        window = cut(_resample(bio.samples, ratio), self.rate, start_s, seconds)
        if "baseline" not in signals.features:
            return window
        baseline = _resample(signals.features["baseline"].mean(0), ratio)
        state: NDArray[np.float32] = baseline[:, np.arange(window.shape[1]) % baseline.shape[1]]
        return window - state


def _resample(samples: NDArray[np.float32], ratio: Fraction) -> NDArray[np.float32]:
    resampled: NDArray[np.float32] = resample_poly(samples, ratio.numerator, ratio.denominator, axis=1)
    return resampled
