"""What is special to the zoo's systems of speech alone and of images alone."""

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

from inference.models import zoo
from inference.models.zoo._frames import PerFrame, combine
from inference.models.zoo._resnet50 import ResNet50
from inference.models.zoo.convit_tiny import GatedPositionalAttention
from inference.models.zoo.face_cnn import LocallyConnected
from inference.models.zoo.system import System, example
from inference.models.zoo.vgg16_lstm import VGG16

RESNET: dict[str, Any] = {"classes": 3, "images": 2, "size": 32, "width": 4, "blocks": [1, 1, 1, 1]}


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _save(module: nn.Module, path: Path, **extra: torch.Tensor) -> str:
    save_file({**module.state_dict(), **extra}, path)
    return str(path)


def test_a_window_has_the_mean_of_the_logits_or_of_the_probabilities_of_its_images() -> None:
    logits = torch.tensor([[[2.0, 0.0], [0.0, 1.0], [0.0, 1.5]]])
    assert torch.allclose(combine(logits, "mean-logit"), torch.tensor([[2 / 3, 2.5 / 3]]))
    mean = (torch.tensor([2.0, -1.0, -1.5]).sigmoid()).mean()
    assert torch.allclose(combine(logits, "mean-probability").exp(), torch.stack((mean, 1 - mean))[None])


def test_the_majority_decides_and_the_mean_probability_between_as_many_votes() -> None:
    sure, unsure = [5.0, 0.0], [0.0, 0.1]
    outvoted = combine(torch.tensor([[sure, unsure, unsure]]), "majority")
    assert outvoted.argmax().item() == 1
    assert combine(torch.tensor([[sure, unsure, unsure]]), "mean-logit").argmax().item() == 0
    assert combine(torch.tensor([[sure, unsure]]), "majority").argmax().item() == 0
    assert torch.allclose(outvoted.exp().sum(), torch.tensor(1.0))


def test_one_sure_image_leaves_finite_logits() -> None:
    for vote in ("majority", "mean-probability", "mean-logit"):
        assert bool(combine(torch.tensor([[[1000.0, 0.0]]]), vote).isfinite().all())


def test_each_image_learns_the_label_of_its_window() -> None:
    torch.manual_seed(0)
    system = zoo.build("resnet50-attention", **RESNET).eval()
    inputs = example(system, 2)
    assert isinstance(system, PerFrame)
    logits = torch.stack([system.classify(images) for images in inputs["frames"]])
    expected = -(logits[0].log_softmax(1)[:, 2].sum() + logits[1].log_softmax(1)[:, 0].sum()) / 4
    assert torch.allclose(system.loss(inputs, torch.tensor([2, 0])), expected, atol=1e-6)


def test_scnn_adds_its_penalty_on_all_weights_but_the_first() -> None:
    system = zoo.build("scnn", classes=2, features=16, width=4).eval()
    with torch.no_grad():
        for parameter in system.parameters():
            parameter.fill_(0.5)
    weights = 2 * 4 * 5 + 2 * (2 * 2 * 5) + 2 * 4  # convolutions 2 to 4, and 2 channels of 2 values for 2 classes
    inputs, targets = example(system), torch.tensor([0, 1])
    penalty = system.loss(inputs, targets) - functional.cross_entropy(system(inputs), targets)
    assert penalty.item() == pytest.approx(weights * (1e-5 * 0.5 + 1e-4 * 0.25), rel=1e-3)


def test_a_locally_connected_layer_of_equal_weights_is_a_convolution() -> None:
    torch.manual_seed(0)
    convolution, local = nn.Conv2d(2, 3, 3, 2), LocallyConnected(2, 3, 3, 2, 9)
    with torch.no_grad():
        local.weight.copy_(convolution.weight.flatten(1).expand_as(local.weight))
        local.bias.copy_(convolution.bias.expand_as(local.bias))  # type: ignore[union-attr]
    images = torch.randn(2, 2, 9, 9)
    assert torch.allclose(local(images), convolution(images), atol=1e-6)


def test_face_cnn_has_deepfaces_layers() -> None:
    with torch.device("meta"):
        layers = zoo.build("face-cnn").get_submodule("layers")
    sizes = [layer.size for layer in layers.children() if isinstance(layer, LocallyConnected)]
    assert sizes == [55, 25, 21]
    convolutions = 32 * (11 * 11 * 3 + 1) + 16 * (9 * 9 * 32 + 1)
    local = 16 * (55**2 * (81 * 16 + 1) + 25**2 * (49 * 16 + 1) + 21**2 * (25 * 16 + 1))
    assert _parameters(layers) == convolutions + local + (7056 + 1) * 4096 + (4096 + 1) * 5


