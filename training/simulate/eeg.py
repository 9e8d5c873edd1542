"""Simulated EEG of subjects with emotions: EAV's 30 channels, 500 Hz, 20 s trials, in microvolt.

A subject's head holds dipoles: many for the 1/f background and a few for each rhythm. An emotion scales the
power of the rhythms, of muscles and of their left-right balance along valence and arousal, as the
literature on averages has it (frontal alpha asymmetry, alpha blocking, frontal midline theta, beta
and gamma); each subject follows that average only in part: with a strength, topography, peak
frequency and now and then a sign of their own. Blinks and mains are laid on top.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfftfreq

from inference.eeg import EAV_RATE, EAV_SAMPLES
from training.simulate.head import head

Array = NDArray[np.float64]
Trial = NDArray[np.float32]

EMOTIONS = ("neutral", "sad", "angry", "happy", "calm")  # EAV's order
# EAV's conversations: one neutral exchange each, then four of the emotion named
CONVERSATIONS = "AACCSSHACHHSSAACCHHS"
VALENCE_AROUSAL = np.array([(0.0, 0.0), (-0.8, -0.6), (-0.9, 0.8), (0.9, 0.7), (0.7, -0.7)])

FREQUENCIES = rfftfreq(EAV_SAMPLES, 1 / EAV_RATE)
HIGH_PASS_HZ = 0.5  # EAV was released so filtered
MAINS_HZ = 50.0
BACKGROUND_DIPOLES = 60
BACKGROUND_UV = 9.0  # root mean square over the scalp
BLINK_S = 0.35


@dataclass(frozen=True)
class Rhythm:
    """A generator of band power.

    Its place (x right, y forward, z up), its peak and width, its size in microvolt, and the average response of its
    log power to valence and arousal.
    """

    towards: tuple[float, float, float]
    peak_hz: float
    width_hz: float
    size_uv: float
    valence: float
    arousal: float


RHYTHMS = (
    Rhythm((0.0, -0.8, 0.5), 10.0, 1.0, 6.0, 0.0, -0.8),
    Rhythm((-0.5, -0.7, 0.5), 10.0, 1.0, 4.0, 0.0, -0.6),
    Rhythm((0.5, -0.7, 0.5), 10.0, 1.0, 4.0, 0.0, -0.6),
    Rhythm((-0.5, 0.7, 0.5), 10.0, 1.2, 3.0, -0.7, -0.3),
    Rhythm((0.5, 0.7, 0.5), 10.0, 1.2, 3.0, 0.7, -0.3),
    Rhythm((0.0, 0.6, 0.8), 6.0, 0.9, 3.5, 0.6, 0.3),
    Rhythm((-0.7, 0.1, 0.7), 20.0, 3.0, 2.0, 0.3, 0.7),
    Rhythm((0.7, 0.1, 0.7), 20.0, 3.0, 2.0, -0.3, 0.7),
    Rhythm((-0.95, 0.0, 0.2), 36.0, 5.0, 1.2, 0.6, 0.4),
    Rhythm((0.95, 0.0, 0.2), 36.0, 5.0, 1.2, 0.6, 0.4),
)
MUSCLES = (
    Rhythm((-0.9, 0.45, -0.1), 70.0, 40.0, 2.5, 0.3, 0.5),
    Rhythm((0.9, 0.45, -0.1), 70.0, 40.0, 2.5, 0.3, 0.5),
    Rhythm((0.0, 1.0, 0.1), 60.0, 35.0, 2.0, -0.6, 0.3),
)
GENERATORS = RHYTHMS + MUSCLES


@dataclass(frozen=True)
class Variation:
    """How subjects and trials differ, in units of log power unless said otherwise.

    With these values EEGNet reaches about the published 39 % for EAV on subjects that it was not trained on.
    """

    effect: float = 0.8  # strength of the average answer to emotion
    own: float = 0.35  # a subject's own answer, the same in all trials
    flip: float = 0.08  # share of rhythms that answer with the opposite sign
    baseline: float = 0.4
    trial: float = 0.65


@dataclass(frozen=True)
class Subject:
    """One simulated subject. `answers` (5, G) is what each emotion adds to the generators' log power."""

    number: int
    seed: int
    answers: Array
    mixing: Array  # (30, G + BACKGROUND_DIPOLES)
    spectra: Array  # (G + BACKGROUND_DIPOLES, frequencies), amplitude
    blink: Array  # (30,)
    blinks_per_s: float
    mains: Array  # (30,)
    trial_spread: float


def _rng(*key: int) -> np.random.Generator:
    return np.random.default_rng(key)


def _unit(vectors: Array) -> Array:
    units: Array = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return units


def _near_surface(towards: Array, width: float) -> Array:
    """Fading (30,) of a source outside the skull over the scalp; `width` in radians."""
    angles = np.arccos(np.clip(head().electrodes @ _unit(towards), -1, 1))
    fading: Array = np.exp(-angles / width)
    return fading


def _scaled(spectrum: Array) -> Array:
    """Make the time course of this amplitude spectrum have a root mean square of one."""
    scaled: Array = spectrum * EAV_SAMPLES / np.sqrt(2 * np.sum(spectrum**2))
    return scaled


