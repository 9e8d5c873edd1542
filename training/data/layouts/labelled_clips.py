"""Labelled clips: a folder with `manifest.csv`, a line a clip, for any data set of video or sound.

Columns: `file`, below the folder; `label`, or `valence`, `arousal` and `dominance` (1 to 9) or some of them; and where
they are known `subject`, `split` (train, validation or test) and `audio`, the file of the sound where the clip has
none. CAER, Ekman-6, MELD, VE-8 and Music_video are read so. Without a subject every clip counts as one.
"""

import csv
import logging
from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, get_args

from training.data import eav, levels
from training.data.corpus import Corpus, LabelledTrial, Part
from training.data.files import named_errors
from training.data.layouts._files import AUDIO_SUFFIXES, SIMULATED, VIDEO_SUFFIXES, clip
from training.errors import DatasetError

log = logging.getLogger(__name__)

MANIFEST = "manifest.csv"
DIMENSIONS = ("valence", "arousal", "dominance")
COLUMNS = ("file", "label", *DIMENSIONS, "subject", "split", "audio")
PARTS: Mapping[str, Part] = {part: part for part in get_args(Part)} | {"val": "validation", "dev": "validation"}


def read(root: Path) -> Corpus:
    """The clips of the manifest, in its order within a subject. Raises DatasetError for a line that does not fit."""
    manifest = root / MANIFEST
    if not manifest.is_file():
        raise DatasetError(f"{root}: has no {MANIFEST}")
    with named_errors(manifest):
        try:
            with manifest.open(newline="", encoding="utf-8-sig") as file:
                rows = csv.DictReader(file)
                columns = _columns(manifest, list(rows.fieldnames or ()))
                trials = [_trial(root, f"{manifest}, line {line}", columns, row) for line, row in enumerate(rows, 2)]
        except (UnicodeError, csv.Error) as error:
            raise DatasetError(f"{manifest}: cannot be read: {error}") from error
    if not trials:
        raise DatasetError(f"{manifest}: names no clip")
    if "subject" not in columns:
        log.warning("%s: has no column subject, so that a split by subject only divides clips", manifest)
    named, times = Counter(trial.name for trial in trials).most_common(1)[0]
    if times > 1:
        raise DatasetError(f"{manifest}: names {named} more than once")
    order = {subject: place for place, subject in enumerate(dict.fromkeys(trial.subject for trial in trials))}
    labels = sorted({trial.label for trial in trials if trial.label is not None})
    return Corpus(
        root.resolve().name,
        tuple(sorted(trials, key=lambda trial: order[trial.subject])),
        tuple(labels),
        threshold=None if labels else levels.THRESHOLD,
        made_of=SIMULATED if eav.simulated(root) else None,
    )


def _columns(manifest: Path, columns: list[str]) -> list[str]:
    if unknown := sorted(set(columns) - set(COLUMNS)):
        raise DatasetError(f"{manifest}: has the column {', '.join(unknown)}, expected some of {', '.join(COLUMNS)}")
    if "file" not in columns:
        raise DatasetError(f"{manifest}: has no column file")
    if ("label" in columns) == bool(set(columns) & set(DIMENSIONS)):
        raise DatasetError(f"{manifest}: needs either the column label, or {', '.join(DIMENSIONS)} or some of them")
    return columns


def _trial(root: Path, where: str, columns: list[str], row: Mapping[str | Any, str | Any]) -> LabelledTrial:
    if None in row:
        raise DatasetError(f"{where}: has more values than there are columns")
    texts = {column: (row.get(column) or "").strip() for column in columns}
    for column in columns:
        if not texts[column] and column != "audio":
            raise DatasetError(f"{where}: has no {column}")
    video = _file(root, where, texts["file"], VIDEO_SUFFIXES | AUDIO_SUFFIXES)
    audio = _file(root, where, texts["audio"], VIDEO_SUFFIXES | AUDIO_SUFFIXES) if texts.get("audio") else None
    if "split" in texts and texts["split"] not in PARTS:
        raise DatasetError(f"{where}: split {texts['split']!r} is not one of {', '.join(PARTS)}")
    return LabelledTrial(
        name=texts["file"],
        subject=texts.get("subject", texts["file"]),
        read=partial(clip, video, audio),
        label=texts.get("label"),
        ratings={name: levels.parse_rating(where, name, texts[name]) for name in DIMENSIONS if name in texts},
        part=PARTS[texts["split"]] if "split" in texts else None,
        files=tuple(str(file) for file in (video, audio) if file is not None),
    )


def _file(root: Path, where: str, name: str, suffixes: set[str]) -> Path:
    pure = PurePosixPath(name.replace("\\", "/"))
    if pure.is_absolute() or ".." in pure.parts:
        raise DatasetError(f"{where}: {name} is not below the manifest's folder")
    path = root / pure
    if not path.is_file():
        raise DatasetError(f"{where}: there is no {path}")
    if path.suffix.lower() not in suffixes:
        raise DatasetError(f"{where}: {name} is neither video nor sound by its name")
    return path