def test_images_that_deepfaces_kernels_do_not_fit_are_refused() -> None:
    with pytest.raises(zoo.ZooError, match=r"^face-cnn: images of 56 pixels are too small for kernels of \(11, 9, "):
        zoo.build("face-cnn", size=56)


def test_resnet50_has_torchvisions_names_and_number_of_parameters() -> None:
    with torch.device("meta"):
        network = ResNet50()
    assert _parameters(network) == 25_557_032 - 2_049_000  # without its classifier
    assert {
        "conv1.weight",
        "bn1.running_var",
        "layer1.0.downsample.0.weight",
        "layer1.0.downsample.1.num_batches_tracked",
        "layer3.5.conv2.weight",
        "layer4.2.bn3.bias",
    } <= set(network.state_dict())
    assert len(network.state_dict()) == 318  # 320 with the classifier's two


def test_fer2013_cnn_has_the_published_number_of_parameters_as_keras_counts() -> None:
    with torch.device("meta"):
        system = zoo.build("fer2013-cnn")
    running = sum(value.numel() for key, value in system.named_buffers() if "running" in key)
    assert _parameters(system) + running == 4_763_143


def test_fer2013_cnn_reads_grey_values() -> None:
    system = zoo.build("fer2013-cnn", classes=2, images=1, width=2).eval()
    colours = torch.rand(1, 1, 3, 48, 48)
    grey = colours.mean(2, keepdim=True).expand_as(colours)
    assert torch.allclose(system({"faces": colours}), system({"faces": grey}), atol=1e-6)


def test_images_that_fer2013_cnn_cannot_pool_are_refused() -> None:
    with pytest.raises(zoo.ZooError, match=r"^single-frame: images are too small for four poolings: 20 pixels"):
        zoo.build("single-frame", size=19)


def test_vgg16_has_torchvisions_names_and_number_of_parameters() -> None:
    with torch.device("meta"):
        network = VGG16(64)
    assert _parameters(network) == 14_714_688
    weights = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]
    assert list(network.state_dict()) == [f"features.{n}.{kind}" for n in weights for kind in ("weight", "bias")]


def test_a_pretrained_vgg16_stays_as_it_is(tmp_path: Path) -> None:
    extra = {"classifier.0.weight": torch.zeros(1)}
    weights = _save(VGG16(2), tmp_path / "weights.safetensors", **extra)
    options: dict[str, Any] = {"classes": 3, "images": 2, "size": 32, "width": 2, "hidden": 4}
    system = zoo.build("vgg16-lstm", **options, weights=weights)
    assert [stage.name for stage in system.stages()] == ["head"]
    _assert_only_the_head_learns(system)


def test_the_order_of_images_matters_to_an_lstm() -> None:
    torch.manual_seed(0)
    system = zoo.build("vgg16-lstm", classes=3, images=3, size=32, width=4, hidden=8).eval()
    images = example(system)["frames"]
    assert not torch.allclose(system({"frames": images}), system({"frames": images.flip(1)}), atol=1e-6)


@pytest.mark.slow
def test_convit_tiny_has_its_published_size_and_names() -> None:
    with torch.device("meta"):
        system = zoo.build("convit-tiny", classes=1000)
    assert round(_parameters(system) / 1e6, 2) == 5.71
    names = set(system.get_submodule("backbone").state_dict())
    assert {"cls_token", "pos_embed", "patch_embed.proj.weight", "norm.bias"} <= names
    assert {"blocks.0.attn.gating_param", "blocks.9.attn.pos_proj.bias", "blocks.9.attn.qk.weight"} <= names
    assert {"blocks.10.attn.qkv.weight", "blocks.11.mlp.fc2.bias"} <= names
    assert not any("places" in name or "qkv.bias" in name for name in names)


def test_a_gated_head_begins_as_one_place_of_a_kernel() -> None:
    attention = GatedPositionalAttention(width=36, heads=9, side=5)
    attention.attend_as_convolution()
    with torch.no_grad():
        attention.pos_proj.bias.zero_()
        attention.pos_proj.weight.mul_(10)
        places = attention.pos_proj(attention.places).permute(2, 0, 1).softmax(2)
    middle = 2 * 5 + 2
    expected = [(2 + down) * 5 + 2 + right for right in (-1, 0, 1) for down in (-1, 0, 1)]
    assert places[:, middle].argmax(1).tolist() == expected
    assert bool((places[:, middle].amax(1) > 0.99).all())


