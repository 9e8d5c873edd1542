"""Windows of speech: cached rows resume, and each variant of a clip is the encoder's view of the right sound."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import save_file

from inference.model_spec import SpeechEncoderInput
from inference.models.speech_encoder import SpeechEncoder, log_mel
from training.data import cache
from training.data.speech_corpora import SpeechClip
from training.features import speech_windows
from training.features.speech_windows import SpeechWindows

RATE = 16000
SPEC = SpeechEncoderInput(
    sample_rate=RATE, n_mels=80, n_fft=400, hop_length=160, frames=180, chunk_s=10.0, context_s=1.0, level_db=-26.0
)


@pytest.fixture
def windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SpeechWindows:
    """Of three clips of a second and a half and one of five seconds, by an untrained encoder of one block."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    clips = []
    for number, (label, seconds) in enumerate((("sad", 1.5), ("sad", 1.5), ("angry", 1.5), ("happy", 5.0))):
        path = tmp_path / f"{number}.wav"
        envelope = np.sin(2 * np.pi * 3 * np.arange(round(seconds * RATE)) / RATE) ** 2
        soundfile.write(path, 0.05 * envelope * random.standard_normal(len(envelope)), RATE)
        clips.append(SpeechClip(path, label, "nemo/a", "nemo"))
    torch.manual_seed(0)
    encoder = SpeechEncoder((1,))
    save_file(encoder.state_dict(), tmp_path / "encoder.safetensors")

    def load(network: SpeechEncoder, path: Path) -> None:
        network.load_state_dict(encoder.state_dict())

    monkeypatch.setattr(speech_windows, "load_pretrained", load)
    return SpeechWindows(clips, SPEC, 1, None, tmp_path / "encoder.safetensors", seed=1)


def test_a_short_clip_is_encoded_from_its_start_with_silence_behind(windows: SpeechWindows) -> None:
    sound = np.pad(windows._level(windows.sounds[0]), (0, windows.samples - len(windows.sounds[0])))
    whole = log_mel(torch.from_numpy(sound).float(), SPEC).unsqueeze(0)
    with torch.inference_mode():
        expected = windows.encoder(whole)[0]
    np.testing.assert_allclose(windows.window(0, "clean"), expected, atol=0.02)  # bfloat16


def test_the_middle_of_a_long_clip_is_encoded_with_its_context(windows: SpeechWindows) -> None:
    sound = torch.from_numpy(windows._level(windows.sounds[3]).copy())
    with torch.inference_mode():
        whole = windows.encoder(log_mel(sound.float(), SPEC).unsqueeze(0))[0]
    first = (len(sound) - windows.samples) // 2
    expected = whole[round(first / SPEC.frame_samples) :][: SPEC.frames]
    window = windows.window(3, "clean")
    assert np.corrcoef(window.ravel(), expected.numpy().ravel())[0, 1] > 0.95


def test_a_level_is_reached(windows: SpeechWindows) -> None:
    sound = windows.sounds[0]
    np.testing.assert_allclose(windows._level(sound), windows._level(0.3 * sound), rtol=0.1, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["telephone", "reverb", "babble", "trimmed", 0, 1, 2, 3, 4, 5])
def test_every_variant_is_a_finite_window_that_its_seed_repeats(windows: SpeechWindows, variant: str | int) -> None:
    window = windows.window(0, variant)
    assert window.shape == (180, 384) and np.isfinite(window).all()
    np.testing.assert_array_equal(window, windows.window(0, variant))
    assert not np.allclose(window, windows.window(0, "clean"), atol=1e-2)


def test_variants_are_computed_once(windows: SpeechWindows, monkeypatch: pytest.MonkeyPatch) -> None:
    first = windows.variant(0)
    assert first.shape == (4, 180, 384) and first.dtype == np.float16
    monkeypatch.setattr(windows, "window", lambda *arguments: pytest.fail("computed again"))
    np.testing.assert_array_equal(windows.variant(0), first)


def test_rows_resume_where_a_run_was_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "DIRECTORY", tmp_path)
    monkeypatch.setattr(cache, "_REPORT_EVERY", 2)
    computed: list[int] = []

    def compute(row: int) -> np.ndarray:
        if row == 3 and len(computed) < 4:
            computed.append(-1)
            raise KeyboardInterrupt
        computed.append(row)
        return np.full(3, row, dtype=np.float32)

    with pytest.raises(KeyboardInterrupt):
        cache.cached_rows("rows", ("key",), (5, 3), compute)
    rows = cache.cached_rows("rows", ("key",), (5, 3), compute)
    assert computed == [0, 1, 2, -1, 2, 3, 4]
    np.testing.assert_array_equal(rows, np.repeat(np.arange(5)[:, None], 3, axis=1))
    assert [path.suffix for path in tmp_path.iterdir()] == [".npy"]


def test_random_variants_stand_anywhere_in_a_chunk(windows: SpeechWindows) -> None:
    generator = np.random.default_rng(0)
    places = [windows._position(0, 250, generator) for _ in range(500)]
    assert min(places) < 10
    assert max(places) in range(round(50 * (SPEC.chunk_s + 2 * SPEC.context_s)) - 260, 1501 - 250)
    assert windows._position("clean", 250, generator) == 0
