"""What the report says of scores by label, of learning curves, and of networks that nobody has fitted yet."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from inference import store
from training.engine import checkpoint
from training.evaluation.metrics import by_subject, scores, scores_by_label
from training.publishing import report
from training.publishing.recordings_table import recordings_table
from training.schema import configuration
from training.schema.audio_visual import AudioVisualRecordings

LABELS = ("neutral", "sad", "happy")
PREDICTED, TARGETS = np.array([0, 0, 1, 1, -1]), np.array([0, 1, 1, 1, 0])


def model(name: str, found: dict[str, Any], demonstration: str | None = None, **metrics: Any) -> Any:
    said = {"data": "none", "split": "none", "selection": "none", "scores": found, **metrics}
    return SimpleNamespace(name=name, version="1", labels=LABELS, demonstration=demonstration, metrics=said)


def test_each_label_has_its_own_scores() -> None:
    found = scores_by_label(PREDICTED, TARGETS, LABELS)
    assert found["by_label"]["neutral"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5, "n": 2}
    assert found["by_label"]["sad"] == {"precision": 1.0, "recall": 0.6667, "f1": 0.8, "n": 3}
    assert found["by_label"]["happy"]["n"] == 0
    assert found["recall"] == pytest.approx((1 / 2 + 2 / 3) / 2, abs=1e-4)
    assert found["confusion"] == [[1, 0, 0], [1, 2, 0], [0, 0, 0]]
    whole = scores(np.eye(3)[PREDICTED], TARGETS, LABELS, predicted=PREDICTED, confidence=np.full(5, 0.6))
    assert (whole["accuracy"], whole["n"], whole["ece"]) == (0.6, 5, 0.0)


def test_the_report_shows_labels_and_learning_curves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subjects = np.array([1, 1, 2, 2, 2])
    trial = by_subject(PREDICTED == TARGETS, subjects) | scores_by_label(PREDICTED, TARGETS, LABELS)
    curves = {"log": [{"epoch": 1, "loss": 2.0, "accuracy": 0.4}, {"epoch": 2, "loss": 1.0, "accuracy": 0.6}]}
    models = [model("eegnet", {"test": {"trial": trial, "window": trial}}, curves=curves)]
    monkeypatch.setattr(store, "list_models", lambda: models)
    monkeypatch.setattr(report, "DOCS", tmp_path)
    text = report.write([]).read_text()
    assert "| Label | test trial | test window |" in text
    assert "| sad | 100% / 67% / 0.80 | 100% / 67% / 0.80 |" in text
    pictures = {path.name: path.read_text() for path in (tmp_path / "images" / "results").iterdir()}
    assert pictures.keys() == {"eegnet-1.svg", "eegnet-1-curves.svg"}
    assert all(f"(images/results/{name})" in text for name in pictures)


def test_networks_that_nobody_fitted_have_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = {"accuracy": 0.8}, {"accuracy": 0.6}
    fitted = [
        model("ravdess-8-late-transformer", {"AV": one, "A": other, "V": other}),
        model("eav-eegnet-5", {"test": {"trial": other}}, "EEG simulated"),
    ]
    monkeypatch.setattr(store, "list_models", lambda: fitted)
    rows = {row.split(" | ")[0].strip("| "): row for row in recordings_table().splitlines() if row.startswith("| ")}
    assert rows["ravdess-8-late-transformer"].startswith("| ravdess-8-late-transformer | 80.0% | 60.0% | 60.0% |  |")
    assert rows["eav-eegnet-5"].startswith("| eav-eegnet-5 |  |  |  | 60.0%, EEG simulated |")
    assert "not fitted here: no data" in rows["ravdess-5-intermediate-attention"]


def test_every_fusion_is_configured_with_one_and_four_heads_on_the_same_people() -> None:
    read = [configuration.read(path) for path in sorted(configuration.FOLDER.glob("ravdess-8-*.yaml"))]
    rivals = [config for config in read if isinstance(config, AudioVisualRecordings)]
    fusions = ("intermediate-attention", "intermediate-transformer", "late-transformer")
    assert {(config.fusion, config.heads) for config in rivals} == {
        (each, heads) for each in fusions for heads in (1, 4)
    }
    assert len({(config.split, config.fold, config.seed, config.epochs, config.lr) for config in rivals}) == 1


def test_curves_are_what_a_fit_logged(tmp_path: Path) -> None:
    (tmp_path / "joint").mkdir()
    entries = [
        {"epoch": 1, "step": 9, "loss": 2.0, "seconds": 1.0},
        {"epoch": 2, "step": 18, "loss": 1.5, "seconds": 1.0},
    ]
    (tmp_path / "joint" / "log.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    assert checkpoint.curves(tmp_path) == {"joint/log": [{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": 1.5}]}
