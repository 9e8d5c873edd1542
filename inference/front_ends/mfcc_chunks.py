"""MFCC of a window's sound, cut into chunks of equal length (VAANet, AV-CPNet)."""

from typing import Annotated, Literal

import librosa
import msgspec
import numpy as np
from numpy.typing import NDArray

from inference.front_ends._sound import sound_at
from inference.front_ends.signals import FrontEnd as Base
from inference.front_ends.signals import Signals

Positive = Annotated[int, msgspec.Meta(ge=1)]


class FrontEnd(Base, frozen=True, kw_only=True):
    """The defaults are VAANet's; the Fourier transform, which it does not name, is librosa's."""

    rate: Positive = 44_100
    """Hz, to which the sound is resampled."""
    coefficients: Positive = 32
    n_fft: Positive = 2048
    hop: Positive = 512
    """Distance of two frames, samples."""
    chunks: Positive = 16
    frames: Positive = 256
    """Of a chunk."""
    fill: Literal["tile", "zeros"] = "tile"
    """What brings a window of fewer frames to the length of all chunks: the same again and again, or zeros on both
    sides. Of a window of more frames, the middle is taken."""

    def compute(self, signals: Signals, start_s: float, seconds: float) -> NDArray[np.float32]:
        """MFCC (chunks, coefficients, frames)."""
        mfcc = librosa.feature.mfcc(
            y=sound_at(signals, start_s, seconds, self.rate),
            sr=self.rate,
            n_mfcc=self.coefficients,
            n_fft=self.n_fft,
            hop_length=self.hop,
        )
        return np.stack(np.split(self._fit(mfcc), self.chunks, axis=1)).astype(np.float32)

    def _fit(self, mfcc: NDArray[np.float32]) -> NDArray[np.float32]:
        """Bring MFCC (coefficients, N) to the length of all chunks."""
        length = self.chunks * self.frames
        missing = length - mfcc.shape[1]
        if missing <= 0:
            return mfcc[:, -missing // 2 :][:, :length]
        if self.fill == "tile":
            return np.resize(mfcc.T, (length, len(mfcc))).T
        return np.pad(mfcc, ((0, 0), (missing // 2, missing - missing // 2)))
