"""Weights that the user names, for networks of transformers."""

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from inference.models import zoo
from inference.models.zoo.system import System

SIZES = {"images": 2, "size": 32, "patch": 8, "vit_width": 32, "vit_layers": 1, "vit_heads": 2}


def _build(**options: Any) -> System:
    return zoo.build("ave-kelm", **{**SIZES, **options})


def _folder(path: Path) -> Path:
    from transformers import ViTConfig, ViTForImageClassification

    config = ViTConfig(
        image_size=32,
        patch_size=8,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=128,
        num_labels=4,
    )
    ViTForImageClassification(config).save_pretrained(path)
    return path


def test_a_folder_of_transformers_is_loaded_whatever_its_head(tmp_path: Path) -> None:
    folder = str(_folder(tmp_path))
    torch.manual_seed(5)
    one = _build(vit_weights=folder).state_dict()
    torch.manual_seed(6)
    other = _build(vit_weights=folder).state_dict()
    scratch = _build().state_dict()
    key = "video.vit.embeddings.patch_embeddings.projection.weight"
    assert torch.equal(one[key], other[key])
    assert not torch.equal(one[key], scratch[key])


def test_weights_of_another_size_are_named(tmp_path: Path) -> None:
    folder = str(_folder(tmp_path))
    with pytest.raises(zoo.ZooError, match=r"^ave-kelm: .*: \S*(bias|weight|token) is \[.*32.*\], ViT has \[.*64.*\]$"):
        _build(vit_weights=folder, vit_width=64)
    with pytest.raises(zoo.ZooError, match=r"^ave-kelm: .*: lacks \S*layer\S* of ViT$"):
        _build(vit_weights=folder, vit_layers=2)


def test_a_folder_without_weights_is_named(tmp_path: Path) -> None:
    with pytest.raises(zoo.ZooError, match=r"^ave-kelm: .*: no weights that transformers reads"):
        _build(vit_weights=str(tmp_path))
    with pytest.raises(zoo.ZooError, match=r"^ave-kelm: .*nowhere: no weights that transformers reads"):
        _build(vit_weights=str(tmp_path / "nowhere"))


def test_a_file_of_the_network_s_own_state_is_loaded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="inference"):
        state = _build().state_dict()
    assert [record.message for record in caplog.records] == ["ViT starts from scratch: no weights are named"]
    path = tmp_path / "vit.safetensors"
    save_file({key.removeprefix("video.vit."): value for key, value in state.items() if "vit" in key}, path)
    loaded = _build(vit_weights=str(path)).state_dict()
    assert all(torch.equal(loaded[key], value) for key, value in state.items())
