"""A voice is found by silero-vad, or by its level."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from scipy.signal import resample_poly

from inference.models.voice_detector import DetectorState, load_detector
from inference.timeline.evidence import MIN_VOICE
from inference.voice_activity import SAMPLE_RATE, VoiceActivity, measure_voice
from tests.inference.sounds import SAMPLES

SHARED = Path("/work/shared/data")
TIME = np.arange(10 * SAMPLE_RATE) / SAMPLE_RATE


def chord(*pitches: float) -> np.ndarray:
    """A chord of tones with six harmonics each."""
    return sum((0.03 * np.sin(2 * np.pi * f * k * TIME) / k for f in pitches for k in range(1, 7)), np.zeros_like(TIME))


def melody() -> np.ndarray:
    """Two plucked tones a second."""
    random, notes = np.random.default_rng(0), []
    time = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
    for pitch in random.choice([220, 247, 262, 294, 330, 349, 392, 440], 20):
        tone = sum((np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 8)), np.zeros_like(time))
        notes.append(0.1 * tone * np.exp(-3 * time))
    return np.concatenate(notes)


NO_VOICE: dict[str, Callable[[], np.ndarray]] = {
    "silence": lambda: np.zeros_like(TIME),
    "white noise": lambda: np.random.default_rng(0).normal(0, 0.1, len(TIME)),
    "quiet noise": lambda: np.random.default_rng(0).normal(0, 0.001, len(TIME)),
    "mains hum": lambda: 0.1 * np.sin(2 * np.pi * 50 * TIME) + 0.05 * np.sin(2 * np.pi * 150 * TIME),
    "chord": lambda: chord(220, 277, 330),
    "swelling chord": lambda: chord(131, 165, 196) * (0.5 + 0.5 * np.sin(2 * np.pi * 0.5 * TIME)),
    "melody": melody,
}


def read(path: Path) -> np.ndarray:
    sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return resample_poly(sound.mean(1), SAMPLE_RATE, rate).astype(np.float32)


@pytest.mark.slow
@pytest.mark.parametrize("name", NO_VOICE)
@pytest.mark.parametrize("gain", [1.0, 0.1])
def test_music_noise_and_hum_are_no_voice(name: str, gain: float) -> None:
    sound = (gain * NO_VOICE[name]()).astype(np.float32)
    assert measure_voice([sound], "silero").voiced.mean() < MIN_VOICE


def test_music_is_loud() -> None:
    activity = measure_voice([chord(220, 277, 330).astype(np.float32)], "level")
    assert activity.voiced.mean() > 0.95


def test_the_voice_of_the_sample_is_found_and_its_pauses_are_not() -> None:
    sound = read(SAMPLES / "interview.wav")
    activity = measure_voice([sound], "silero")
    assert 0.4 < activity.voiced.mean() < 0.8
    assert activity.level_db is not None
    # The level is that of speech: pauses, here half of the recording, do not lower it.
    paused = measure_voice([sound, np.zeros_like(sound)], "silero")
    assert paused.voiced.mean() == pytest.approx(activity.voiced.mean() / 2, abs=0.02)
    assert paused.level_db == pytest.approx(activity.level_db, abs=0.1)


@pytest.mark.parametrize("detection", ["silero", "level"])
@pytest.mark.parametrize("size", [320, 4096, 100_001])
def test_it_does_not_depend_on_the_chunks_that_the_sound_comes_in(detection: str, size: int) -> None:
    sound = read(SAMPLES / "interview.wav")[: 8 * SAMPLE_RATE + 100]
    chunks: Iterator[np.ndarray] = (sound[first : first + size] for first in range(0, len(sound), size))
    whole, pieces = measure_voice([sound], detection), measure_voice(chunks, detection)  # type: ignore[arg-type]
    assert len(whole.voiced) == 251
    np.testing.assert_array_equal(whole.voiced, pieces.voiced)
    assert whole.level_db is not None
    assert pieces.level_db == pytest.approx(whole.level_db, abs=1e-3)


@pytest.mark.parametrize("detection", ["silero", "level"])
def test_a_quieter_voice_has_the_same_activity_and_a_lower_level(detection: str) -> None:
    sound = read(SAMPLES / "interview.wav")
    loud, quiet = (measure_voice([gain * sound], detection) for gain in (1.0, 0.25))  # type: ignore[arg-type]
    assert loud.level_db is not None
    assert quiet.level_db == pytest.approx(loud.level_db - 12, abs=0.5)
    assert quiet.voiced.mean() == pytest.approx(loud.voiced.mean(), abs=0.1)


@pytest.mark.parametrize("chunks", [[], [np.zeros(0, np.float32)], [np.zeros(5, np.float32)]])
def test_hardly_any_sound_has_no_voice(chunks: list[np.ndarray]) -> None:
    activity = measure_voice(chunks, "silero")
    assert not activity.voiced.any()
    assert activity.level_db is None
    assert activity.ratio(0.0, 3.6) == 0.0


def test_the_share_of_a_window_counts_what_lies_behind_the_end_as_silence() -> None:
    activity = VoiceActivity(np.repeat([False, True], 125), -30.0)  # a voice from 4 to 8 s
    assert activity.ratio(0.0, 3.6) == 0.0
    assert activity.ratio(2.0, 4.0) == pytest.approx(0.5, abs=0.01)
    assert activity.ratio(4.0, 3.6) == 1.0
    assert activity.ratio(6.0, 4.0) == pytest.approx(0.5, abs=0.01)


@torch.inference_mode()
def test_the_detector_keeps_its_state_between_calls() -> None:
    detector, sound = load_detector(), torch.from_numpy(read(SAMPLES / "interview.wav")[: 512 * 200])
    whole, _ = detector(sound, DetectorState.initial())
    first, state = detector(sound[: 512 * 70], DetectorState.initial())
    second, _ = detector(sound[512 * 70 :], state)
    torch.testing.assert_close(torch.cat((first, second)), whole, rtol=0, atol=1e-5)
    anew, _ = detector(sound[512 * 70 :], DetectorState.initial())
    assert not torch.allclose(anew, second, rtol=0, atol=1e-3)


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs recordings of people")
@pytest.mark.parametrize("folder", ["ravdess_speech", "speech/nemo", "speech/emodb", "speech/kemo"])
def test_people_who_speak_have_a_voice(folder: str) -> None:
    clips = sorted((SHARED / folder).glob("*/*.flac"))[::60]
    assert clips
    assert all(measure_voice([read(clip)], "silero").voiced.mean() > 0.3 for clip in clips)