def simulate_subject(number: int, seed: int, variation: Variation = Variation()) -> Subject:
    """The subject with this number; the same for the same seed."""
    rng = _rng(seed, number)
    count = len(GENERATORS)
    average = np.array([[rhythm.valence, rhythm.arousal] for rhythm in GENERATORS])
    strength = variation.effect * rng.lognormal(0, 0.3)
    signs = np.where(rng.random(count) < variation.flip, -1.0, 1.0)
    own = rng.normal(0, variation.own, (len(EMOTIONS), count))
    own -= own.mean(axis=0)
    answers = strength * signs * (VALENCE_AROUSAL @ average.T) + own

    columns, spectra = [], []
    alpha_shift = rng.normal(0, 0.8)
    for rhythm in GENERATORS:
        towards = _unit(np.array(rhythm.towards) + rng.normal(0, 0.12, 3))
        if rhythm in MUSCLES:
            column = _near_surface(towards, 0.35)
            band = np.exp(-0.5 * ((FREQUENCIES - rhythm.peak_hz) / rhythm.width_hz) ** 2)
        else:
            column = head().topography(towards, _unit(towards + rng.normal(0, 0.35, 3)))
            peak = rhythm.peak_hz + (alpha_shift if rhythm.peak_hz == 10.0 else rng.normal(0, 0.05) * rhythm.peak_hz)
            band = np.exp(-0.5 * ((FREQUENCIES - peak) / rhythm.width_hz) ** 2)
        loud = rhythm.size_uv * np.exp(rng.normal(0, variation.baseline) / 2)
        columns.append(column / np.abs(column).max() * loud)
        spectra.append(_scaled(np.where(FREQUENCIES > HIGH_PASS_HZ, band, 0)))

    directions = _unit(rng.normal(size=(BACKGROUND_DIPOLES, 3)) * (1, 1, 0.7) + (0, 0, 0.5))
    background = np.stack([head().topography(towards, _unit(rng.normal(size=3))) for towards in directions], axis=1)
    background *= BACKGROUND_UV * rng.lognormal(0, 0.2) / np.sqrt((background**2).sum(axis=1).mean())
    exponent = rng.normal(1.1, 0.12)
    fall = np.zeros_like(FREQUENCIES)
    kept = FREQUENCIES >= HIGH_PASS_HZ
    fall[kept] = FREQUENCIES[kept] ** -(exponent / 2)
    spectra += [_scaled(fall)] * BACKGROUND_DIPOLES

    eyes = _near_surface(np.array([-0.35, 1.0, -0.25]), 0.4) + _near_surface(np.array([0.35, 1.0, -0.25]), 0.4)
    return Subject(
        number=number,
        seed=seed,
        answers=answers,
        mixing=np.concatenate([np.stack(columns, axis=1), background], axis=1),
        spectra=np.stack(spectra).astype(np.float32),
        blink=eyes / eyes.max() * rng.uniform(60, 140),
        blinks_per_s=rng.uniform(0.1, 0.45),
        mains=rng.lognormal(0, 0.4, len(background)) * rng.uniform(0.3, 1.5),
        trial_spread=variation.trial,
    )


def record(subject: Subject, emotion: int, trial: int) -> Trial:
    """One trial of `subject` feeling EMOTIONS[emotion]: (30, 10000) microvolt. `trial` seeds what is random in it."""
    rng = _rng(subject.seed, subject.number, trial)
    count = len(GENERATORS)
    log_power = subject.answers[emotion] + rng.normal(0, subject.trial_spread, count)
    sizes = np.concatenate([np.exp(log_power / 2), np.ones(BACKGROUND_DIPOLES)])
    shape = subject.spectra.shape
    noise = rng.standard_normal(shape, dtype=np.float32) + 1j * rng.standard_normal(shape, dtype=np.float32)
    noise *= subject.spectra / np.float32(np.sqrt(2))
    scalp = irfft((subject.mixing * sizes).astype(np.float32) @ noise, EAV_SAMPLES, axis=1)
    time = np.arange(EAV_SAMPLES) / EAV_RATE
    scalp += np.outer(subject.mains, np.sin(2 * np.pi * (MAINS_HZ * time + rng.random())))
    scalp += np.outer(subject.blink, _blinks(time, subject.blinks_per_s, rng))
    microvolt: Trial = scalp.astype(np.float32)
    return microvolt


def _blinks(time: Array, per_s: float, rng: np.random.Generator) -> Array:
    course = np.zeros_like(time)
    for start in rng.uniform(0, time[-1], rng.poisson(per_s * time[-1])):
        phase = (time - start) / (BLINK_S * rng.uniform(0.8, 1.3))
        open_eyes = (phase < 0) | (phase > 1)
        course += np.where(open_eyes, 0, np.sin(np.pi * phase.clip(0, 1)) ** 2) * rng.uniform(0.7, 1.2)
    return course


def session() -> list[int]:
    """The emotions of the 100 spoken trials of a session, in EAV's order of conversations."""
    by_initial = {name[0].upper(): index for index, name in enumerate(EMOTIONS)}
    return [emotion for initial in CONVERSATIONS for emotion in (0, *[by_initial[initial]] * 4)]
