"""What a network reads of the speech in each window of a recording."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from msgspec.structs import replace
from scipy.signal import resample_poly
from torch import Tensor

from inference import speech
from inference.media.probe import probe_video
from inference.model_spec import AudioVisualSpec, RecordingNorm, SpeechInput, parse_spec
from inference.models.audio_visual import AudioVisualNetwork
from inference.predictors.audio_visual import AudioVisualPredictor
from inference.predictors.face_track import FaceTrack
from inference.recording_norm import scale_and_shift
from inference.speech_input import EncoderWindows, MfccWindows, Sound, SpeechWindow, SpeechWindows
from inference.types import Faces, Inputs, Window
from inference.voice_activity import measure_voice
from tests.inference.sounds import SAMPLES
from tests.inference.test_speech_encoder import SPEC, built, encoder_spec

RATE = SPEC.sample_rate
MFCC = SpeechInput(sample_rate=22050, n_mfcc=10, frames=156, n_fft=2048, hop_length=512, n_mels=128)


@pytest.fixture(scope="module")
def voice() -> np.ndarray:
    """The sample's voice at 16 kHz."""
    sound, rate = soundfile.read(SAMPLES / "interview.wav", dtype="float32")
    return resample_poly(sound, RATE, rate).astype(np.float32)


@pytest.fixture(scope="module")
def network() -> AudioVisualNetwork:
    return built("intermediate-attention")


def chunks(sound: np.ndarray, size: int = 1024) -> list[np.ndarray]:
    return [sound[first : first + size] for first in range(0, len(sound), size)]


def hear(windows: SpeechWindows, sound: Sound, starts: Sequence[float]) -> Iterator[SpeechWindow]:
    return windows(sound, starts, windows.measure(sound))


class Local(AudioVisualNetwork):
    """Has frames in place of an encoder's, each of which knows its own two columns of the spectrogram alone."""

    def speech_features(self, log_mel: Tensor, first: int = 0) -> Tensor:
        return log_mel.unflatten(2, (-1, 2)).mean(3).transpose(1, 2)


@pytest.fixture
def local(network: AudioVisualNetwork, monkeypatch: pytest.MonkeyPatch) -> AudioVisualNetwork:
    monkeypatch.setattr(network, "speech_features", Local.speech_features.__get__(network))
    return network


def encoded(network: AudioVisualNetwork, sound: Iterable[np.ndarray], chunk_s: float, context_s: float) -> np.ndarray:
    spec = replace(SPEC, chunk_s=chunk_s, context_s=context_s)
    return np.concatenate(list(EncoderWindows(network, spec, 3.6, "silero").encode(sound)))


@pytest.mark.parametrize("seconds", [0.01, 1.0, 4.0, 4.5, 5.0, 5.3, 8.0, 13.37])
@pytest.mark.parametrize("size", [100, 1024, 10**6])
def test_chunks_with_their_context_follow_each_other_without_a_seam(
    local: AudioVisualNetwork, seconds: float, size: int
) -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, round(seconds * RATE)).astype(np.float32)
    whole = encoded(local, [sound], chunk_s=20, context_s=0)
    assert len(whole) == -(-len(sound) // 320)
    np.testing.assert_allclose(encoded(local, chunks(sound, size), chunk_s=4, context_s=1), whole, atol=1e-4)


def test_without_context_there_is_a_seam(local: AudioVisualNetwork) -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 8 * RATE).astype(np.float32)
    whole, cut = (encoded(local, [sound], chunk_s, context_s=0) for chunk_s in (20, 4))
    assert np.abs(cut - whole)[198:202].max() > 0.01


@pytest.mark.slow
def test_windows_are_cut_from_one_encoding(network: AudioVisualNetwork, voice: np.ndarray) -> None:
    windows = EncoderWindows(network, SPEC, 3.6, "silero")
    sound = voice[: 13 * RATE]
    starts = [0.0, 0.72, 8.64, 9.36]
    whole = np.concatenate(list(windows.encode([sound])))
    for start, window in zip(starts, hear(windows, lambda rate: chunks(sound), starts), strict=True):
        first = round(50 * start)
        np.testing.assert_allclose(window.features, whole[first : first + 180], atol=1e-4)
        assert window.features.dtype == np.float32
        assert window.voice == measure_voice([sound], "silero").ratio(start, 3.6)


