"""MFCC windows of speech clips, as they are and changed at random."""

import librosa
import numpy as np

from inference import speech

_PEAK_LEVELS_DB = (-20.0, -1.0)


def centre(sound: np.ndarray, length: int, shift: int = 0) -> np.ndarray:
    """The middle `length` samples moved by `shift`; a shorter sound gets zeros at its end, as published."""
    if len(sound) <= length:
        return np.pad(sound, (0, length - len(sound)))
    first = int(np.clip((len(sound) - length) // 2 + shift, 0, len(sound) - length))
    return sound[first : first + length]


def plain(sound: np.ndarray, spec: dict, seconds: float) -> np.ndarray:
    """MFCC (n_mfcc, frames) of the clip's central window."""
    return speech.mfcc(centre(sound, round(seconds * spec["sample_rate"])), spec)


def changed(sound: np.ndarray, spec: dict, seconds: float, generator: np.random.Generator) -> np.ndarray:
    """MFCC of a window with another speed, place, level and some noise, all drawn at random."""
    rate = spec["sample_rate"]
    speed = generator.uniform(0.85, 1.18)
    sound = np.interp(np.arange(0, len(sound) - 1, speed), np.arange(len(sound)), sound).astype(np.float32)
    if generator.random() < 0.5:
        steps = generator.uniform(-2.5, 2.5)
        sound = librosa.effects.pitch_shift(sound, sr=rate, n_steps=steps)
    peak = np.abs(sound).max() + 1e-9
    sound = sound / peak * 10 ** (generator.uniform(*_PEAK_LEVELS_DB) / 20) if generator.random() < 0.5 else sound
    if generator.random() < 0.5:
        level = np.sqrt(np.mean(sound**2)) * 10 ** (-generator.uniform(15, 45) / 20)
        sound = sound + level * generator.standard_normal(len(sound)).astype(np.float32)
    shift = round(generator.uniform(-0.5, 0.5) * rate)
    return speech.mfcc(centre(sound.astype(np.float32), round(seconds * rate), shift), spec)
