"""Mel-frequency cepstral coefficients of speech, over time."""

from typing import Annotated

import librosa
import msgspec
import numpy as np
from numpy.typing import NDArray

from inference.front_ends._sound import sound_at
from inference.front_ends.signals import FrontEnd as Base
from inference.front_ends.signals import Signals

Positive = Annotated[int, msgspec.Meta(ge=1)]


class FrontEnd(Base, frozen=True, kw_only=True):
    """The defaults are librosa's, but for 40 coefficients."""

    rate: Positive = 22_050
    """Hz, to which the sound is resampled."""
    coefficients: Positive = 40
    mels: Positive = 128
    n_fft: Positive = 2048
    hop: Positive = 512
    """Distance of two frames, samples."""

    def compute(self, signals: Signals, start_s: float, seconds: float) -> NDArray[np.float32]:
        """MFCC (coefficients, 1 + samples // hop)."""
        return librosa.feature.mfcc(
            y=sound_at(signals, start_s, seconds, self.rate),
            sr=self.rate,
            n_mfcc=self.coefficients,
            n_mels=self.mels,
            n_fft=self.n_fft,
            hop_length=self.hop,
        ).astype(np.float32)