def test_a_recording_that_ends_within_its_window_is_followed_by_silence(
    network: AudioVisualNetwork, voice: np.ndarray
) -> None:
    short = voice[:RATE]
    padded = np.pad(short, (0, round(2.6 * RATE)))
    windows = EncoderWindows(network, SPEC, 3.6, "silero")
    (window,) = hear(windows, lambda rate: chunks(short), [0.0])
    np.testing.assert_allclose(window.features, np.concatenate(list(windows.encode([padded]))), atol=1e-4)
    assert 0 < window.voice < 0.3


@pytest.mark.parametrize("sound", [[], [np.zeros(10 * RATE, np.float32)]], ids=["no sound", "silence"])
def test_without_a_voice_nothing_is_encoded(
    network: AudioVisualNetwork, sound: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "speech_features", lambda log_mel: pytest.fail("encoded"))
    windows = list(hear(EncoderWindows(network, SPEC, 3.6, "silero"), lambda rate: sound, [0.0, 0.72]))
    assert [window.voice for window in windows] == [0.0, 0.0]
    assert all(window.features.shape == (180, 768) and not window.features.any() for window in windows)


def test_a_voice_is_brought_to_the_level_of_the_fit(network: AudioVisualNetwork, voice: np.ndarray) -> None:
    windows = EncoderWindows(network, replace(SPEC, level_db=-36.0), 3.6, "silero")
    sound, heard = voice[: 4 * RATE], []
    encode = windows.encode

    def noted(stream: Iterable[np.ndarray], first: int) -> Iterable[np.ndarray]:
        heard.append(np.concatenate(list(stream)))
        return encode([heard[-1]], first)

    windows.encode = noted  # type: ignore[method-assign, assignment]
    loud, quiet = (next(hear(windows, lambda rate: [gain * sound], [0.0])) for gain in (1.0, 0.25))  # noqa: B023
    levels = [measure_voice([each], "silero").level_db for each in heard]
    assert levels == [pytest.approx(-36, abs=1)] * 2
    np.testing.assert_allclose(loud.features, quiet.features, atol=0.5)


def normalised(network: AudioVisualNetwork, prior_windows: float) -> EncoderWindows:
    norm = RecordingNorm(mean=(7.0,) * 768, deviation=(2.0,) * 768, prior_windows=prior_windows)
    return EncoderWindows(network, SPEC, 3.6, "silero", norm=norm, min_voice=0.2)


@pytest.mark.slow
def test_a_recordings_statistics_are_brought_to_those_of_training(
    network: AudioVisualNetwork, voice: np.ndarray
) -> None:
    sound: Sound = lambda rate: chunks(voice[: 18 * RATE])  # noqa: E731 read twice
    windows = normalised(network, prior_windows=0.0)
    norm = windows.measure_norm(sound, windows.measure(sound))
    assert norm is not None
    heard = [norm(each.features) for each in hear(windows, sound, [0.0, 3.6, 7.2, 10.8, 14.4])]
    # Nearly, as the statistics are of windows that were encoded without what is around.
    assert np.abs(np.mean(heard, axis=(0, 1)) - 7.0).mean() < 0.5
    assert np.abs(np.std(heard, axis=1).mean(0) - 2.0).mean() < 0.2


