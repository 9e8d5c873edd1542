"""The backbone's fit: it learns, goes on after a kill to the same result, and shares its work between processes."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from inference.hashing import sha256_file
from inference.models.audio_visual import build_audio_visual
from training.__main__ import main
from training.data.fer2013 import LABELS
from training.features.backbone import load_backbone

pytestmark = pytest.mark.slow

CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
STILL = {"degrees": 0, "scale": 0, "shift": 0}
PHASE = {"size": 32, "epochs": 2, "batch_size": 16, "lr": 0.003, "warmup": 0.1, "decay": 10, "warp": STILL}


def write_faces(folder: Path, count: int, said: int = 0) -> None:
    """Stripes whose place tells the label, which is the one `said` places further on."""
    folder.mkdir()
    labels = np.arange(count) % len(CLASSES)
    images = np.random.default_rng(0).integers(0, 60, (count, 48, 48), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[6 * label : 6 * label + 6] += 180
    for part in ("train", "public_test"):
        np.savez(
            folder / f"fer2013_{part}.npz", images=images, labels=(labels + said).astype(np.uint8) % 7, classes=CLASSES
        )


def prepare(folder: Path) -> list[str]:
    """Write faces and a configuration; the arguments to fit on them, but for the value of `--out`."""
    assert len(CLASSES) == len(LABELS)
    write_faces(folder / "faces", 84)
    config = {
        "task": "face-backbone",
        "backbone": "efficient-face",
        "seed": 1,
        "holdout_every": 10,
        "label_weight": 1,
        "label_smoothing": 0.0,
        "momentum": None,
        "weight_decay": 0.01,
        "ema": 0.5,
        "bfloat16": False,
        "phases": [PHASE, PHASE | {"epochs": 3}],
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return ["fit", str(folder / "config.yaml"), "--faces", str(folder / "faces"), "--out"]


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    return prepare(tmp_path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a fit that nothing interrupts writes."""
    folder = tmp_path_factory.mktemp("whole")
    assert main([*prepare(folder), str(folder / "out")]) == 0
    return folder / "out"


def weights(folder: Path) -> dict[str, np.ndarray]:
    return {name: tensor.numpy() for name, tensor in load_file(folder / "backbone.safetensors").items()}


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)


def start(arguments: list[str], launcher: tuple[str, ...] = ("-m", "training")) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, *launcher, *arguments])


@pytest.mark.extended
def test_a_killed_run_goes_on_to_the_same_result(arguments: list[str], whole: Path, tmp_path: Path) -> None:
    killed = start([*arguments, str(tmp_path / "killed")])
    first, state = (tmp_path / "killed" / name for name in ("phase-1.safetensors", "checkpoint.safetensors"))
    for _ in range(1200):
        if first.exists() and state.exists():
            break
        time.sleep(0.05)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait(timeout=60) == -signal.SIGKILL
    assert main([*arguments, str(tmp_path / "killed")]) == 0

    assert same(weights(whole), weights(tmp_path / "killed"))
    assert not state.exists()
    metrics = json.loads((whole / "metrics.json").read_text())
    lines = [json.loads(line) for line in (whole / "phase-2.jsonl").read_text().splitlines()]
    assert metrics["accuracy"] == lines[-1]["accuracy"]
    assert metrics["provenance"]["seed"] == 1