def test_an_open_gate_attends_to_places_alone() -> None:
    torch.manual_seed(0)
    attention = GatedPositionalAttention(width=8, heads=4, side=2)
    with torch.no_grad():
        attention.gating_param.fill_(100)
    contents = torch.randn(1, 4, 8)
    places = attention.pos_proj(attention.places).permute(2, 0, 1).softmax(2)
    values = attention.v(contents).unflatten(2, (4, 2)).transpose(1, 2)
    assert torch.allclose(attention(contents), attention.proj((places @ values).transpose(1, 2).flatten(2)), atol=1e-6)


def test_heads_of_convit_are_a_square() -> None:
    with pytest.raises(zoo.ZooError, match=r"^convit-tiny: heads 3: not a square$"):
        zoo.build("convit-tiny", heads=3)


def test_the_two_forms_of_channel_attention_differ_as_said() -> None:
    tensorflow, torch_ = (zoo.build("resnet50-attention", **RESNET, variant=v) for v in ("tensorflow", "torch"))
    features = 32 * 4
    difference = 2 * (features * features) + features - 2 * (features * features // 8) - features // 8
    assert _parameters(torch_) - _parameters(tensorflow) == difference
    mean, largest, nothing = torch.randn(2, features), torch.randn(2, features), torch.zeros(2, features)
    for system, linear in ((tensorflow, False), (torch_, True)):
        attention = system.get_submodule("attention")
        both = attention(mean) + attention(largest)
        assert torch.allclose(attention(mean + largest) + attention(nothing), both, atol=1e-5) == linear


def test_from_scratch_everything_learns_at_once_and_the_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        system = zoo.build("resnet50-attention", **RESNET)
    assert "ResNet50 starts from scratch: no weights are named" in caplog.text
    assert [stage.name for stage in system.stages()] == ["fit"]


def test_a_pretrained_backbone_is_frozen_while_the_head_learns(tmp_path: Path) -> None:
    weights = _save(ResNet50(4, (1, 1, 1, 1)), tmp_path / "weights.safetensors", **{"fc.weight": torch.zeros(1)})
    system = zoo.build("resnet50-attention", **RESNET, weights=weights)
    head, everything = system.stages()
    assert (head.epochs, head.lr, everything.epochs, everything.lr) == (0.5, 1.0, 0.5, 0.01)
    _assert_only_the_head_learns(system)
    inputs, targets = example(system, 4), torch.tensor([0, 1, 2, 0])
    everything.loss(inputs, targets).backward()
    assert all(parameter.grad is not None for parameter in system.parameters())


def _assert_only_the_head_learns(system: System) -> None:
    stage, targets = system.stages()[0], torch.tensor([0, 1, 2, 0])
    backbone = {key: value.clone() for key, value in system.get_submodule("backbone").state_dict().items()}
    system.train()
    stage.loss(example(system, 4), targets).backward()
    learning = {name for name, parameter in system.named_parameters() if parameter.grad is not None}
    assert learning
    assert not [name for name in learning if name.startswith("backbone.")]
    assert {id(parameter) for parameter in stage.parameters} == {
        id(parameter) for name, parameter in system.named_parameters() if not name.startswith("backbone.")
    }
    after = system.get_submodule("backbone").state_dict()
    assert all(torch.equal(after[key], value) for key, value in backbone.items())
    assert system.get_submodule("backbone").training
    assert all(parameter.requires_grad for parameter in system.parameters())


def test_eavs_tensorflow_form_never_trains_its_pretrained_backbone(tmp_path: Path) -> None:
    weights = _save(ResNet50(4, (1, 1, 1, 1)), tmp_path / "weights.safetensors")
    system = zoo.build("resnet50-attention", **RESNET, variant="tensorflow", weights=weights)
    assert [(stage.name, stage.epochs) for stage in system.stages()] == [("head", 1.0)]
    _assert_only_the_head_learns(system)


def test_the_first_tensor_that_does_not_fit_is_named(tmp_path: Path) -> None:
    weights = _save(ResNet50(8, (1, 1, 1, 1)), tmp_path / "wide.safetensors")
    with pytest.raises(
        zoo.ZooError, match=r"^resnet50-attention: .*wide.safetensors: bn1.bias is \[8\], .* has \[4\]$"
    ):
        zoo.build("resnet50-attention", **RESNET, weights=weights)
