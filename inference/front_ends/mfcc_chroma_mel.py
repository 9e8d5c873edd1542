"""The 180 values of EAV's speech baseline (Lee et al. 2024): means over time of MFCC, chroma and mel power."""

import librosa
import numpy as np
from numpy.typing import NDArray

from inference.front_ends._sound import sound_at
from inference.front_ends.signals import FrontEnd as Base
from inference.front_ends.signals import Signals

RATE = 22_050  # Hz, librosa's own
MFCC, CHROMA, MEL = 40, 12, 128


class FrontEnd(Base, frozen=True, kw_only=True):
    """It has no settings: EAV reads librosa's defaults.

    Mel power is linear, so that it is larger than all else by orders of magnitude: a network that shall learn needs
    the values standardised, which EAV does not do.
    """

    def compute(self, signals: Signals, start_s: float, seconds: float) -> NDArray[np.float32]:
        """40 MFCC, 12 chroma of the amplitude spectrum and 128 mel powers: (180,)."""
        sound = sound_at(signals, start_s, seconds, RATE)
        amplitudes = np.abs(librosa.stft(sound))
        tuning = None if amplitudes.any() else 0.0  # silence has none that could be estimated
        features = (
            librosa.feature.mfcc(y=sound, sr=RATE, n_mfcc=MFCC),
            librosa.feature.chroma_stft(S=amplitudes, sr=RATE, n_chroma=CHROMA, tuning=tuning),
            librosa.feature.melspectrogram(y=sound, sr=RATE, n_mels=MEL),
        )
        return np.concatenate([values.mean(axis=1) for values in features]).astype(np.float32)