def test_a_run_killed_at_the_end_of_a_phase_goes_on_with_the_next(
    arguments: list[str], whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("training.engine.checkpoint.remove", killed)
    with pytest.raises(KeyboardInterrupt):
        main([*arguments, str(tmp_path / "killed")])
    assert (tmp_path / "killed" / "checkpoint.safetensors").exists()
    monkeypatch.undo()
    assert main([*arguments, str(tmp_path / "killed")]) == 0
    assert same(weights(whole), weights(tmp_path / "killed"))


def test_another_seed_gives_another_network(arguments: list[str], whole: Path, tmp_path: Path) -> None:
    change(arguments, seed=2)
    assert main([*arguments, str(tmp_path / "two")]) == 0
    assert not same(weights(whole), weights(tmp_path / "two"))


@pytest.mark.extended
def test_two_processes_share_every_batch(arguments: list[str], tmp_path: Path) -> None:
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", "training")
    assert start([*arguments, str(tmp_path / "two")], launcher).wait(timeout=300) == 0
    found = weights(tmp_path / "two")
    assert all(np.isfinite(array).all() for array in found.values())
    # One line an epoch: only the first of the processes reports.
    lines = [len(path.read_text().splitlines()) for path in sorted((tmp_path / "two").glob("phase-*.jsonl"))]
    assert lines == [2, 3]


def change(arguments: list[str], **changes: object) -> None:
    config = Path(arguments[1])
    config.write_text(yaml.safe_dump(yaml.safe_load(config.read_text()) | changes))


def accuracy(folder: Path) -> float:
    return json.loads((folder / "metrics.json").read_text())["accuracy"]


RESIDUAL = {"backbone": "residual", "momentum": 0.9, "phases": [PHASE | {"size": 16, "lr": 0.05, "epochs": 10}]}


@pytest.mark.extended
def test_a_network_learns_its_labels_and_what_its_teacher_says(arguments: list[str], tmp_path: Path) -> None:
    write_faces(tmp_path / "wrong faces", 84, said=1)
    wrong = [str(tmp_path / "wrong faces") if text == str(tmp_path / "faces") else text for text in arguments]
    change(arguments, **RESIDUAL, bfloat16=True)
    assert main([*wrong, str(tmp_path / "wrong")]) == 0
    assert accuracy(tmp_path / "wrong") > 0.8
    change(arguments, bfloat16=False, label_weight=0.01)
    assert main([*arguments, str(tmp_path / "taught"), "--teachers", str(tmp_path / "wrong")]) == 0
    assert accuracy(tmp_path / "taught") < 0.2
    teachers = json.loads((tmp_path / "taught" / "metrics.json").read_text())["teachers"]
    assert teachers == [sha256_file(tmp_path / "wrong" / "classifier.safetensors")]


def test_who_teaches_has_to_be_said(arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*options: str) -> str:
        assert main([*arguments, str(tmp_path / "out"), *options]) == 2
        return capsys.readouterr().err

    assert "--teachers" in said("--teachers", str(tmp_path))
    change(arguments, label_weight=0.5)
    assert "--teachers" in said()
    assert "not the folder of a fitted backbone" in said("--teachers", str(tmp_path))
    save_file({}, tmp_path / "classifier.safetensors")
    assert "not the folder of a fitted backbone" in said("--teachers", str(tmp_path))


def write_votes(folder: Path, count: int, said: int) -> None:
    """All ten annotators name the label that is `said` places further on."""
    folder.mkdir()
    labels = np.arange(count) % len(CLASSES)
    for part, first in (("train", 0), ("public_test", count)):
        np.savez(
            folder / f"ferplus_{part}.npz",
            votes=10 * np.eye(10, dtype=np.uint8)[(labels + said) % len(CLASSES)],
            columns=(*CLASSES, "contempt", "unknown", "NF"),
            row=np.arange(count),
            group=np.arange(first, first + count),
            original=labels,
        )


def test_a_network_learns_what_annotators_say(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("training.data.cache.DIRECTORY", tmp_path / "runs")
    write_votes(tmp_path / "votes", 84, said=2)
    phases = [PHASE | {"lr": 0.05, "epochs": 6, "degraded": 0.1}]
    start = {"init_from": "intermediate-attention-8@1", "aligned": True, "flip_tta": False, "phases": phases}
    change(arguments, **(RESIDUAL | start), votes="contempt-dropped")
    assert main([*arguments, str(tmp_path / "out")]) == 2
    assert "--votes" in capsys.readouterr().err
    assert main([*arguments, str(tmp_path / "out"), "--votes", str(tmp_path / "votes")]) == 0
    assert accuracy(tmp_path / "out") > 0.8
    assert list((tmp_path / "runs").glob("landmarks-*.npz")), "landmarks are computed once"


def test_the_start_has_to_be_the_same_backbone(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(arguments, init_from="intermediate-attention-8@1")
    assert main([*arguments, str(tmp_path / "out")]) == 2
    assert "init_from: intermediate-attention-8@1 has not the backbone" in capsys.readouterr().err


def test_the_backbone_of_a_model_can_be_taken_over(tmp_path: Path) -> None:
    torch.manual_seed(0)
    fusion = "late-transformer"
    known, other = (build_audio_visual(classes=2, fusion=fusion, heads=1, backbone="residual") for _ in range(2))
    save_file(known.state_dict(), tmp_path / "weights.safetensors")
    load_backbone(other, tmp_path / "weights.safetensors")
    for name, tensor in other.video.backbone.state_dict().items():
        assert torch.equal(tensor, known.video.backbone.state_dict()[name])
    assert not torch.equal(other.classifier.weight, known.classifier.weight)