def test_of_a_long_recording_some_windows_count(
    network: AudioVisualNetwork, voice: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound: Sound = lambda rate: chunks(np.tile(voice[: 6 * RATE], 50))  # noqa: E731 read twice
    windows, counted = normalised(network, prior_windows=0.0), []

    def noted(log_mel: Tensor, first: int) -> Tensor:
        counted.append(first)
        return torch.tensor([1.0, 5.0] * 90).reshape(1, 180, 1).expand(1, 180, 768)

    monkeypatch.setattr(network, "speech_features", noted)
    norm = windows.measure_norm(sound, windows.measure(sound))
    assert norm is not None
    np.testing.assert_allclose(norm(np.full((1, 768), 3.0)), 7.0, rtol=1e-5)
    np.testing.assert_allclose(norm(np.full((1, 768), 5.0)), 9.0, rtol=1e-5)
    assert len(counted) == 40
    assert len({*counted}) > 4, "encoded where they stand in their chunks"


@pytest.mark.parametrize("sound", [[], [np.zeros(10 * RATE, np.float32)]], ids=["no sound", "silence"])
def test_without_a_voice_nothing_is_normalised(network: AudioVisualNetwork, sound: list[np.ndarray]) -> None:
    windows = normalised(network, prior_windows=0.0)
    assert windows.measure_norm(lambda rate: sound, windows.measure(lambda rate: sound)) is None


def test_the_statistics_of_few_windows_count_little() -> None:
    spec = RecordingNorm(mean=(0.0,), deviation=(1.0,), prior_windows=9.0)
    found = np.array([[[2.0], [16.0]]] * 3)
    one, nine, many = scale_and_shift(spec, found, np.array([1.0, 9.0, 1e9]))
    np.testing.assert_allclose(one, [[16**-0.1], [-0.2 * 16**-0.1]])
    np.testing.assert_allclose(nine, [[0.25], [-0.25]])
    np.testing.assert_allclose(many, [[1 / 16], [-2 / 16]], rtol=1e-6)


@pytest.mark.parametrize("detection", ["silero", "level"])
def test_mfcc_take_their_voice_and_level_from_either_detector(voice: np.ndarray, detection: str) -> None:
    time = np.arange(10 * 22050) / 22050
    music = (0.1 * np.sin(2 * np.pi * 220 * time) + 0.05 * np.sin(2 * np.pi * 330 * time)).astype(np.float32)
    both = np.concatenate((resample_poly(voice[: 8 * RATE], 441, 320).astype(np.float32), music))

    def sound(rate: int) -> list[np.ndarray]:
        return chunks(both if rate == 22050 else resample_poly(both, 320, 441).astype(np.float32))

    windows = MfccWindows(replace(MFCC, level_db=-36.0), 3.6, detection)  # type: ignore[arg-type]
    spoken, played = hear(windows, sound, [0.0, 12.0])
    assert spoken.features.shape == played.features.shape == (10, 156)
    assert spoken.voice > 0.4
    assert (played.voice == 0) == (detection == "silero")


def test_mfcc_by_level_are_those_of_the_windows(voice: np.ndarray) -> None:
    (window,) = hear(MfccWindows(replace(MFCC, sample_rate=RATE), 3.6), lambda rate: chunks(voice), [1.44])
    cut = voice[round(1.44 * RATE) :][: round(3.6 * RATE)]
    np.testing.assert_array_equal(window.features, speech.mfcc(cut, replace(MFCC, sample_rate=RATE)))
    assert window.voice == speech.voice_activity_ratio(cut, RATE)


def predict(network: AudioVisualNetwork, inputs: Inputs) -> list[Window]:
    """The windows of 10 s in which no face is seen."""
    spec = parse_spec(encoder_spec(voice_detector="silero"))
    assert isinstance(spec, AudioVisualSpec)
    predictor = AudioVisualPredictor(network, spec)
    seen = np.zeros(len(predictor.sample_times(10.0)), dtype=bool)
    features = torch.zeros(len(seen), network.video.backbone.features)
    track = FaceTrack(features, seen, Faces(predictor.step_s, ()))
    return list(predictor.predict(inputs, probe_video(inputs.video), track, predictor.window_starts(len(seen))))


@pytest.mark.slow
def test_the_predictor_reads_speech_by_the_encoder(network: AudioVisualNetwork, tmp_path: Path) -> None:
    video, hum = SAMPLES / "interview.mp4", tmp_path / "hum.wav"
    soundfile.write(hum, 0.1 * np.sin(2 * np.pi * 150 * np.arange(10 * RATE) / RATE), RATE)
    spoken, hummed = predict(network, Inputs(video)), predict(network, Inputs(video, hum))
    assert len(spoken) == len(hummed) == 10
    assert all(window.voice > 0.3 and set(window.unimodal or {}) == {"voice"} for window in spoken)
    assert all(window.voice == 0 and not window.unimodal for window in hummed)
    assert len({window.logits for window in spoken}) == 10
    assert len({window.logits for window in hummed}) == 1
