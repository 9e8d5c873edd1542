import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import torch
from safetensors.torch import save, save_file

from inference import store
from inference.errors import Code, InputError
from inference.hashing import sha256_file
from inference.models.audio_visual import IntermediateAttention
from tests.model_specs import spec_data


@cache
def some_weights() -> bytes:
    return save(IntermediateAttention(classes=5).state_dict())


def write_model(root: Path, name: str, version: str, kind: str = "audio-video") -> Path:
    directory = root / name / version
    directory.mkdir(parents=True)
    weights = directory / "weights.safetensors"
    weights.write_bytes(some_weights())
    spec = spec_data(
        kind,
        name=name,
        version=version,
        labels=["neutral", "sad", "angry", "happy", "calm"],
        weights_sha256=sha256_file(weights),
    )
    (directory / "spec.json").write_text(json.dumps(spec))
    (directory / "metrics.json").write_text("{}")
    (directory / "MODEL_CARD.md").write_text("# The model")
    return directory


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMOTRACE_MODELS", str(tmp_path))
    write_model(tmp_path, "small", "2")
    write_model(tmp_path, "small", "10")
    write_model(tmp_path, "joined", "1", kind="fusion")
    return tmp_path


def test_a_name_alone_means_the_newest_version(models: Path) -> None:
    assert store.get("small").version == "10"
    assert store.get("small@2").version == "2"


@pytest.mark.parametrize("reference", ["large", "small@3", "../small", ""])
def test_an_unknown_model_is_refused_and_the_known_ones_are_named(models: Path, reference: str) -> None:
    with pytest.raises(InputError, match="joined, small") as refusal:
        store.get(reference)
    assert refusal.value.code is Code.UNKNOWN_MODEL


def test_a_model_that_cannot_read_what_was_recorded_is_refused(models: Path) -> None:
    assert store.resolve("joined", with_eeg=True).name == "joined"
    for reference, with_eeg in (("small", True), ("joined", False)):
        with pytest.raises(InputError) as refusal:
            store.resolve(reference, with_eeg=with_eeg)
        assert refusal.value.code is Code.MODEL_UNSUITED


def test_opening_gives_the_stored_weights_ready_for_inference(models: Path) -> None:
    network = store.load_model(store.get("small"))
    assert isinstance(network, IntermediateAttention)
    assert not network.training
    assert not torch.equal(network.classifier.weight, IntermediateAttention(5).classifier.weight)


def test_weights_that_are_not_those_of_the_specification_are_refused(models: Path) -> None:
    joined = store.get("joined")
    save_file(IntermediateAttention(classes=5).state_dict(), models / "joined/1/weights.safetensors")
    with pytest.raises(store.StoreError, match="joined@1"):
        store.load_model(joined)


def nothing(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def without(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def with_text(name: str, text: str) -> Callable[[Path], int]:
    return lambda folder: (folder / name).write_text(text)


def saying(**other: object) -> Callable[[Path], int]:
    def say(folder: Path) -> int:
        path = folder / "spec.json"
        return path.write_text(json.dumps(json.loads(path.read_text()) | other))

    return say


DAMAGES = {
    "an empty folder": nothing,
    "no specification": without("spec.json"),
    "no metrics": without("metrics.json"),
    "no card": without("MODEL_CARD.md"),
    "no weights": without("weights.safetensors"),
    "a broken specification": with_text("spec.json", "{"),
    "a specification that is a list": with_text("spec.json", "[]"),
    "broken metrics": with_text("metrics.json", "{"),
    "metrics that are a list": with_text("metrics.json", "[]"),
    "other weights": with_text("weights.safetensors", "damaged"),
    "the specification of another model": saying(name="large"),
    "another kind": saying(kind="tea leaves"),
    "no labels": saying(labels=[]),
    "labels that are a number": saying(labels=5),
    "no notice": saying(notice=None),
    "another schema": saying(schema="emotrace.model/2"),
    "members that are a list": saying(members=[], kind="fusion"),
    "an unknown option of its architecture": saying(architecture={"fusion": "intermediate-attention", "colour": 1}),
    "no description of faces": saying(face=None),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_model_is_left_out_and_named(models: Path, caplog: pytest.LogCaptureFixture, name: str) -> None:
    DAMAGES[name](models / "small/10")
    caplog.set_level("WARNING")
    assert [(spec.name, spec.version) for spec in store.list_models()] == [("joined", "1"), ("small", "2")]
    assert "small" in caplog.text and "10" in caplog.text
    said = len(caplog.records)
    store.list_models()
    assert len(caplog.records) == said
    with pytest.raises(store.StoreError):
        store.get("small@10")
    assert store.get("small").version == "2"


def test_a_version_that_is_no_number_is_left_out(models: Path) -> None:
    write_model(models, "small", "draft")
    assert [spec.version for spec in store.list_models()] == ["1", "10", "2"]


def test_a_store_without_the_default_is_damaged(models: Path) -> None:
    with pytest.raises(store.StoreError, match="lacks the default"):
        store.resolve(None, with_eeg=False)


def test_a_model_whose_part_is_missing_is_damaged(models: Path) -> None:
    for members in ({}, {"eeg": "waves@1"}):
        saying(members=members)(models / "joined/1")
        with pytest.raises(store.StoreError, match="joined@1 lacks its part eeg"):
            store.get_member(store.get("joined"), "eeg")


def test_a_member_with_other_weights_than_it_was_fitted_on_is_refused(models: Path) -> None:
    path = models / "joined/1/spec.json"
    joined = {
        "members": {"audio_video": "small@2"},
        "members_sha256": {"audio_video": store.get("small@2").used.sha256},
    }
    path.write_text(json.dumps(json.loads(path.read_text()) | joined))
    assert store.get_member(store.get("joined"), "audio_video").version == "2"
    other = models / "small/2/spec.json"
    save_file(IntermediateAttention(classes=5).state_dict(), models / "small/2/weights.safetensors")
    data = json.loads(other.read_text()) | {"weights_sha256": sha256_file(models / "small/2/weights.safetensors")}
    other.write_text(json.dumps(data))
    with pytest.raises(store.StoreError, match="was fitted on another small@2"):
        store.get_member(store.get("joined"), "audio_video")


def test_a_fusion_that_does_not_say_which_weights_its_members_had_is_opened(models: Path) -> None:
    path = models / "joined/1/spec.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"members": {"audio_video": "small@2"}}))
    assert store.get_member(store.get("joined"), "audio_video").version == "2"
