"""EEG, resampled and filtered as EAV's baselines read it (Lee et al. 2024)."""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from inference.front_ends.signals import FrontEnd as Base
from inference.front_ends.signals import Signals, cut, recorded


class FrontEnd(Base, frozen=True, kw_only=True):
    """The defaults are EAV's; its paper prints 50 Hz, which a rate of 100 Hz cannot hold."""

    rate: int = 100
    """Of the result, Hz."""
    band_hz: tuple[float, float] = (0.5, 45.0)
    order: int = 5
    """Of the Butterworth filter, which runs forth and back over the whole trial."""

    def compute(self, signals: Signals, start_s: float, seconds: float) -> NDArray[np.float32]:
        """Microvolt (channels, samples)."""
        eeg = recorded(signals.eeg, "EEG")
        ratio = Fraction(self.rate / eeg.rate).limit_denominator(1000)
        resampled = signal.resample_poly(eeg.samples, ratio.numerator, ratio.denominator, axis=1)
        sos = signal.butter(self.order, self.band_hz, "bandpass", fs=self.rate, output="sos")
        return cut(signal.sosfiltfilt(sos, resampled, axis=1), self.rate, start_s, seconds)
