"""What holds for every audio-video network: each fusion with one head for five classes and four heads for eight."""

from pathlib import Path
from typing import Any

import pytest
import torch
from msgspec import convert
from torch import Tensor, nn
from torch.nn import functional

from inference import store
from inference.model_spec import AudioVisualArchitecture, parse_spec
from inference.models import build_model
from inference.models.audio_visual import FUSIONS, AudioVisualNetwork, CrossAttention
from inference.predictors.audio_visual import AudioVisualPredictor
from tests.model_specs import spec_data
from training.publishing.weights import write

LABELS = ("neutral", "sad", "angry", "happy", "calm", "fearful", "disgust", "surprised")
PARAMETERS = {
    ("intermediate-attention", 5): 1_853_221,
    ("intermediate-attention", 8): 1_854_766,
    ("intermediate-transformer", 5): 1_936_869,
    ("intermediate-transformer", 8): 1_938_414,
    ("late-transformer", 5): 2_044_005,
    ("late-transformer", 8): 2_045_550,
}
AUDIO_STEPS = {"intermediate-attention": 150, "intermediate-transformer": 150, "late-transformer": 144}
CLASSIFIERS = {f"{branch}.classifier.{part}" for branch in ("audio", "video") for part in ("weight", "bias")}
PROJECTIONS = {
    f"{crossing}.projection.{part}" for crossing in ("audio_to_video", "video_to_audio") for part in ("weight", "bias")
}


def specification(fusion: str, heads: int, classes: int) -> dict[str, Any]:
    return spec_data(
        "audio-video",
        name="variant",
        labels=list(LABELS[:classes]),
        architecture={"fusion": fusion, "heads": heads},
    )


def built(spec: dict[str, Any]) -> AudioVisualNetwork:
    torch.manual_seed(0)
    network = build_model(convert(spec["architecture"], AudioVisualArchitecture), len(spec["labels"]))
    assert isinstance(network, AudioVisualNetwork)
    return network.eval()


