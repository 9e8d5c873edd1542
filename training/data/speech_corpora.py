"""Speech corpora with a label for each clip: folders with a `manifest.csv`, and RAVDESS's own layout."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.data import ravdess
from training.errors import DatasetError

MANIFEST = "manifest.csv"
RAVDESS = "ravdess"
_COLUMNS = {"file", "speaker", "label"}


@dataclass(frozen=True)
class SpeechClip:
    """A recording of one speaker with one label; `speaker` is unique over all corpora."""

    path: Path
    label: str
    speaker: str
    corpus: str


def read_corpora(roots: Iterable[Path]) -> list[SpeechClip]:
    """The clips of several corpora, one after the other. Raises DatasetError where two have one name."""
    clips: list[SpeechClip] = []
    names: dict[str, Path] = {}
    for root in roots:
        found = read_corpus(root)
        name = found[0].corpus
        if name in names:
            raise DatasetError(f"{root}: the corpus {name} was given as {names[name]} already")
        names[name] = root
        clips += found
    return clips


def read_corpus(root: Path) -> list[SpeechClip]:
    """The clips below `root`: those of its manifest, named after the folder, or RAVDESS's where there is none.

    Raises DatasetError for a missing folder or file, an unknown label, and a name that is not of RAVDESS.
    """
    if not root.is_dir():
        raise DatasetError(f"{root}: no such folder")
    if (root / MANIFEST).is_file():
        return _read_manifest(root)
    return [
        SpeechClip(clip.path, clip.label, f"{RAVDESS}/{clip.actor:02d}", RAVDESS) for clip in ravdess.read_clips(root)
    ]


def _read_manifest(root: Path) -> list[SpeechClip]:
    manifest, corpus = root / MANIFEST, root.resolve().name
    clips = []
    try:
        with manifest.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            if missing := _COLUMNS - set(rows.fieldnames or ()):
                raise DatasetError(f"{manifest}: has no column {', '.join(sorted(missing))}")
            for number, row in enumerate(rows, 2):
                clips.append(_parse(root, corpus, f"{manifest}, line {number}", row))
    except (OSError, UnicodeError, csv.Error) as error:
        raise DatasetError(f"{manifest}: cannot be read: {error}") from error
    if not clips:
        raise DatasetError(f"{manifest}: names no clip")
    return clips


def _parse(root: Path, corpus: str, where: str, row: dict[str, str]) -> SpeechClip:
    name, speaker, label = (row[column] or "" for column in ("file", "speaker", "label"))
    path = root / name
    if not speaker:
        raise DatasetError(f"{where}: has no speaker")
    if label not in ravdess.LABELS:
        raise DatasetError(f"{where}: label {label!r} is not one of {', '.join(ravdess.LABELS)}")
    if label_id := row.get("label_id"):
        _check_label_id(where, label, label_id)
    if not path.resolve().is_relative_to(root.resolve()):
        raise DatasetError(f"{where}: {name} lies outside {root}")
    if not path.is_file():
        raise DatasetError(f"{where}: {path} is missing")
    return SpeechClip(path, label, f"{corpus}/{speaker}", corpus)


def _check_label_id(where: str, label: str, label_id: str) -> None:
    expected = str(ravdess.LABELS.index(label) + 1)
    if label_id != expected:
        raise DatasetError(f"{where}: label_id {label_id} does not belong to {label}, which has {expected}")


def read_sound(clip: SpeechClip, sample_rate: int) -> NDArray[np.float32]:
    """The clip as mono float32 at `sample_rate`. Raises DatasetError if it cannot be read or is empty."""
    sound = ravdess.read_sound(clip, sample_rate)
    if not len(sound):
        raise DatasetError(f"{clip.path}: holds no sound")
    return sound
