"""Log-mel filter bank as the Audio Spectrogram Transformer reads it (Gong et al., Interspeech 2021)."""

from functools import cache
from typing import Annotated

import msgspec
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from inference.front_ends._sound import sound_at
from inference.front_ends.signals import FrontEnd as Base
from inference.front_ends.signals import Signals

RATE = 16_000  # Hz
_FRAME, _HOP, _FFT = 400, 160, 512  # samples: 25 ms every 10 ms
_LOWEST_HZ = 20.0
_PREEMPHASIS = 0.97
_MEAN, _DEVIATION = -4.2677393, 4.5689974  # of AudioSet
_FLOOR = np.finfo(np.float32).eps


class FrontEnd(Base, frozen=True, kw_only=True):
    """Kaldi's filter bank with AudioSet's mean and deviation; the defaults are AST's."""

    mels: Annotated[int, msgspec.Meta(ge=1)] = 128
    frames: Annotated[int, msgspec.Meta(ge=1)] = 1024
    """Longer windows are cut, shorter ones padded with zeros before they are normalised."""

    def compute(self, signals: Signals, start_s: float, seconds: float) -> NDArray[np.float32]:
        """(x + 4.2677393) / (2 * 4.5689974) of log-mel power x: (frames, mels)."""
        log_mel = _log_mel(sound_at(signals, start_s, seconds, RATE), self.mels)[: self.frames]
        padded = np.pad(log_mel, ((0, self.frames - len(log_mel)), (0, 0)))
        return ((padded - _MEAN) / (2 * _DEVIATION)).astype(np.float32)


def _log_mel(sound: NDArray[np.float32], mels: int) -> NDArray[np.float64]:
    """(whole frames in the sound, mels): each frame without its mean, pre-emphasised, under a Hann window."""
    if len(sound) < _FRAME:
        return np.zeros((0, mels))
    frames = sliding_window_view(sound.astype(np.float64), _FRAME)[::_HOP]
    frames = frames - frames.mean(axis=1, keepdims=True)
    frames = frames - _PREEMPHASIS * np.concatenate((frames[:, :1], frames[:, :-1]), axis=1)
    power = np.abs(np.fft.rfft(frames * np.hanning(_FRAME), _FFT)) ** 2
    return np.log(np.maximum(power @ _filters(mels), _FLOOR))


@cache
def _filters(mels: int) -> NDArray[np.float64]:
    """Triangles (bins, mels), evenly spaced and straight on the mel scale, from 20 Hz to half the rate."""
    edges = np.linspace(_mel(_LOWEST_HZ), _mel(RATE / 2), mels + 2)
    bins = _mel(np.fft.rfftfreq(_FFT, 1 / RATE))[:, None]
    rising, falling = (bins - edges[:-2]) / np.diff(edges)[:-1], (edges[2:] - bins) / np.diff(edges)[1:]
    return np.maximum(0, np.minimum(rising, falling))


def _mel(hz: float | NDArray[np.floating]) -> NDArray[np.float64]:
    return 1127 * np.log1p(np.asarray(hz) / 700)
