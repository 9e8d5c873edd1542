"""Scores of the whole pipeline on recordings with one label each."""

import csv
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inference import store
from inference.errors import InputError
from inference.pipeline import analyse
from inference.types import EMOTIONS, UNDETERMINED, Inputs
from training.data.synthetic_pairs import FACE_OF
from training.errors import DatasetError
from training.evaluation.deployed import clip_label

log = logging.getLogger(__name__)
LABELS = "labels.csv"
NOBODY = "none"  # label of a recording with nobody to read
CONFIDENT = 0.7  # from which a wrong label is confidently wrong


@dataclass(frozen=True)
class LabelledRecording:
    """A recording, and its label or NOBODY."""

    path: Path
    label: str


def read(root: Path) -> list[LabelledRecording]:
    """The recordings that `root`/labels.csv names, with the columns `file` and `label`.

    Raises DatasetError for a missing file, an unknown label and a table without rows.
    """
    table, known = root / LABELS, (*EMOTIONS, NOBODY)
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file, skipinitialspace=True)
            if missing := {"file", "label"} - set(rows.fieldnames or ()):
                raise DatasetError(f"{table}: has no column {', '.join(sorted(missing))}")
            recordings = list(_parse(root, rows))
    except (OSError, UnicodeError, csv.Error) as error:
        raise DatasetError(f"{table}: cannot be read: {error}") from error
    if not recordings:
        raise DatasetError(f"{table}: names no recording")
    for recording in recordings:
        if recording.label not in known:
            raise DatasetError(
                f"{table}: label {recording.label!r} of {recording.path.name} is not one of {', '.join(known)}"
            )
        if not recording.path.is_file():
            raise DatasetError(f"{table}: {recording.path} is missing")
    return recordings


def _parse(root: Path, rows: "csv.DictReader[str]") -> Iterator[LabelledRecording]:
    for row in rows:
        yield LabelledRecording(root / (row["file"] or "").strip(), (row["label"] or "").strip())


def evaluate(reference: str, root: Path) -> dict[str, Any]:
    """Analyse each recording with a model of the store and compare its label.

    Neutral and calm count as one. A recording of nobody is right if it is undetermined from end to end. Recordings
    with another label than the model's are left out. Returns:

    - `accuracy`: the share of the `n` recordings that are right.
    - `confident_wrong`: how many have another label than the true one, at CONFIDENT or more.
    - `undetermined_right`: the share of recordings of nobody that are right; None without any.
    - `mean_confidence`: of the recordings that are not undetermined; None without any.
    - `recordings`: label and confidence of each file.

    Raises DatasetError for what `read` raises, and for a recording that cannot be analysed.
    """
    labels = store.resolve(reference, with_eeg=False).labels
    recordings = [each for each in read(root) if each.label in (*labels, NOBODY)]
    if not recordings:
        raise DatasetError(f"{root / LABELS}: has none of the labels {', '.join(labels)}, {NOBODY}")
    found = [_analyse(reference, recording) for recording in recordings]
    nobody = [one["right"] for one in found if one["true"] == NOBODY]
    confidences = [one["confidence"] for one in found if one["label"] != UNDETERMINED]
    return {
        "accuracy": _mean([one["right"] for one in found]),
        "n": len(found),
        "confident_wrong": sum(
            _merged(one["label"]) not in (UNDETERMINED, _merged(one["true"])) and one["confidence"] >= CONFIDENT
            for one in found
        ),
        "undetermined_right": _mean(nobody),
        "mean_confidence": _mean(confidences),
        "recordings": found,
    }


def _analyse(reference: str, recording: LabelledRecording) -> dict[str, Any]:
    try:
        timeline = analyse(Inputs(recording.path), model=reference)
    except InputError as error:
        raise DatasetError(f"{recording.path}: {error.message}") from error
    label, confidence = clip_label(timeline)
    undetermined = all(segment.label == UNDETERMINED for segment in timeline.segments)
    right = undetermined if recording.label == NOBODY else _merged(label) == _merged(recording.label)
    log.info("%s: %s %.2f, labelled %s", recording.path.name, label, confidence, recording.label)
    return {
        "file": recording.path.name,
        "true": recording.label,
        "label": label,
        "confidence": round(confidence, 4),
        "right": right,
    }


def _merged(label: str) -> str:
    return FACE_OF.get(label, label)


def _mean(values: list[Any]) -> float | None:
    return round(float(np.mean(values)), 4) if values else None
