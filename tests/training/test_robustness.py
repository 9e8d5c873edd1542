"""The comparison of models in conditions that they meet in use."""

import csv
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from benchmarks import robustness
from benchmarks.empty_scenes import SCENES, SECONDS, cartoon, write_scenes
from benchmarks.robustness import (
    SPEECH,
    Condition,
    fitted_share,
    recordings_table,
    score,
    speech_conditions,
    table,
    thinned,
)
from inference import store
from training.data.fer2013 import Faces
from training.data.speech_corpora import SpeechClip
from training.evaluation.evaluate import EvaluationData
from training.features.faces import shrink

MODEL = "intermediate-attention-5@1"


def clip(number: int, label: str, speaker: str = "ravdess/05") -> SpeechClip:
    return SpeechClip(Path(f"{label}-{number}.wav"), label, speaker, "ravdess")


def test_a_small_face_has_lost_its_details() -> None:
    stripes = np.tile(np.array([[0, 255]], np.uint8), (48, 24))[None]
    small = shrink(Faces(stripes, np.zeros(1, np.int64)), 16).images[0]
    assert small.shape == (48, 48) and small.std() < stripes.std() / 4


def test_labels_keep_their_shares_in_fewer_clips() -> None:
    clips = [clip(number, label) for number in range(20) for label in ("happy", "sad")]
    fewer = thinned(clips, 10)
    assert len(fewer) == len({*fewer}) == 10
    assert sum(each.label == "happy" for each in fewer) == 5
    assert thinned(clips, 100) == sorted(clips, key=lambda each: (each.label, each.path.name))


def test_each_condition_is_scored_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(robustness, "CACHE", tmp_path)
    scored = []

    def evaluate(model: store.StoredModel, data: EvaluationData) -> dict[str, Any]:
        scored.append(data.degradation)
        return {"speech": {"n": len(data.clips)}}

    monkeypatch.setattr(robustness, "evaluate", evaluate)
    conditions = speech_conditions(EvaluationData(clips=[clip(0, "sad")]))
    for condition in (*conditions, *conditions, Condition("clean", EvaluationData(clips=[clip(1, "sad")]))):
        assert score(store.get(MODEL), condition) == {"speech": {"n": 1}}
    assert scored == [None, "telephone", "reverb", "babble", "trimmed", None]


def test_tables_show_models_side_by_side_and_what_they_know() -> None:
    scores = {"n": 4, "valence": 0.5, "arousal": 1.0, "ece": 0.1}
    found = [scores | {"accuracy": share, "recall": share} for share in (0.5, 0.75)]
    rows = table(SPEECH, [("clean", found)], ["a@1", "a@2"]).splitlines()
    assert rows[0] == "Each cell: a@1 → a@2."
    assert rows[-1] == "| clean | 4 | 50.0% → 75.0% | 50.0% → 75.0% | 50.0% → 50.0% | 100.0% → 100.0% | 0.100 → 0.100 |"
    model = store.get(MODEL)
    assert fitted_share(model, [clip(0, "sad"), clip(1, "sad", "ravdess/20")]).startswith(f"1 of 2 by {model} (**")
    assert fitted_share(model, [clip(0, "sad", "nemo/1")]) == f"0 of 1 by {model}"


def test_recordings_are_listed_with_each_models_label() -> None:
    one = {"file": "a.mp4", "true": "none", "label": "fearful", "confidence": 0.44, "right": False}
    right = {**one, "label": "undetermined", "confidence": 0.0, "right": True}
    found = [
        {"recordings": [each], "confident_wrong": 0, "undetermined_right": share}
        for each, share in ((one, 0.0), (right, 1.0))
    ]
    text = recordings_table(found, ["a@1", "a@2"])
    assert "| a.mp4 | none | fearful 0.44 | undetermined |" in text
    assert "Undetermined where nobody is: 0% → 100%" in text


@pytest.mark.slow
def test_scenes_of_nobody_have_a_picture_and_a_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.empty_scenes.SECONDS", 1)
    write_scenes(tmp_path)
    with (tmp_path / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == [f"{name}.mp4" for name in SCENES]
    assert {row["label"] for row in rows} == {"none"} and SECONDS == 10
    for row in rows:
        with av.open(tmp_path / row["file"]) as container:
            assert {stream.type for stream in container.streams} == {"video", "audio"}
    assert (cartoon(0) != cartoon(3)).any()
