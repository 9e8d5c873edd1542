import numpy as np
import pytest

from inference import speech
from inference.model_spec import SpeechInput

SPEC = SpeechInput(sample_rate=22050, n_mfcc=10, frames=156, n_fft=2048, hop_length=512, n_mels=128)


def tone(seconds: float, level: float) -> np.ndarray:
    time = np.arange(round(seconds * 22050)) / 22050
    return (level * np.sin(2 * np.pi * 220 * time)).astype(np.float32)


def test_a_window_has_the_published_mfcc_shape() -> None:
    assert speech.mfcc(tone(3.6, 0.1), SPEC).shape == (10, 156)


def test_louder_sound_raises_only_the_first_coefficient() -> None:
    quiet, loud = speech.mfcc(tone(3.6, 0.05), SPEC), speech.mfcc(tone(3.6, 0.5), SPEC)
    assert (loud[0] > quiet[0] + 50).all()
    np.testing.assert_allclose(loud[1:], quiet[1:], atol=0.05)


@pytest.mark.parametrize("chunk", [100, 1024, 50_000])
def test_windows_are_cut_as_from_the_whole_sound(chunk: int) -> None:
    sound = np.random.default_rng(0).standard_normal(10_000).astype(np.float32)
    pieces = (sound[first : first + chunk] for first in range(0, len(sound), chunk))
    starts = [0.0, 0.3, 0.3, 2.0, 7.5]
    cut = list(speech.cut_windows(pieces, starts, seconds=3.0, rate=1000))
    for start, window in zip(starts, cut, strict=True):
        whole = sound[round(start * 1000) :][:3000]
        np.testing.assert_array_equal(window[: len(whole)], whole)
        assert not window[len(whole) :].any()
        assert len(window) == 3000


def test_windows_behind_the_end_are_silent() -> None:
    cut = list(speech.cut_windows([np.ones(500, dtype=np.float32)], [0.0, 5.0], seconds=1.0, rate=1000))
    assert cut[0].sum() == 500
    assert not cut[1].any()


def test_a_recording_without_sound_gives_silent_windows() -> None:
    (window,) = speech.cut_windows([], [1.0], seconds=3.6, rate=22050)
    assert window.shape == (79380,)
    assert not window.any()


def test_voice_share_counts_the_time_with_sound() -> None:
    assert speech.voice_activity_ratio(np.zeros(79380, dtype=np.float32), 22050) == 0.0
    assert speech.voice_activity_ratio(tone(3.6, 0.1), 22050) == 1.0
    half = np.concatenate((tone(1.8, 0.1), np.zeros(39690, dtype=np.float32)))
    assert speech.voice_activity_ratio(half, 22050) == pytest.approx(0.5, abs=0.02)


def test_room_noise_and_mains_hum_are_no_voice() -> None:
    noise = 0.0005 * np.random.default_rng(0).standard_normal(79380).astype(np.float32)
    hum = (0.1 * np.sin(2 * np.pi * 40 * np.arange(79380) / 22050)).astype(np.float32)
    assert speech.voice_activity_ratio(noise, 22050) == 0.0
    assert speech.voice_activity_ratio(hum, 22050) == 0.0


def test_the_level_of_a_voice_is_that_of_its_voiced_frames() -> None:
    voice, silence = tone(1.0, 0.1), np.zeros(3 * 22050, np.float32)
    expected = 10 * np.log10(0.1**2 / 2)
    assert speech.voice_level([voice], 22050) == pytest.approx(expected, abs=0.2)
    assert speech.voice_level([voice, silence], 22050) == pytest.approx(expected, abs=0.2)
    assert speech.voice_level([voice / 10], 22050) == pytest.approx(expected - 20, abs=0.2)
    assert speech.voice_level([silence], 22050) is None
    assert speech.voice_level([], 22050) is None
