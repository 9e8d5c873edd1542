"""Sound of a window, at the rate that a front end reads."""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from inference.front_ends.signals import Signals, cut, recorded


def sound_at(signals: Signals, start_s: float, seconds: float, rate: int) -> NDArray[np.float32]:
    """The window (round(seconds * rate),) of the trial's sound, resampled to `rate` Hz.

    Raises InputError where the trial has none.
    """
    sound = recorded(signals.sound, "sound")
    window = cut(sound.samples, sound.rate, start_s, seconds)
    ratio = Fraction(rate, sound.rate)
    return cut(signal.resample_poly(window, ratio.numerator, ratio.denominator), rate, 0, seconds)
