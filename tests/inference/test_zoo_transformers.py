"""Weights of the zoo's transformers of speech and vision, from files and folders."""

from pathlib import Path
from typing import Any

import pytest
import torch

from inference.models import zoo
from inference.models.zoo.system import System, example

pytestmark = pytest.mark.slow  # transformers takes seconds to import

TINY: dict[str, dict[str, Any]] = {
    "ast": {"frames": 32, "mels": 16},
    "vit-frames": {"images": 2, "size": 32},
    "vivit": {"images": 2, "size": 32},
}


def _tiny(name: str, **options: Any) -> System:
    sizes = {"hidden": 16, "layers": 1, "heads": 2, "feed_forward": 32, **TINY[name]}
    return zoo.build(name, classes=3, **{**sizes, **options})


@pytest.mark.parametrize("name", TINY)
def test_a_folder_of_transformers_and_its_file_give_the_same_backbone(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    source = _tiny(name).get_submodule("backbone")
    source.save_pretrained(tmp_path)  # type: ignore[operator]
    for weights in (tmp_path, tmp_path / "model.safetensors"):
        system = _tiny(name, weights=str(weights))
        loaded = system.get_submodule("backbone").state_dict()
        assert all(torch.equal(loaded[key], value) for key, value in source.state_dict().items())
        assert [stage.name for stage in system.stages()] == ["head", "all"]


def test_the_head_learns_first(tmp_path: Path) -> None:
    _tiny("ast").get_submodule("backbone").save_pretrained(tmp_path)  # type: ignore[operator]
    system = _tiny("ast", weights=str(tmp_path))
    head, everything = system.stages()
    assert (head.epochs, head.lr, everything.epochs, everything.lr) == (0.4, 1.0, 0.6, 0.01)
    inputs, targets = example(system), torch.tensor([0, 2])
    head.loss(inputs, targets).backward()
    assert {name for name, parameter in system.named_parameters() if parameter.grad is not None} == {
        "head.weight",
        "head.bias",
    }
    everything.loss(inputs, targets).backward()
    assert all(parameter.grad is not None for parameter in system.parameters())


@pytest.mark.parametrize("name", TINY)
def test_a_folder_whose_shapes_do_not_fit_is_refused_by_the_first_tensor(name: str, tmp_path: Path) -> None:
    _tiny(name, hidden=32).get_submodule("backbone").save_pretrained(tmp_path)  # type: ignore[operator]
    with pytest.raises(zoo.ZooError, match=rf"^{name}: .*embeddings.cls_token is \[1, 1, 32\], \w+ has \[1, 1, 16\]$"):
        _tiny(name, weights=str(tmp_path))


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(zoo.ZooError, match=r"^ast: .*no weights that transformers reads"):
        _tiny("ast", weights=str(tmp_path))


def test_a_classifiers_checkpoint_gives_its_backbone(tmp_path: Path) -> None:
    from transformers import ViTConfig, ViTForImageClassification

    config = ViTConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, image_size=32, num_labels=7
    )
    classifier = ViTForImageClassification(config)
    classifier.save_pretrained(tmp_path)
    for weights in (tmp_path, tmp_path / "model.safetensors"):
        loaded = _tiny("vit-frames", weights=str(weights)).get_submodule("backbone").state_dict()
        assert torch.equal(loaded["layernorm.bias"], classifier.vit.layernorm.bias)
        assert torch.equal(loaded["layers.0.mlp.fc1.weight"], classifier.vit.layers[0].mlp.fc1.weight)


def test_heads_that_do_not_divide_the_width_are_named() -> None:
    with pytest.raises(zoo.ZooError, match=r"^vivit: hidden 16: not a multiple of 3 heads$"):
        _tiny("vivit", heads=3)
