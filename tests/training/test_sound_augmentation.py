"""Augmentation of sound: what each change does to level, band, length and noise, from the same seed alike."""

import numpy as np
import pytest

from training.features import sound_augmentation as augmentation
from training.features.sound_augmentation import Codec, Sound, SoundAugmentation

RATE = 16000


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def voice(seconds: float = 1.5) -> Sound:
    """A harmonic sound whose level follows syllables, between silences of a quarter of a second."""
    time = np.arange(round(seconds * RATE)) / RATE
    wave = sum(np.sin(2 * np.pi * 170 * k * time) / k for k in range(1, 30)) * np.sin(2 * np.pi * 2 * time) ** 2
    return np.pad(0.1 * wave, RATE // 4)


def power(sound: Sound, low: float, high: float) -> float:
    """Power between two frequencies."""
    spectrum, hz = np.abs(np.fft.rfft(sound)) ** 2, np.fft.rfftfreq(len(sound), 1 / RATE)
    return float(spectrum[(hz >= low) & (hz < high)].sum())


def test_a_telephone_has_its_band_alone() -> None:
    heard = augmentation.degrade("telephone", voice(), RATE, generator(), [])
    assert power(heard, 500, 3000) == pytest.approx(power(voice(), 500, 3000), rel=0.1)
    assert power(heard, 0, 200) < 0.1 * power(voice(), 0, 200)
    assert power(heard, 4500, 8000) < 0.1 * power(voice(), 4500, 8000)
    assert len(np.unique(heard)) <= 255, "eight bits"


def test_a_room_fills_the_silence_behind_the_voice() -> None:
    sound = voice()
    heard = augmentation.degrade("reverb", sound, RATE, generator(), [])
    assert len(heard) == len(sound)
    tail = slice(-RATE // 4, None)
    assert np.abs(sound[tail]).max() == 0
    assert np.sqrt(np.mean(heard[tail] ** 2)) > 0.05 * np.sqrt(np.mean(heard**2))


def test_reverberation_falls_by_sixty_decibels_in_its_time() -> None:
    click = np.zeros(2 * RATE)
    click[0] = 1
    heard = augmentation.reverberate(click, RATE, generator(), 0.5, direct_db=-40.0)
    early, late = (np.mean(heard[round(at * RATE) :][:800] ** 2) for at in (0.05, 0.30))
    assert 10 * np.log10(early / late) == pytest.approx(30, abs=2)


def test_a_background_has_the_ratio_asked_for() -> None:
    sound = voice()
    mixed = augmentation.degrade("babble", sound, RATE, generator(), [voice(1.0), voice(0.7)])
    assert 10 * np.log10(np.mean(sound**2) / np.mean((mixed - sound) ** 2)) == pytest.approx(5, abs=0.01)


@pytest.mark.slow
def test_silence_is_trimmed_at_both_ends() -> None:
    trimmed = augmentation.degrade("trimmed", voice(), RATE, generator(), [])
    assert len(voice()) - len(trimmed) == pytest.approx(RATE / 2, abs=0.1 * RATE)
    assert len(augmentation.trim(np.zeros(100))) == 100


def test_low_pass_speed_and_level() -> None:
    sound = voice()
    assert power(augmentation.low_pass(sound, RATE, 2000), 4000, 8000) < 1e-3 * power(sound, 4000, 8000)
    assert len(augmentation.change_speed(sound, 110)) == pytest.approx(len(sound) / 1.1, abs=2)
    np.testing.assert_allclose(augmentation.change_level(sound, -6.0), sound * 0.501187, rtol=1e-5)


@pytest.mark.parametrize("codec", ["mp3", "vorbis", "opus"])
def test_a_codec_keeps_length_and_most_of_the_sound(codec: Codec) -> None:
    sound = voice()
    heard = augmentation.compress(sound, RATE, codec)
    assert len(heard) == len(sound)
    assert not np.allclose(heard, sound, atol=1e-4)
    assert power(heard, 100, 1500) == pytest.approx(power(sound, 100, 1500), rel=0.3)


def test_hum_and_music_have_tones_and_noise_has_none() -> None:
    length = 2 * RATE

    def peak(sound: Sound) -> float:
        spectrum = np.abs(np.fft.rfft(sound))
        return float(spectrum.max() / np.median(spectrum))

    assert peak(augmentation.hum(length, RATE, generator())) > 100
    assert peak(augmentation.music(length, RATE, generator())) > 100
    assert peak(augmentation.noise(length, generator())) < 100


def test_augmentation_is_seeded_finite_and_varied() -> None:
    sound = voice()
    augment = SoundAugmentation(RATE, [voice(1.0)])
    heard = [augment(sound, generator(seed)) for seed in range(40)]
    np.testing.assert_array_equal(heard[3], augment(sound, generator(3)))
    assert all(np.isfinite(each).all() and 0.4 * RATE < len(each) < 1.2 * len(sound) for each in heard)
    assert len({each.tobytes() for each in heard}) == 40
    np.testing.assert_array_equal(sound, voice())
