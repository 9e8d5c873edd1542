"""AV-CPNet and VAANet: what their papers print, and where one is a trap."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from inference import front_ends
from inference.front_ends.signals import Signals, Sound
from inference.models import zoo
from inference.models.zoo._polarity import POLARITIES, PolarityCrossEntropy, PolarityOptions
from inference.models.zoo._resnet import RESNET_18, RESNET_34, AudioResNet, VideoResNet
from inference.models.zoo._temporal_attention import TemporalAttention
from inference.models.zoo._video_swin import VideoSwin, WindowAttention
from inference.models.zoo.av_cpnet import CrossAttention
from inference.models.zoo.system import example
from inference.models.zoo.vaanet import SoftmaxAttention
from training.schema.configuration import FOLDER


def small(name: str, **more: Any) -> dict[str, Any]:
    options: dict[str, Any] = yaml.safe_load((FOLDER / "zoo" / f"{name}.yaml").read_text())["sizes"]["small"]["options"]
    return {"classes": 2, **options, **more}


def size_of(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_backbones_have_their_published_sizes() -> None:
    with torch.device("meta"):
        swin = VideoSwin()
        audio = {depths: AudioResNet(depths, 64, (7, 7), (2, 2)) for depths in (RESNET_18, RESNET_34)}
    assert size_of(swin) + 400 * 769 == 28_158_070  # swin3d_t of torchvision, with a head for Kinetics-400
    two_dimensional = {RESNET_18: 11_689_512, RESNET_34: 21_797_672}  # of torchvision, for RGB and 1000 classes
    for depths, published in two_dimensional.items():
        assert size_of(audio[depths]) + 2 * 64 * 49 + 1000 * 513 == published


def test_a_map_is_a_thirty_second_of_the_picture() -> None:
    assert VideoSwin(8, (1, 1, 1, 1), (1, 1, 1, 1))(torch.rand(1, 3, 4, 64, 96)).shape == (1, 2, 2, 3, 64)
    assert VideoResNet((1, 1, 1, 1), 4)(torch.rand(1, 3, 16, 112, 112)).shape == (1, 128, 1, 4, 4)


def test_places_that_only_the_shift_makes_neighbours_do_not_attend_to_each_other() -> None:
    attention = WindowAttention(4, 1, (1, 2, 2), shifted=True)
    x = torch.rand(1, 1, 4, 4, 4)
    changed = x.clone()
    changed[0, 0, 0, 0] += 1  # the corner, which the roll brings beside the opposite one
    same = torch.isclose(attention(x), attention(changed)).all(-1)[0, 0]
    assert same.sum() == 15 and not same[0, 0]


def test_attention_within_a_window_is_that_of_the_formula() -> None:
    attention = WindowAttention(6, 2, (1, 2, 2), shifted=False)
    x = torch.rand(1, 1, 2, 2, 6)
    query, key, value = attention.qkv(x.view(4, 6)).view(4, 3, 2, 3).unbind(1)
    expected = torch.zeros(4, 2, 3)
    for head in range(2):
        bias = torch.zeros(4, 4)
        for one in range(4):
            for other in range(4):
                down, across = one // 2 - other // 2, one % 2 - other % 2
                bias[one, other] = attention.relative_position_bias_table[(down + 1) * 3 + across + 1, head]
        weights = (query[:, head] @ key[:, head].T / 3**0.5 + bias).softmax(1)
        expected[:, head] = weights @ value[:, head]
    torch.testing.assert_close(attention(x).view(4, 6), attention.proj(expected.flatten(1)))


def test_weights_of_torchvision_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    donor = VideoSwin(24, (1, 1, 2, 1), (1, 2, 4, 8))
    more = {"head.weight": torch.zeros(400, 192), "features.0.0.attn.relative_position_index": torch.zeros(392, 392)}
    save_file({**donor.state_dict(), **more}, tmp_path / "swin.safetensors")
    network = zoo.build("av-cpnet", **small("av-cpnet", weights=str(tmp_path / "swin.safetensors")))
    assert torch.equal(network.state_dict()["swin.norm.weight"], donor.norm.weight)
    assert torch.equal(network.state_dict()["swin.patch_embed.proj.weight"], donor.patch_embed.proj.weight)
    save_file({**donor.state_dict(), "norm.weight": torch.zeros(7)}, tmp_path / "swin.safetensors")
    with pytest.raises(zoo.ZooError, match=r"norm\.weight"):
        zoo.build("av-cpnet", **small("av-cpnet", weights=str(tmp_path / "swin.safetensors")))


def test_one_token_makes_the_cross_attention_a_linear_map() -> None:
    attention = CrossAttention(8)
    tokens, others = torch.randn(2, 1, 8), torch.randn(2, 1, 8)
    attention(tokens, others).sum().backward()
    weights = attention.attention.in_proj_weight
    assert weights.grad is not None
    queries, keys, values = weights.grad.chunk(3)
    assert not queries.any() and not keys.any() and values.any()
    assert torch.equal(attention(tokens, others), attention(tokens + 1, others))
    attention.zero_grad()
    many = torch.randn(2, 3, 8)
    attention(tokens, many).sum().backward()
    assert all(bool(part.any()) for part in weights.grad.chunk(3))


def test_tokens_are_kept_in_the_corrected_variant_only() -> None:
    torch.manual_seed(0)
    literal, corrected = (
        zoo.build("av-cpnet", **small("av-cpnet", variant=variant)) for variant in ("literal", "corrected")
    )
    corrected.load_state_dict(literal.state_dict())
    inputs = example(literal)
    assert not torch.allclose(literal.eval()(inputs), corrected.eval()(inputs), atol=1e-6)


def test_an_error_of_polarity_counts_half_as_much_again() -> None:
    options = PolarityOptions(classes=3, labels=("Fear", "sadness", "joy"))
    logits = torch.tensor([[2.0, 0.0, 1.0], [2.0, 0.0, 1.0], [0.0, 0.0, 3.0]], requires_grad=True)
    targets = torch.tensor([1, 2, 2])  # the first is another negative one, the second another polarity
    each = functional.cross_entropy(logits, targets, reduction="none")
    expected = (each[0] + 1.5 * each[1] + each[2]) / 3
    loss = PolarityCrossEntropy(options)(logits, targets)
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(*(torch.autograd.grad(one, logits, retain_graph=True)[0] for one in (loss, expected)))


def test_without_labels_no_error_counts_more() -> None:
    logits, targets = torch.randn(5, 3), torch.tensor([0, 1, 2, 0, 1])
    expected = functional.cross_entropy(logits, targets)
    torch.testing.assert_close(PolarityCrossEntropy(PolarityOptions(classes=3))(logits, targets), expected)


@pytest.mark.parametrize("name", ["av-cpnet", "vaanet"])
def test_labels_have_a_polarity(name: str) -> None:
    with pytest.raises(zoo.ZooError, match=rf"^{name}: no polarity for contempt: name it in `polarities`"):
        zoo.build(name, **small(name, labels=("joy", "contempt")))
    with pytest.raises(zoo.ZooError, match=rf"^{name}: 1 labels for 2 classes"):
        zoo.build(name, **small(name, labels=("joy",)))
    network = zoo.build(name, **small(name, labels=("joy", "contempt"), polarities={"contempt": "negative"}))
    assert network.get_buffer("cross_entropy.polarity").tolist() == [2, 0]
    assert POLARITIES["excitation"] == POLARITIES["relaxation"] == "positive"


def test_the_loss_of_av_cpnet_is_that_of_three_classifiers() -> None:
    network = zoo.build("av-cpnet", **small("av-cpnet")).eval()
    inputs, targets = example(network), torch.tensor([0, 1])
    fused = functional.cross_entropy(network(inputs), targets)
    for modality in ("visual", "audio"):
        classifier = network.get_submodule(f"{modality}_classifier")
        assert isinstance(classifier, nn.Linear)
        nn.init.zeros_(classifier.weight)
        nn.init.zeros_(classifier.bias)
    chance = 2 * torch.log(torch.tensor(2.0))
    torch.testing.assert_close(network.loss(inputs, targets), fused + chance)


def test_spatial_and_channel_weights_are_one_on_average_and_temporal_ones_begin_there() -> None:
    weights = SoftmaxAttention(5, 4)(torch.randn(3, 5, 4))
    torch.testing.assert_close(weights.mean(1), torch.ones(3))
    attention = TemporalAttention(5, 4)
    nn.init.zeros_(attention.mix.weight)
    x = torch.randn(2, 4, 5)
    assert torch.equal(attention(x), x)
    with torch.no_grad():
        attention.mix.bias[1] = -1
    assert not attention(x)[:, 1].any()


def test_a_backbone_of_a_weights_file_is_frozen(tmp_path: Path) -> None:
    donor = VideoResNet((1, 1, 1, 1), 8)
    save_file({**donor.state_dict(), "fc.bias": torch.zeros(400)}, tmp_path / "resnet.safetensors")
    network = zoo.build("vaanet", **small("vaanet", weights=str(tmp_path / "resnet.safetensors"))).train()
    before = {key: value.clone() for key, value in network.get_submodule("backbone").state_dict().items()}
    (stage,) = network.stages()
    backbone = set(network.get_submodule("backbone").parameters())
    assert not backbone & set(stage.parameters)
    network.loss(example(network), torch.tensor([0, 1])).backward()
    assert all(parameter.grad is None for parameter in backbone)
    after = network.get_submodule("backbone").state_dict()
    assert all(torch.equal(value, after[key]) for key, value in before.items())
    learning = zoo.build("vaanet", **small("vaanet"))
    assert set(learning.get_submodule("backbone").parameters()) <= set(learning.stages()[0].parameters)


def sound(seconds: float, rate: int = 22_050) -> Signals:
    rng = np.random.default_rng(0)
    samples = rng.normal(0, 0.1, round(seconds * rate)).astype(np.float32)
    return Signals(seconds, sound=Sound(samples, rate))


def chunks(seconds: float, **settings: Any) -> Tensor:
    front_end = front_ends.build("mfcc-chunks", rate=22_050, coefficients=5, **settings)
    return torch.from_numpy(front_end.compute(sound(seconds), 0.0, seconds))


@pytest.mark.slow
def test_mfcc_are_tiled_padded_or_cut_to_the_chunks() -> None:
    whole = chunks(1.0, chunks=1, frames=44)[0]  # 1 + 22 050 // 512
    tiled = chunks(1.0, chunks=2, frames=50)
    assert tiled.shape == (2, 5, 50) and tiled.dtype == torch.float32
    assert torch.equal(torch.cat((*tiled,), dim=1), torch.cat((whole, whole, whole[:, :12]), dim=1))
    padded = chunks(1.0, chunks=2, frames=24, fill="zeros")
    assert torch.equal(torch.cat((*padded,), dim=1), functional.pad(whole, (2, 2)))
    assert torch.equal(chunks(1.0, chunks=1, frames=40)[0], whole[:, 2:42])
