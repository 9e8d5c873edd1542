"""The speech encoder, and every fusion with the audio branch that reads it."""

from pathlib import Path
from typing import Any

import librosa
import msgspec
import numpy as np
import pytest
import torch
from msgspec import convert
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from inference import store
from inference.hashing import sha256_file
from inference.model_spec import AudioVisualArchitecture, SpeechEncoderInput, parse_spec
from inference.models import build_model
from inference.models.audio_branches import EncoderBranch
from inference.models.audio_visual import FUSIONS, AudioVisualNetwork
from inference.models.speech_encoder import SpeechEncoder, _mel_filters, log_mel
from tests.model_specs import spec_data
from training.publishing.weights import write

LAYERS = (1, 3)
SPEC = SpeechEncoderInput(
    sample_rate=16_000, n_mels=80, n_fft=400, hop_length=160, frames=180, chunk_s=10.0, context_s=1.0
)


def architecture(fusion: str) -> dict[str, Any]:
    return {"fusion": fusion, "backbone": "residual", "audio_branch": "encoder", "encoder_layers": LAYERS}


def encoder_spec(fusion: str = "intermediate-attention", **fields: Any) -> dict[str, Any]:
    """A specification whose network reads 48 px faces and the speech encoder, with these fields."""
    face = spec_data("audio-video")["face"] | {"size": 48, "native_size": 48}
    usual = {"architecture": architecture(fusion), "face": face, "speech": None, "encoder": msgspec.to_builtins(SPEC)}
    return spec_data("audio-video", **usual | fields)


def built(fusion: str, **changes: Any) -> AudioVisualNetwork:
    torch.manual_seed(0)
    network = build_model(convert(architecture(fusion) | changes, AudioVisualArchitecture), 2)
    assert isinstance(network, AudioVisualNetwork)
    return network.eval()


@pytest.fixture(scope="module", params=FUSIONS)
def fusion(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def network(fusion: str) -> AudioVisualNetwork:
    return built(fusion)


@pytest.fixture
def window(network: AudioVisualNetwork) -> tuple[Tensor, Tensor]:
    """Hidden states and face features of two windows."""
    generator = torch.Generator().manual_seed(1)
    faces = network.video.backbone.features
    return torch.randn(2, 180, 2 * 384, generator=generator), torch.rand(2, 15, faces, generator=generator)


@pytest.mark.parametrize(("rate", "n_fft", "bands"), [(16_000, 400, 80), (22_050, 2048, 128)])
def test_the_mel_filters_are_librosas(rate: int, n_fft: int, bands: int) -> None:
    expected = librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=bands)
    np.testing.assert_allclose(_mel_filters(rate, n_fft, bands).numpy(), expected, rtol=1e-4, atol=1e-8)


def test_the_log_mel_spectrogram_is_whispers() -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 8000).astype(np.float32)
    sound[4000:] *= 1e-6
    mel = librosa.feature.melspectrogram(y=sound, sr=16_000, n_fft=400, hop_length=160, n_mels=80, pad_mode="reflect")
    expected = np.log10(np.maximum(mel[:, :-1], 1e-10))
    expected = (np.maximum(expected, expected.max() - 8) + 4) / 4
    np.testing.assert_allclose(log_mel(torch.from_numpy(sound), SPEC).numpy(), expected, atol=1e-4)
    assert log_mel(torch.zeros(2, 8000), SPEC).shape == (2, 80, 50)


def test_it_halves_the_frames_and_gives_the_hidden_states_of_its_layers_side_by_side() -> None:
    torch.manual_seed(0)
    every, some = SpeechEncoder((1, 2, 3)).eval(), SpeechEncoder((1, 3)).eval()
    some.load_state_dict(every.state_dict())
    mel = torch.randn(2, 80, 40)
    hidden = every(mel)
    assert hidden.shape == (2, 20, 3 * 384)
    torch.testing.assert_close(some(mel), torch.cat((hidden[..., :384], hidden[..., 768:]), dim=2))


def test_it_distinguishes_the_order_of_frames() -> None:
    encoder = SpeechEncoder((1,)).eval()
    still = encoder(torch.ones(1, 80, 40))
    assert not torch.allclose(still[:, 5], still[:, 10], atol=1e-3)


def test_a_frame_attends_to_its_neighbours_alone_within_an_attention_window() -> None:
    torch.manual_seed(0)
    whole, near = SpeechEncoder((1, 2)).eval(), SpeechEncoder((1, 2), attention_window=5).eval()
    near.load_state_dict(whole.state_dict())
    mel = torch.randn(1, 80, 80)
    changed = torch.cat((mel[..., :60], torch.randn(1, 80, 20)), dim=2)
    # Two blocks reach 10 frames, the convolutions one and a half more: frames from 30 on differ.
    torch.testing.assert_close(near(mel)[:, :18], near(changed)[:, :18])
    assert not torch.allclose(near(mel)[:, 22], near(changed)[:, 22], atol=1e-4)
    assert not torch.allclose(whole(mel)[:, :18], whole(changed)[:, :18], atol=1e-4)
    wide = SpeechEncoder((1, 2), attention_window=40).eval()
    wide.load_state_dict(whole.state_dict())
    torch.testing.assert_close(wide(mel), whole(mel))


@pytest.mark.parametrize("layers", [(), (0,), (2, 1), (1, 1)])
def test_layers_that_are_none_are_refused(layers: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="rising numbers from 1"):
        SpeechEncoder(layers)


@pytest.mark.parametrize("shape", [(1, 80, 0), (1, 80, 3), (1, 40, 20), (1, 80, 3002), (80, 20)])
def test_a_spectrogram_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected \\(B, 80, 2T\\)"):
        SpeechEncoder((1,))(torch.zeros(shape))


