"""Power spectral density of EEG in the five bands, step by step, as MERCL reads it (Lee, Kim and Kim 2024)."""

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from inference.errors import Code, InputError
from inference.front_ends.signals import Biosignal, Signals, cut, recorded
from inference.front_ends.signals import FrontEnd as Base

Bands = tuple[tuple[float, float], ...]
FLOOR = 1e-6
"""Least density, microvolt² per Hz: -60 dB, far below the noise of an amplifier."""


class FrontEnd(Base, frozen=True, kw_only=True):
    """The bands are the paper's: delta, theta, alpha, beta and gamma. It says nothing of segments, steps and scale."""

    bands_hz: Bands = ((0.4, 4.0), (4.0, 8.0), (8.0, 13.0), (13.0, 30.0), (30.0, 45.0))
    """Lower limit, which belongs to the band, and upper limit, which does not."""
    segment_s: float = 1.0
    """Of one spectrum, whose resolution is 1 Hz."""
    step_s: float = 0.5
    decibel: bool = True
    """10 log10 of the density: without it, delta outweighs gamma by two orders of magnitude."""

    def __post_init__(self) -> None:
        check_bands(self.bands_hz, self.segment_s)

    def compute(self, signals: Signals, start_s: float, seconds: float) -> NDArray[np.float32]:
        """Mean density of each band (channels, bands, steps), dB of microvolt² per Hz.

        A window has (seconds - segment_s) / step_s + 1 steps, rounded down.
        """
        eeg = recorded(signals.eeg, "EEG")
        frequencies, density = spectra(eeg, start_s, seconds, self.segment_s, self.step_s)
        masks = band_masks(frequencies, self.bands_hz, eeg.rate)
        bands = np.stack([density[..., mask].mean(-1) for mask in masks], axis=1)
        if self.decibel:
            bands = 10 * np.log10(np.maximum(bands, FLOOR))
        return bands.astype(np.float32)


def check_bands(bands_hz: Bands, segment_s: float) -> None:
    """Raise ValueError for a band that is narrower than the resolution of a segment's spectrum."""
    for low, high in bands_hz:
        if (high - low) * segment_s < 1:
            raise ValueError(f"bands_hz {low:g}-{high:g}: narrower than the resolution of a segment of {segment_s:g} s")


def spectra(
    eeg: Biosignal, start_s: float, seconds: float, segment_s: float, step_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Frequencies, Hz, and one-sided densities (channels, steps, frequencies), microvolt² per Hz, of Hann windows.

    The number of steps does not depend on the rate. Raises ValueError where the window is shorter than a segment.
    """
    if seconds < segment_s:
        raise ValueError(f"a window of {seconds:g} s is shorter than a segment of {segment_s:g} s")
    steps = int((seconds - segment_s) / step_s + 1e-6) + 1
    segments = np.stack([cut(eeg.samples, eeg.rate, start_s + step * step_s, segment_s) for step in range(steps)], 1)
    frequencies, density = signal.periodogram(segments.astype(np.float64), eeg.rate, "hann")
    return frequencies, density


def band_masks(frequencies: NDArray[np.float64], bands_hz: Bands, rate: float) -> list[NDArray[np.bool_]]:
    """Which frequencies lie in each band. Raises InputError(MODEL_UNSUITED) where the rate is too low for one."""
    highest = max(high for _, high in bands_hz)
    if rate < 2 * highest:
        raise InputError(
            Code.MODEL_UNSUITED, f"this model reads EEG up to {highest:g} Hz, which a rate of {rate:g} Hz cannot hold"
        )
    return [(frequencies >= low) & (frequencies < high) for low, high in bands_hz]
