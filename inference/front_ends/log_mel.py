"""Log-mel spectrogram of speech, as MERCL reads it (Lee, Kim and Kim 2024)."""

from typing import Annotated

import librosa
import msgspec
import numpy as np
from numpy.typing import NDArray

from inference.front_ends._sound import sound_at
from inference.front_ends.signals import FrontEnd as Base
from inference.front_ends.signals import Signals

Positive = Annotated[int, msgspec.Meta(ge=1)]
_OFFSET = 0.01  # added to the magnitudes before the logarithm: what silence has
_LIMITS_HZ = (125.0, 7500.0)


class FrontEnd(Base, frozen=True, kw_only=True):
    """The paper states the bands, the Hamming window and the hop; rate, limits and offset are those of VGGish."""

    bands: Positive = 20
    window_s: float = 0.05
    hop_s: float = 0.01
    rate: Positive = 16_000
    """Hz, to which the sound is resampled."""

    def compute(self, signals: Signals, start_s: float, seconds: float) -> NDArray[np.float32]:
        """log(m + 0.01) of the magnitudes m in each triangle of the mel scale, (bands, round(seconds / hop_s)).

        Frame t is centred on the time t * hop_s of the window, which zeros surround.
        """
        length = round(self.window_s * self.rate)
        n_fft = 2 ** (length - 1).bit_length()
        spectrum = librosa.stft(
            sound_at(signals, start_s, seconds, self.rate),
            n_fft=n_fft,
            hop_length=round(self.hop_s * self.rate),
            win_length=length,
            window="hamming",
            pad_mode="constant",
        )
        low, high = _LIMITS_HZ
        filters = librosa.filters.mel(
            sr=self.rate, n_fft=n_fft, n_mels=self.bands, fmin=low, fmax=high, htk=True, norm=None
        )
        frames = round(seconds / self.hop_s)
        log_mel: NDArray[np.float32] = np.log(filters @ np.abs(spectrum[:, :frames]) + _OFFSET).astype(np.float32)
        return log_mel
