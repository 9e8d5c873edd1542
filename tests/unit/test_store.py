import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from inference import store
from inference.errors import Code, InputError
from inference.models.audio_video import IntermediateAttention


def write_model(root: Path, name: str, version: str, kind: str = "audio-video") -> Path:
    directory = root / name / version
    directory.mkdir(parents=True)
    weights = directory / "weights.safetensors"
    save_file(IntermediateAttention(classes=5).state_dict(), weights)
    spec = {
        "schema": store.SCHEMA,
        "name": name,
        "version": version,
        "kind": kind,
        "labels": ["neutral", "sad", "angry", "happy", "calm"],
        "architecture": {"fusion": "intermediate-attention", "heads": 1},
        "weights_sha256": store.sha256_of(weights),
        "notice": "",
    }
    (directory / "spec.json").write_text(json.dumps(spec))
    return directory


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMOTRACE_MODELS", str(tmp_path))
    write_model(tmp_path, "small", "2")
    write_model(tmp_path, "small", "10")
    write_model(tmp_path, "joined", "1", kind="fusion")
    return tmp_path


def test_a_name_alone_means_the_newest_version(models: Path) -> None:
    assert store.find("small").version == "10"
    assert store.find("small@2").version == "2"


@pytest.mark.parametrize("reference", ["large", "small@3", "../small", ""])
def test_an_unknown_model_is_refused_and_the_known_ones_are_named(models: Path, reference: str) -> None:
    with pytest.raises(InputError, match="joined, small") as refusal:
        store.find(reference)
    assert refusal.value.code is Code.UNKNOWN_MODEL


def test_a_model_that_cannot_read_what_was_recorded_is_refused(models: Path) -> None:
    assert store.choose("joined", with_eeg=True).name == "joined"
    for reference, with_eeg in (("small", True), ("joined", False)):
        with pytest.raises(InputError) as refusal:
            store.choose(reference, with_eeg=with_eeg)
        assert refusal.value.code is Code.MODEL_UNSUITED


def test_opening_gives_the_stored_weights_ready_for_inference(models: Path) -> None:
    network = store.open_model(store.find("small"))
    assert isinstance(network, IntermediateAttention)
    assert not network.training
    assert not torch.equal(network.classifier.weight, IntermediateAttention(5).classifier.weight)


def test_weights_that_are_not_those_of_the_specification_are_refused(models: Path) -> None:
    save_file(IntermediateAttention(classes=5).state_dict(), models / "joined/1/weights.safetensors")
    with pytest.raises(store.StoreError, match="joined@1"):
        store.open_model(store.find("joined"))


def test_a_specification_of_another_model_is_refused(models: Path) -> None:
    (models / "small/2").rename(models / "small/3")
    with pytest.raises(store.StoreError):
        store.all_models()
