"""The audio-video networks: fitted from generated files by command, opened by the store, scored and reported."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
import yaml
from safetensors.torch import load_file, save_file

from inference import store
from inference.models.audio_visual import BACKBONES
from training.__main__ import main
from training.engine import checkpoint, loop
from training.evaluation import calibration, evaluate
from training.features.backbone import FaceClassifier
from training.publishing import report

pytestmark = pytest.mark.slow

CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
CONFIGS = Path(__file__).resolve().parents[2] / "training" / "configs"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Faces, speech and untrained backbones."""
    folder = tmp_path_factory.mktemp("files")
    random = np.random.default_rng(0)
    for part, count in (("train", 70), ("public_test", 42)):
        images = random.integers(0, 256, (count, 48, 48), dtype=np.uint8)
        # not in step with each tenth face, which is kept back
        labels = ((np.arange(count) + np.arange(count) // 10) % 7).astype(np.uint8)
        np.savez(folder / f"fer2013_{part}.npz", images=images, labels=labels, classes=CLASSES)
    for actor in range(2, 7):
        of_actor = folder / "speech" / f"Actor_{actor:02d}"
        of_actor.mkdir(parents=True)
        for emotion in range(1, 9):
            sound = random.standard_normal(22050).astype(np.float32) * 0.01 * emotion
            soundfile.write(of_actor / f"03-01-{emotion:02d}-01-01-01-{actor:02d}.wav", sound, 22050)
    torch.manual_seed(0)
    for name in BACKBONES:
        (folder / name).mkdir()
        classifier = FaceClassifier(name)
        save_file(classifier.backbone.state_dict(), folder / name / "backbone.safetensors")
        save_file(classifier.state_dict(), folder / name / "classifier.safetensors")
    return folder


def work_in(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Let commands keep their runs and models in `folder`; pairs are drawn once to calibrate and twice to score."""
    patch.chdir(folder)
    patch.setattr(evaluate, "DRAWS", 2)
    patch.setattr(calibration, "DRAWS", 1)
    patch.setenv("EMOTRACE_MODELS", str(folder / "store"))


@pytest.fixture(scope="module")
def fitted(files: Path) -> Path:
    """The files with a fit's store and runs."""
    with pytest.MonkeyPatch.context() as patch:
        work_in(files, patch)
        assert fit(files) == 0
    return files


@pytest.fixture
def data(fitted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the files and of what was computed of them."""
    work_in(tmp_path, monkeypatch)
    ignored = shutil.ignore_patterns("store", "config.yaml")
    shutil.copytree(fitted, tmp_path, ignore=ignored, dirs_exist_ok=True)
    for run in (tmp_path / "runs").iterdir():
        if run.is_dir():
            shutil.rmtree(run)
    return tmp_path


@pytest.fixture
def with_model(data: Path, fitted: Path) -> Path:
    """The copy with the store."""
    shutil.copytree(fitted / "store", data / "store")
    return data


def spec_file(model: store.StoredModel) -> dict[str, Any]:
    return json.loads((model.directory / "spec.json").read_text())


def fit(data: Path, *, given: str = "residual", **changes: Any) -> int:
    config = yaml.safe_load((CONFIGS / "intermediate-attention-8.yaml").read_text())
    config |= {
        "train_actors": [2],
        "calibration_actors": [3, 4],
        "test_actors": [3, 4],
        "refit": False,
        "steps": 3,
        "batch_size": 4,
        "augmentations": 2,
    }
    config["speech"] |= {"steps": 2, "batch_size": 4}
    config["face"]["size"] = 16 if given == "residual" else 32  # the least that the backbone takes
    (data / "config.yaml").write_text(yaml.safe_dump(config | changes))
    backbone = data / given / "backbone.safetensors"
    where = {"faces": data, "speech": data / "speech", "backbone": backbone, "out": data / "store"}
    options = [text for name, path in where.items() for text in (f"--{name}", str(path))]
    return main(["fit", str(data / "config.yaml"), *options])


@pytest.mark.extended
@pytest.mark.parametrize(
    ("fusion", "backbone"), [("intermediate-attention", "residual"), ("intermediate-transformer", "efficient-face")]
)
def test_a_model_goes_from_files_to_the_store_and_is_scored(
    data: Path, fusion: str, backbone: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(data, given=backbone, fusion=fusion, backbone=backbone) == 0
    spec = store.get("intermediate-attention-8@1")
    architecture = {
        "fusion": fusion,
        "heads": 1,
        "backbone": backbone,
        "mirror": True,
        "mfcc": 40,
        "less_speaker": True,
        "audio_branch": "mfcc",
        "encoder_layers": [],
        "dropout": 0.0,
    }
    assert architecture.items() <= spec_file(spec)["architecture"].items()
    assert "Composed clips, not recordings" in spec.card
    capsys.readouterr()

    faces = data / "fer2013_public_test.npz"
    options = ["--faces", str(faces), "--speech", str(data / "speech"), "--actors", "3", "4", "--json"]
    assert main(["evaluate", "intermediate-attention-8", *options]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert {part: score["n"] for part, score in scores.items()} == {"faces": 42, "speech": 16, "composed": 16}
    assert scores["composed"]["missing"].keys() == {"AV", "A", "V"}
    assert 0 <= scores["composed"]["mean_of_probabilities"] <= 1
    assert spec.metrics["scores"] == scores
    assert spec.metrics["alone"].keys() == {"speech", "faces"}
    assert spec.metrics["provenance"]["seconds"] > 0
    assert spec_file(spec)["temperature"] == spec.metrics["calibration"]["temperature"] != 1
    alone = spec.metrics["calibration"]["alone"]
    assert spec_file(spec)["temperature_alone"] == {given: alone[given]["temperature"] for given in ("voice", "face")}


@pytest.mark.extended
def test_the_weights_kept_know_all_actors_and_the_scores_only_the_first(
    with_model: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    data = with_model
    once = store.get("intermediate-attention-8@1")
    first = load_file(once.directory / "weights.safetensors")
    assert once.metrics["fitted_actors"] == [2]
    assert fit(data, refit=True) == 0
    again = store.get("intermediate-attention-8@1")
    kept = load_file(again.directory / "weights.safetensors")
    assert again.metrics["fitted_actors"] == [2, 3, 4]
    assert again.metrics["scores"] == once.metrics["scores"]
    assert spec_file(again)["temperature"] == spec_file(once)["temperature"]
    assert again.metrics["calibration"]["balance"] != 1
    assert "first fit, on actors 02.**" in again.card
    assert "Speech: RAVDESS actors 02, 03, 04" in again.card
    command = ["evaluate", "intermediate-attention-8", "--speech", str(data / "speech"), "--actors"]
    assert main([*command, "4", "5"]) == 0
    assert "fitted on ravdess/04" in caplog.text
    caplog.clear()
    assert main([*command, "5"]) == 0
    assert "was fitted on" not in caplog.text
    trials = {
        "task": "composed-trials",
        "audio_video": again.name,
        "seed": 1,
        "folds": [[4], [5]],
        "trials_per_label": 1,
    }
    (data / "trials.yaml").write_text(yaml.safe_dump(trials))
    where = ["--faces", str(data), "--speech", str(data / "speech"), "--out", str(data / "runs")]
    assert main(["fit", str(data / "trials.yaml"), *where]) == 2
    assert "was fitted on actors [4]" in capsys.readouterr().err
    assert again.metrics["split"].endswith(
        "tested on [3, 4]; the weights kept were then fitted once more on all of them"
    )

    assert fit(data, train_actors=[2, 3, 4], calibration_actors=[5, 6], test_actors=[5, 6]) == 0
    other = store.get("intermediate-attention-8@1")
    everybody = load_file(other.directory / "weights.safetensors")
    balanced = {"classifier.weight", "classifier.bias"}
    unbalanced = [
        weights["classifier.weight"][:, :128] * metrics["calibration"]["balance"]
        for weights, metrics in ((kept, again.metrics), (everybody, other.metrics))
    ]
    torch.testing.assert_close(*unbalanced, rtol=2e-3, atol=0)
    assert all(torch.equal(kept[name], everybody[name]) for name in kept.keys() - balanced)
    assert not torch.equal(kept["audio.classifier.weight"], first["audio.classifier.weight"])


def test_nobody_is_fitted_on_and_scored(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fit(data, train_actors=[2, 3]) == 2
    assert "actors [3] are among those it is fitted on" in capsys.readouterr().err


def test_another_backbone_than_the_configuration_asks_for_is_refused(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(data, given="efficient-face") == 2
    assert "efficient-face/backbone.safetensors: holds another backbone" in capsys.readouterr().err
    (data / "none").mkdir()
    (data / "none" / "backbone.safetensors").write_bytes(b"nothing")
    assert fit(data, given="none") == 2
    assert "none/backbone.safetensors: not a fitted backbone" in capsys.readouterr().err
    shutil.copy(data / "residual" / "backbone.safetensors", data / "none")
    other = {name: tensor + 1 for name, tensor in load_file(data / "residual" / "classifier.safetensors").items()}
    save_file(other, data / "none" / "classifier.safetensors")
    assert fit(data, given="none") == 2
    assert "none/classifier.safetensors: not the classifier of this backbone" in capsys.readouterr().err
    (data / "none" / "classifier.safetensors").unlink()
    (data / "none" / "classifier.safetensors").mkdir()
    assert fit(data, given="none") == 2
    assert "none/classifier.safetensors: not the classifier of this backbone" in capsys.readouterr().err


def test_a_fit_that_was_stopped_goes_on_to_the_same_weights(
    data: Path, fitted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = Path("store") / "intermediate-attention-8" / "1" / "weights.safetensors"
    assert not list((fitted / "runs").rglob("checkpoint.safetensors"))
    monkeypatch.setattr(loop, "STEPS_PER_EPOCH", 1)
    save = checkpoint.save
    for stage, stop_after in (("teacher-2", 1), ("speech", 1), ("joint", 2)):

        def killed(path: Path, parts: Any, where: tuple[str, int] = (stage, stop_after)) -> None:
            save(path, parts)
            if (path.parent.name, parts["progress"].epoch) == where:
                raise KeyboardInterrupt

        monkeypatch.setattr(checkpoint, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            fit(data)
    monkeypatch.setattr(checkpoint, "save", save)
    assert fit(data) == 0
    assert (data / weights).read_bytes() == (fitted / weights).read_bytes()
    (log,) = (data / "runs").glob("*/joint/log.jsonl")
    assert [json.loads(line)["step"] for line in log.read_text().splitlines()] == [1, 2, 3]


def test_a_trial_is_read_by_six_windows_of_one_voice_and_face(with_model: Path) -> None:
    data = with_model
    config = {"task": "composed-trials", "audio_video": "intermediate-attention-8@1", "seed": 1}
    config |= {"folds": [[3], [4]], "trials_per_label": 1}
    (data / "trials.yaml").write_text(yaml.safe_dump(config))
    where = ["--faces", str(data), "--speech", str(data / "speech"), "--out", str(data / "runs")]
    assert main(["fit", str(data / "trials.yaml"), *where]) == 0
    with np.load(data / "runs" / "av5_logits.npz") as table:
        assert table["logits"].shape == (16, 6, 8)
        np.testing.assert_array_equal(table["labels"], np.tile(np.arange(8), 2))
        np.testing.assert_array_equal(table["folds"], np.repeat((0, 1), 8))
        assert not np.array_equal(table["logits"][:8], table["logits"][8:])


def test_the_report_shows_every_part_and_says_what_is_composed(
    with_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = with_model
    monkeypatch.setattr(report, "DOCS", data / "docs")
    assert main(["report"]) == 0
    text = (data / "docs" / "results.md").read_text()
    assert all(f"| {part} |" in text for part in ("faces", "speech", "composed"))
    assert "Composed" in text
    assert "| Both | Voice alone | Face alone | Mean of probabilities |" in text
    assert "| speech |" in text.split("A network of its own")[1]
    assert (data / "docs" / "images" / "results" / "intermediate-attention-8-1.svg").exists()


def test_speech_alone_is_scored_by_folds(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    split = {"about": "two", "unit": "subject", "first": 2, "last": 3}
    folds = [{"train": [2], "validation": [], "test": [3]}, {"train": [3], "validation": [], "test": [2]}]
    (data / "two.json").write_text(json.dumps(split | {"folds": folds}))
    monkeypatch.setattr("training.data.splits.FOLDER", data)
    config = yaml.safe_load((CONFIGS / "speech-folds.yaml").read_text()) | {"split": "two"}
    config["speech"] |= {"steps": 2, "batch_size": 4}
    (data / "config.yaml").write_text(yaml.safe_dump(config))
    arguments = ["fit", str(data / "config.yaml"), "--speech", str(data / "speech"), "--out", str(data / "folds")]
    assert main(arguments) == 0
    found = json.loads((data / "folds" / "metrics.json").read_text())
    assert found["n"] == 16
    assert found["subjects"].keys() == {"2", "3"}
    assert found["mean_of_folds"] == pytest.approx(np.mean(found["folds"]), abs=1e-4)
    monkeypatch.setattr(report, "DOCS", data / "docs")
    assert main(["report", "--folds", str(data / "folds")]) == 0
    assert f"Mean of folds **{found['mean_of_folds']:.1%}**" in (data / "docs" / "results.md").read_text()


def test_a_missing_option_or_actor_is_named(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fit(data, train_actors=[2, 9]) == 2
    assert "9" in capsys.readouterr().err
    assert main(["fit", str(CONFIGS / "speech-folds.yaml"), "--out", str(data / "folds")]) == 2
    assert "--speech" in capsys.readouterr().err
    assert main(["fit", str(CONFIGS / "composed-trials-5.yaml"), "--out", str(data / "runs")]) == 2
    assert "--faces" in capsys.readouterr().err
    assert main(["evaluate", "intermediate-attention-8"]) == 2
    assert "give --faces, --speech or --recordings" in capsys.readouterr().err
    assert main(["evaluate", "intermediate-attention-8", "--faces", str(data), "--actors", "1"]) == 2
    assert "give --speech too" in capsys.readouterr().err
    assert main(["fit", str(CONFIGS / "eegnet-5.yaml"), "--teachers", str(data), "--out", str(data)]) == 2
    assert "--teachers has no use" in capsys.readouterr().err


def test_a_backbone_without_its_classifier_is_refused(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    classifier = data / "residual" / "classifier.safetensors"
    classifier.write_bytes((data / "efficient-face" / "classifier.safetensors").read_bytes())
    assert fit(data) == 2
    assert "residual/classifier.safetensors: not the classifier of this backbone" in capsys.readouterr().err
    classifier.unlink()
    assert fit(data) == 2
    assert "residual/classifier.safetensors: not the classifier of this backbone" in capsys.readouterr().err
