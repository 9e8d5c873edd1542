"""Sound at another rate, kept on its timestamps."""

from collections.abc import Callable, Iterator

import av
import numpy as np
from av.audio.resampler import AudioResampler

_MAX_DRIFT_S = 0.05  # a larger drift from the timestamps is corrected at once, by silence or by a cut
_SLACK_S = 0.01  # of drift that is left: containers round timestamps
_DRIFT_CORRECTION = 0.1  # share of the drift that each frame corrects by stretching
_MAX_CORRECTION = 0.05  # of a frame's length
_MAX_OVERLAP_S = 0.5  # a timestamp further back is ignored


class TimedResampler:
    """Mixes frames to mono and resamples them: zeros fill a late start and gaps, and drift is corrected.

    Frames that need no correction are gathered to a second, because a call for each of them costs far more than what it
    computes. `mix` turns (channels, n) into (n,), both float32. `max_samples` is the longest silence.
    """

    def __init__(self, sample_rate: int, mix: Callable[[np.ndarray], np.ndarray], max_samples: float) -> None:
        self._sample_rate, self._mix, self._max_samples = sample_rate, mix, max_samples
        self._resampler = self._new_resampler()
        self._rate = 0
        self._done = 0
        self._gathered: list[np.ndarray] = []

    @property
    def samples(self) -> int:
        """How many samples the frames so far amount to."""
        held = sum(samples.shape[1] for samples in self._gathered)
        return self._done + (round(held * self._sample_rate / self._rate) if held else 0)

    def add(self, samples: np.ndarray, rate: int, time_s: float | None) -> Iterator[np.ndarray]:
        """Add a frame (channels, n) float32 at `rate` Hz, which is heard at `time_s`; yield what is ready."""
        if rate != self._rate or (self._gathered and len(samples) != len(self._gathered[0])):
            yield from self._resample_gathered()
        if rate != self._rate:  # a resampler has one rate
            self._resampler, self._rate = self._new_resampler(), rate
        if abs(self._drift(time_s)) > _SLACK_S * self._sample_rate:
            yield from self._resample_gathered()
            yield from self._correct(samples, self._drift(time_s))
            return
        self._gathered.append(samples)
        if sum(each.shape[1] for each in self._gathered) >= rate:
            yield from self._resample_gathered()

    def finish(self) -> Iterator[np.ndarray]:
        """Yield the rest."""
        yield from self._resample_gathered()
        for piece in self._resampler.resample(None):
            yield piece.to_ndarray()[0]

    def _drift(self, time_s: float | None) -> int:
        """Return by how many samples a frame would come too late (too early, if negative)."""
        drift = 0 if time_s is None else self.samples - round(time_s * self._sample_rate)
        return 0 if drift > _MAX_OVERLAP_S * self._sample_rate else drift

    def _resample_gathered(self) -> Iterator[np.ndarray]:
        if self._gathered:
            together = np.concatenate(self._gathered, axis=1)
            self._gathered.clear()
            for piece in self._resample(together):
                self._done += len(piece)
                yield piece

    def _correct(self, samples: np.ndarray, drift: int) -> Iterator[np.ndarray]:
        if drift < -_MAX_DRIFT_S * self._sample_rate:
            missing = int(min(-drift, self._max_samples))
            self._done, drift = self._done + missing, drift + missing
            yield from _silence(missing, self._sample_rate)
        for piece in self._resample(samples):
            chunk = _resynchronise(piece, drift, self._sample_rate)
            drift -= len(piece) - len(chunk)
            self._done += len(chunk)
            yield chunk

    def _resample(self, samples: np.ndarray) -> Iterator[np.ndarray]:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(self._mix(samples)[None]), format="flt", layout="mono")
        frame.sample_rate = self._rate
        for piece in self._resampler.resample(frame):
            yield piece.to_ndarray()[0]

    def _new_resampler(self) -> AudioResampler:
        return AudioResampler(format="flt", layout="mono", rate=self._sample_rate)


def _resynchronise(chunk: np.ndarray, drift: int, sample_rate: int) -> np.ndarray:
    """Shorten or stretch a chunk that would end `drift` samples too late (too early, if negative)."""
    if drift > _MAX_DRIFT_S * sample_rate:
        return chunk[drift:]
    if abs(drift) <= _SLACK_S * sample_rate:
        return chunk
    most = _MAX_CORRECTION * len(chunk)
    length = len(chunk) - round(min(most, max(-most, _DRIFT_CORRECTION * drift)))
    stretched: np.ndarray = np.interp(np.linspace(0, len(chunk) - 1, length), np.arange(len(chunk)), chunk)
    return stretched.astype(np.float32)


def _silence(samples: int, longest: int) -> Iterator[np.ndarray]:
    for done in range(0, samples, longest):
        yield np.zeros(min(longest, samples - done), dtype=np.float32)