@pytest.fixture(scope="module", params=FUSIONS)
def fusion(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module", params=[(1, 5), (4, 8)], ids=["1-head-5-classes", "4-heads-8-classes"])
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    return request.param


@pytest.fixture(scope="module")
def heads(size: tuple[int, int]) -> int:
    return size[0]


@pytest.fixture(scope="module")
def classes(size: tuple[int, int]) -> int:
    return size[1]


@pytest.fixture
def spec(fusion: str, heads: int, classes: int) -> dict[str, Any]:
    return specification(fusion, heads, classes)


@pytest.fixture
def network(spec: dict[str, Any]) -> AudioVisualNetwork:
    return built(spec)


@pytest.fixture
def window() -> tuple[Tensor, Tensor]:
    """MFCC and face features of two windows."""
    generator = torch.Generator().manual_seed(1)
    return torch.randn(2, 10, 156, generator=generator), torch.rand(2, 15, 1024, generator=generator)


@pytest.fixture
def attended(monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    """The weights of every attention, in the order in which they are computed."""
    weights: list[Tensor] = []
    forward, only_weights = CrossAttention.forward, CrossAttention.weights

    def recorded_forward(self: CrossAttention, query: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
        values, last = forward(self, query, key)
        weights.append(last)
        return values, last

    def recorded_weights(self: CrossAttention, query: Tensor, key: Tensor) -> Tensor:
        weights.append(only_weights(self, query, key))
        return weights[-1]

    monkeypatch.setattr(CrossAttention, "forward", recorded_forward)
    monkeypatch.setattr(CrossAttention, "weights", recorded_weights)
    return weights


def test_it_has_the_published_number_of_parameters(network: AudioVisualNetwork, fusion: str, classes: int) -> None:
    assert sum(parameter.numel() for parameter in network.parameters()) == PARAMETERS[fusion, classes]


def test_its_stages_have_the_published_shapes(
    network: AudioVisualNetwork, window: tuple[Tensor, Tensor], fusion: str, classes: int
) -> None:
    shapes: dict[str, tuple[int, ...]] = {}
    stages = ("audio.stage1.0", "audio.stage1", "audio.stage2.0", "audio.stage2", "video.stage1.0", "video.stage1")
    for name in (*stages, "video.stage2.0", "video.stage2", "classifier"):
        network.get_submodule(name).register_forward_hook(
            lambda _m, given, out, name=name: shapes.update(
                {f"{name} in": tuple(given[0].shape), name: tuple(out.shape)}
            )
        )
    assert network.fuse(*window).shape == (2, classes)
    assert {name: shape for name, shape in shapes.items() if not name.endswith(" in")} == {
        "audio.stage1.0": (2, 64, 153),
        "audio.stage1": (2, 128, 150),
        "audio.stage2.0": (2, 256, 147),
        "audio.stage2": (2, 128, 144),
        "video.stage1.0": (2, 64, 15),
        "video.stage1": (2, 64, 15),
        "video.stage2.0": (2, 128, 15),
        "video.stage2": (2, 128, 15),
        "classifier": (2, classes),
    }
    assert shapes["audio.stage2 in"] == (2, 128, 150)
    assert shapes["video.stage2 in"] == (2, 64, 15)
    assert shapes["classifier in"] == (2, 256)


def test_each_branch_attends_to_the_other_and_its_weights_sum_to_one_over_the_keys(
    network: AudioVisualNetwork, window: tuple[Tensor, Tensor], attended: list[Tensor], fusion: str, heads: int
) -> None:
    network.fuse(*window)
    steps = AUDIO_STEPS[fusion]
    assert [tuple(weights.shape) for weights in attended] == [(2, heads, steps, 15), (2, heads, 15, steps)]
    for weights in attended:
        assert (weights >= 0).all()
        torch.testing.assert_close(weights.sum(3), torch.ones(weights.shape[:3]))


@pytest.mark.slow
def test_one_training_step_changes_everything_that_reaches_the_output(
    network: AudioVisualNetwork, fusion: str, classes: int
) -> None:
    before = {name: parameter.detach().clone() for name, parameter in network.named_parameters()}
    optimiser = torch.optim.Adam(network.train().parameters())
    logits = network(torch.randn(4, 10, 156), torch.rand(4 * 15, 3, 64, 64))
    functional.cross_entropy(logits, torch.arange(4) % classes).backward()
    optimiser.step()
    idle = {name for name, parameter in network.named_parameters() if parameter.grad is None}
    still = {name for name, parameter in network.named_parameters() if torch.equal(parameter, before[name])}
    assert idle == still == CLASSIFIERS | (PROJECTIONS if fusion == "intermediate-attention" else set())


def test_the_value_half_is_dead_only_where_it_was_published_so(
    network: AudioVisualNetwork, window: tuple[Tensor, Tensor], fusion: str
) -> None:
    functional.cross_entropy(network.train().fuse(*window), torch.tensor([0, 1])).backward()
    for name, parameter in network.named_parameters():
        if name.endswith("key_value.weight"):
            assert parameter.grad is not None
            keys, values = parameter.grad.chunk(2)
            assert keys.any()
            assert values.any() == (fusion != "intermediate-attention")


@pytest.mark.slow
@pytest.mark.parametrize("missing", [("speech",), ("faces",), ("speech", "faces")], ids=" and ".join)
@pytest.mark.parametrize("training", [False, True], ids=["reading", "training"])
def test_zeros_for_what_is_missing_give_finite_logits(
    network: AudioVisualNetwork, window: tuple[Tensor, Tensor], missing: tuple[str, ...], training: bool
) -> None:
    mfcc, features = window
    logits = network.train(training).fuse(mfcc * ("speech" not in missing), features * ("faces" not in missing))
    assert logits.isfinite().all()
    logits.sum().backward()
    assert all(p.grad.isfinite().all() for p in network.parameters() if p.grad is not None)


@pytest.mark.slow
def test_both_faces_and_speech_reach_the_logits(network: AudioVisualNetwork, window: tuple[Tensor, Tensor]) -> None:
    mfcc, features = window
    logits = network.fuse(mfcc, features)
    assert not torch.allclose(logits, network.fuse(mfcc.flip(0), features))
    assert not torch.allclose(logits, network.fuse(mfcc, features.flip(0)))


@pytest.mark.slow
def test_the_store_gives_back_the_same_network(
    spec: dict[str, Any],
    network: AudioVisualNetwork,
    window: tuple[Tensor, Tensor],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EMOTRACE_MODELS", str(tmp_path))
    write(tmp_path / "variant" / "1", network, parse_spec({**spec, "notice": ""}), {}, "")
    reader = AudioVisualPredictor.load(store.get("variant"))
    assert type(reader.network) is type(network)
    assert reader.labels == tuple(spec["labels"])
    with torch.inference_mode():
        assert torch.equal(reader.network.fuse(*window), network.fuse(*window))


@pytest.mark.slow
def test_heads_change_the_reading(fusion: str, classes: int, window: tuple[Tensor, Tensor]) -> None:
    one, four = (built(specification(fusion, heads, classes)) for heads in (1, 4))
    four.load_state_dict(one.state_dict())
    assert not torch.allclose(one.fuse(*window), four.fuse(*window), rtol=0, atol=1e-7)


def silenced(network: AudioVisualNetwork) -> AudioVisualNetwork:
    """With transformer blocks whose attention and last layer give zeros."""
    with torch.no_grad():
        for block in (network.audio_to_video, network.video_to_audio):
            for name in ("attention.projection", "layers.3"):
                layer = block.get_submodule(name)
                assert isinstance(layer, nn.Linear)
                layer.weight.zero_()
                layer.bias.zero_()
    return network


def test_the_intermediate_transformer_adds_to_the_branches(window: tuple[Tensor, Tensor]) -> None:
    network = silenced(built(specification("intermediate-transformer", 1, 5)))
    mfcc, features = window
    audio = network.audio.stage2(network.audio.stage1(mfcc)).mean(2)
    video = network.video.stage2(network.video.stage1(features.transpose(1, 2))).mean(2)
    torch.testing.assert_close(network.fuse(mfcc, features), network.classifier(torch.cat((audio, video), dim=1)))


def test_the_late_transformer_replaces_the_branches(window: tuple[Tensor, Tensor]) -> None:
    network = silenced(built(specification("late-transformer", 1, 5)))
    torch.testing.assert_close(network.fuse(*window), network.classifier.bias.expand(2, -1))


def test_a_block_has_no_residual_around_its_attention_and_one_around_its_layers() -> None:
    block = built(specification("late-transformer", 4, 5)).audio_to_video
    query, key = torch.rand(2, 128, 144), torch.rand(2, 128, 15)
    attention, layers = block.get_submodule("attention"), block.get_submodule("layers")
    queries, keys = (functional.layer_norm(x.transpose(1, 2), (128,)) for x in (query, key))
    taken, _ = attention(queries, keys)
    torch.testing.assert_close(block(query, key), (taken + layers(taken)).transpose(1, 2))


@pytest.mark.parametrize("fusion", ["", "late-attention", "IntermediateAttention"])
def test_an_unknown_fusion_is_refused(fusion: str) -> None:
    with pytest.raises(ValueError, match=f"no audio-video fusion '{fusion}'"):
        build_model(AudioVisualArchitecture(fusion=fusion), 5)


@pytest.mark.slow
def test_with_mirror_a_face_and_its_mirror_image_are_the_same_and_without_they_are_not() -> None:
    spec = specification("intermediate-attention", 1, 5)
    faces = torch.rand(2, 3, 32, 32)
    plain = built(spec)
    spec["architecture"]["mirror"] = True
    mirrored = built(spec)
    torch.testing.assert_close(mirrored.face_features(faces), mirrored.face_features(faces.flip(3)))
    assert not torch.allclose(plain.face_features(faces), plain.face_features(faces.flip(3)))
    assert sum(p.numel() for p in mirrored.parameters()) == PARAMETERS["intermediate-attention", 5]