@pytest.mark.slow
def test_a_network_encodes_speech_and_fuses_it_with_faces(
    network: AudioVisualNetwork, window: tuple[Tensor, Tensor]
) -> None:
    hidden = network.speech_features(torch.randn(2, 80, 360))
    assert hidden.shape == window[0].shape
    assert network.fuse(hidden, window[1]).shape == (2, 2)
    assert network.embed(network.audio.features(hidden), window[1]).shape == (2, 256)


def test_stages_keep_the_length(network: AudioVisualNetwork, window: tuple[Tensor, Tensor]) -> None:
    audio = network.audio.intermediate(window[0])
    assert audio.shape == network.audio.stage2(audio).shape == (2, 128, 180)
    with pytest.raises(ValueError, match="expected \\(B, 180, 768\\)"):
        network.audio.intermediate(window[0][:, 1:])


@pytest.mark.slow
def test_gradients_reach_all_that_learns(network: AudioVisualNetwork, fusion: str) -> None:
    logits = network.train()(network.speech_features(torch.randn(2, 80, 360)), torch.rand(30, 3, 48, 48))
    functional.cross_entropy(logits, torch.tensor([0, 1])).backward()
    # A block of the image network begins as the identity: its first layers learn from the second step on.
    learning = [(name, p) for name, p in network.named_parameters() if not name.startswith("video.backbone")]
    idle = {name for name, parameter in learning if parameter.grad is None or not parameter.grad.any()}
    own = {f"{branch}.classifier.{part}" for branch in ("audio", "video") for part in ("weight", "bias")}
    dead = {f"{way}.projection.{part}" for way in ("audio_to_video", "video_to_audio") for part in ("weight", "bias")}
    assert idle == own | (dead if fusion == "intermediate-attention" else set())


@pytest.mark.slow
@pytest.mark.parametrize("training", [False, True], ids=["inference", "training"])
def test_speech_that_is_missing_gives_finite_logits_and_gradients(
    network: AudioVisualNetwork, window: tuple[Tensor, Tensor], training: bool
) -> None:
    logits = network.train(training).fuse(torch.zeros_like(window[0]), window[1])
    assert logits.isfinite().all()
    logits.sum().backward()
    assert all(p.grad.isfinite().all() for p in network.parameters() if p.grad is not None)


@pytest.mark.slow
def test_the_order_of_time_and_the_variation_over_it_reach_the_logits(
    network: AudioVisualNetwork, window: tuple[Tensor, Tensor]
) -> None:
    hidden, faces = window
    logits = network.fuse(hidden, faces)
    assert torch.equal(logits, network.fuse(hidden, faces))
    assert not torch.allclose(logits, network.fuse(hidden.flip(0), faces))
    assert not torch.allclose(logits, network.fuse(hidden.mean(1, keepdim=True).expand_as(hidden), faces))


def test_dropout_changes_the_voice_in_training_alone() -> None:
    branch = EncoderBranch(2, LAYERS, dropout=0.5)
    audio, statistics = torch.randn(2, 128, 180), torch.randn(2, 128)
    assert not torch.equal(branch.pool(audio, statistics), branch.pool(audio, statistics))
    assert torch.equal(branch.eval().pool(audio, statistics), branch.pool(audio, statistics))


@pytest.mark.slow
def test_the_store_gives_back_the_same_network_also_from_half_precision(
    fusion: str,
    network: AudioVisualNetwork,
    window: tuple[Tensor, Tensor],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EMOTRACE_MODELS", str(tmp_path))
    directory = tmp_path / "small" / "1"
    write(directory, network, parse_spec(encoder_spec(fusion)), {}, "")
    loaded = store.load_model(store.get("small"))
    assert isinstance(loaded, AudioVisualNetwork)
    with torch.inference_mode():
        assert torch.equal(loaded.fuse(*window), network.fuse(*window))

    weights = directory / "weights.safetensors"
    half = {name: t.half() if t.is_floating_point() else t for name, t in load_file(weights).items()}
    save_file(half, weights)
    spec = directory / "spec.json"
    text = spec.read_text()
    spec.write_text(text.replace(parse_spec(msgspec.json.decode(text)).weights_sha256, sha256_file(weights)))
    loaded = store.load_model(store.get("small"))
    assert isinstance(loaded, AudioVisualNetwork)
    assert {parameter.dtype for parameter in loaded.parameters()} == {torch.float32}
    with torch.inference_mode():
        torch.testing.assert_close(loaded.fuse(*window), network.fuse(*window), rtol=0.02, atol=0.02)


def test_a_network_on_mfcc_encodes_no_speech() -> None:
    network = built("intermediate-attention", audio_branch="mfcc", encoder_layers=())
    with pytest.raises(ValueError, match="no speech encoder"):
        network.speech_features(torch.randn(1, 80, 360))


@pytest.mark.parametrize(
    "changes",
    [
        {"encoder": None},
        {"speech": spec_data("audio-video")["speech"]},
        {"architecture": {"fusion": "late-transformer"}},
        {"architecture": {"fusion": "late-transformer", "audio_branch": "encoder"}},
        {"architecture": {"fusion": "late-transformer", "encoder_layers": [1]}},
        {"architecture": {"fusion": "late-transformer", "unimodal_classifiers": True}},
        {"architecture": {"fusion": "late-transformer", "attention_window": 75}},
    ],
)
def test_a_specification_whose_branch_lacks_its_input_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError, match="audio_branch"):
        parse_spec(encoder_spec() | changes)
