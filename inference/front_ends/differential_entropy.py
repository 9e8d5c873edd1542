"""Differential entropy of EEG in SEED's five bands (Duan, Zhu and Lu 2013; Zheng and Lu 2015)."""

import numpy as np
from numpy.typing import NDArray

from inference.front_ends.band_psd import FLOOR, Bands, band_masks, check_bands, spectra
from inference.front_ends.signals import FrontEnd as Base
from inference.front_ends.signals import Signals, recorded


class FrontEnd(Base, frozen=True, kw_only=True):
    """The defaults are SEED's: delta, theta, alpha, beta and gamma in Hann windows of 1 s that do not overlap."""

    bands_hz: Bands = ((1.0, 4.0), (4.0, 8.0), (8.0, 14.0), (14.0, 31.0), (31.0, 50.0))
    """Lower limit, which belongs to the band, and upper limit, which does not."""
    segment_s: float = 1.0

    def __post_init__(self) -> None:
        check_bands(self.bands_hz, self.segment_s)

    def compute(self, signals: Signals, start_s: float, seconds: float) -> NDArray[np.float32]:
        """Mean entropy over the window's segments (channels, bands), nats.

        A band is taken as Gaussian: 0.5 ln(2 pi e variance), its variance is the power in the band, microvolt².
        """
        eeg = recorded(signals.eeg, "EEG")
        frequencies, density = spectra(eeg, start_s, seconds, self.segment_s, self.segment_s)
        resolution = frequencies[1]
        masks = band_masks(frequencies, self.bands_hz, eeg.rate)
        variance = np.stack([density[..., mask].sum(-1) * resolution for mask in masks], axis=1)
        entropy = 0.5 * np.log(2 * np.pi * np.e * np.maximum(variance, FLOOR))
        return np.asarray(entropy.mean(-1), np.float32)
