"""EEG and peripheral signals of noise, in which a noisy mood changes a few things a little.

Every subject has the same effect at another strength: valence raises the rhythm of 10 Hz in half of the EEG channels
and lowers it in the others, arousal raises that of 20 Hz in all, and the level of the peripheral channels.
"""

import numpy as np
from numpy.typing import NDArray

from training.simulate.drawn_clips import Mood, felt

_NOISE_UV = 10.0
_RHYTHM_UV = 6.0
_EFFECT = 0.4  # of the amplitude of a rhythm, at a mood of 1
_LEVEL = 3.0  # microvolt
_RHYTHMS_HZ = (10.0, 20.0)


def record(
    rng: np.random.Generator, mood: Mood, seconds: float, rate: float, eeg: int, peripheral: int, strength: float = 1.0
) -> NDArray[np.float64]:
    """Signals (eeg + peripheral, samples) in microvolt; `strength` is the subject's."""
    samples, mood = round(seconds * rate), felt(rng, mood)
    signals = _NOISE_UV * _pink(rng, eeg + peripheral, samples)
    times = np.arange(samples) / rate
    halves = np.where(np.arange(eeg) % 2, 1.0, -1.0)
    amplitudes = (
        1 + strength * _EFFECT * mood.valence * halves,
        np.full(eeg, 1 + strength * _EFFECT * mood.arousal),
    )
    for rhythm_hz, amplitude in zip(_RHYTHMS_HZ, amplitudes, strict=True):
        phases = rng.uniform(0, 2 * np.pi, (eeg, 1))
        slow = 1 + 0.3 * _pink(rng, eeg, samples)
        signals[:eeg] += _RHYTHM_UV * amplitude[:, None] * slow * np.sin(2 * np.pi * rhythm_hz * times + phases)
    signals[eeg:] += _LEVEL * strength * mood.arousal
    return signals


def _pink(rng: np.random.Generator, channels: int, samples: int) -> NDArray[np.float64]:
    """Noise (channels, samples) of deviation 1 whose power falls with frequency."""
    spectrum = np.fft.rfft(rng.standard_normal((channels, samples)), axis=1)
    spectrum /= np.sqrt(np.maximum(np.arange(spectrum.shape[1]), 1))
    noise = np.fft.irfft(spectrum, samples, axis=1)
    return np.asarray(noise / noise.std(axis=1, keepdims=True))
