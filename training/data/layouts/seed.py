"""SEED: 15 subjects watch 15 films in each of three sessions (Zheng and Lu, IEEE TAMD 7(3), 162, 2015).

`Preprocessed_EEG/SUBJECT_DATE.mat` holds the EEG of the films, `INITIALS_eeg1` and so on (62 channels, samples at
200 Hz); `ExtractedFeatures/SUBJECT_DATE.mat` holds features of windows of 1 s, such as `de_LDS1` (channels, windows,
5 bands). One of the folders may be missing. `label.mat` has the films' labels: -1 negative, 0 neutral, 1 positive.
"""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.front_ends.signals import Biosignal
from inference.matfile import Variable, open_mat
from training.data import eav
from training.data.corpus import Corpus, LabelledTrial
from training.data.files import listed, named_errors
from training.data.layouts._files import SIMULATED, subfolder
from training.data.media import LazySignals
from training.errors import DatasetError

LABELS = ("negative", "neutral", "positive")
RATE = 200
WINDOW_S = 1.0
# fmt: off
CHANNELS = (
    "FP1", "FPZ", "FP2", "AF3", "AF4", "F7", "F5", "F3", "F1", "FZ", "F2", "F4", "F6", "F8", "FT7", "FC5", "FC3", "FC1",
    "FCZ", "FC2", "FC4", "FC6", "FT8", "T7", "C5", "C3", "C1", "CZ", "C2", "C4", "C6", "T8", "TP7", "CP5", "CP3", "CP1",
    "CPZ", "CP2", "CP4", "CP6", "TP8", "P7", "P5", "P3", "P1", "PZ", "P2", "P4", "P6", "P8", "PO7", "PO5", "PO3", "POZ",
    "PO4", "PO6", "PO8", "CB1", "O1", "OZ", "O2", "CB2",
)
# fmt: on
EEG_FOLDER, FEATURES_FOLDER = "Preprocessed_EEG", "ExtractedFeatures"
LABEL_FILE = "label.mat"
_SESSION = re.compile(r"(\d+)_(\d{8})")
_NUMBERED = re.compile(r"(.+?)(\d+)")
Session = tuple[int, int]
"""Subject and date."""


def read(root: Path) -> Corpus:
    """The films of every session below `root`, by subject and date. Raises DatasetError for what does not fit."""
    folders = [folder for name in (EEG_FOLDER, FEATURES_FOLDER) if (folder := subfolder(root, name)) is not None]
    if not folders:
        raise DatasetError(f"{root}: needs the folder {EEG_FOLDER} or {FEATURES_FOLDER}")
    labels = _labels(folders)
    sessions = {folder.name.lower(): _sessions(folder) for folder in folders}
    first, *others = sessions.values()
    for other in others:
        if lone := sorted(first.keys() ^ other.keys()):
            raise DatasetError(f"{root}: {'{}_{}.mat'.format(*lone[0])} is in one of the two folders only")
    recorded, extracted = (sessions.get(name.lower(), {}) for name in (EEG_FOLDER, FEATURES_FOLDER))
    trials = []
    counts: dict[int, int] = {}
    for subject, date in sorted(first):
        counts[subject] = counts.get(subject, 0) + 1
        eeg, features = recorded.get((subject, date)), extracted.get((subject, date))
        seconds = _seconds(eeg, features, len(labels))
        for film, label in enumerate(labels, 1):
            name = f"session {counts[subject]}, film {film}"
            trials.append(_trial(str(subject), name, film, label, seconds[film], eeg, features))
    made_of = SIMULATED if eav.simulated(root) else None
    return Corpus("SEED", tuple(trials), LABELS, made_of=made_of)


def _trial(
    subject: str, name: str, film: int, label: str, seconds: float, eeg: Path | None, features: Path | None
) -> LabelledTrial:
    readers: dict[str, Callable[[], Any]] = {}
    if eeg is not None:
        readers["eeg"] = partial(_eeg, eeg, film)
    if features is not None:
        readers["features"] = partial(_features, features, film)
    return LabelledTrial(
        name=name,
        subject=subject,
        read=partial(LazySignals, seconds, **readers),
        label=label,
        files=tuple(str(file) for file in (eeg, features) if file is not None),
    )


def _labels(folders: list[Path]) -> list[str]:
    paths = [folder / LABEL_FILE for folder in folders if (folder / LABEL_FILE).is_file()]
    if not paths:
        raise DatasetError(f"{folders[0]}: has no {LABEL_FILE}")
    found = {}
    for path in paths:
        with named_errors(path), open_mat(path) as file:
            variables = [variable for variable in file.variables if variable.name == "label"]
            if len(variables) != 1:
                raise DatasetError(f"{path}: needs one array label, has {[v.name for v in file.variables]}")
            values = file.read(variables[0]).ravel()
        if not len(values) or not set(values.tolist()) <= {-1, 0, 1}:
            raise DatasetError(f"{path}: label has other values than -1, 0 and 1")
        found[path] = [LABELS[int(value) + 1] for value in values]
    if len(found) == 2 and len(set(map(tuple, found.values()))) == 2:
        raise DatasetError(f"{paths[1]}: has other labels than {paths[0]}")
    return found[paths[0]]


def _sessions(folder: Path) -> dict[Session, Path]:
    found = {}
    for path in listed(folder):
        if path.suffix.lower() != ".mat" or path.name.lower() == LABEL_FILE:
            continue
        match = _SESSION.fullmatch(path.stem)
        if match is None:
            raise DatasetError(f"{path}: not a name of SEED (SUBJECT_DATE.mat)")
        found[int(match[1]), int(match[2])] = path
    if not found:
        raise DatasetError(f"{folder}: no files SUBJECT_DATE.mat")
    return found


def _seconds(eeg: Path | None, features: Path | None, films: int) -> dict[int, float]:
    """The length of each film; of EEG and features, which differ by a window at most, the shorter one."""
    recorded, extracted = {}, {}
    if eeg is not None:
        recorded = {film: variable.shape[1] / RATE for film, variable in _films(eeg, films).items()}
    if features is not None:
        extracted = {film: each[0].shape[1] * WINDOW_S for film, each in _feature_films(features, films).items()}
    for film in recorded.keys() & extracted.keys():
        if abs(recorded[film] - extracted[film]) > WINDOW_S:
            raise DatasetError(
                f"{features}: film {film} has {extracted[film]:g} s of features, but {recorded[film]:g} s of EEG"
            )
    return {film: min(each[film] for each in (recorded, extracted) if each) for film in range(1, films + 1)}


def _films(path: Path, films: int) -> dict[int, Variable]:
    """The EEG of each film, not read yet."""
    found: dict[int, Variable] = {}
    for _, number, variable in _numbered(path):
        if number in found:
            raise DatasetError(f"{path}: holds film {number} twice, as {found[number].name} and {variable.name}")
        found[number] = variable
        if len(variable.shape) != 2 or variable.shape[0] != len(CHANNELS):
            raise DatasetError(f"{path}: {variable.name} is {variable.shape}, expected ({len(CHANNELS)}, samples)")
    _check_films(path, found, films)
    return found


def _feature_films(path: Path, films: int) -> dict[int, list[Variable]]:
    """The features of each film, not read yet; all have as many windows."""
    found: dict[int, list[Variable]] = {}
    names: dict[int, set[str]] = {}
    for name, number, variable in _numbered(path):
        found.setdefault(number, []).append(variable)
        names.setdefault(number, set()).add(name)
        if len(variable.shape) != 3 or variable.shape[1] != found[number][0].shape[1]:
            raise DatasetError(
                f"{path}: {variable.name} is {variable.shape}, expected (channels, windows, bands) with as many "
                f"windows as {found[number][0].name}"
            )
    _check_films(path, found, films)
    for number, held in names.items():
        if held != names[1]:
            raise DatasetError(f"{path}: film {number} has other features than film 1")
    return found


def _numbered(path: Path) -> list[tuple[str, int, Variable]]:
    """The arrays of a file: name without the film's number, number, array."""
    with named_errors(path), open_mat(path) as file:
        variables = file.variables
    found = []
    for variable in variables:
        match = _NUMBERED.fullmatch(variable.name)
        if match is None:
            raise DatasetError(f"{path}: {variable.name} does not end with the number of a film")
        found.append((match[1], int(match[2]), variable))
    return found


def _check_films(path: Path, found: dict[int, Any], films: int) -> None:
    if sorted(found) != list(range(1, films + 1)):
        raise DatasetError(f"{path}: holds the films {sorted(found)}, but {LABEL_FILE} has {films} labels")


def _eeg(path: Path, film: int) -> Biosignal:
    with named_errors(path), open_mat(path) as file:
        variable = next(each for each in file.variables if _number(each) == film)
        samples = _finite(path, variable, file.read(variable))
    return Biosignal(samples, RATE, CHANNELS)


def _features(path: Path, film: int) -> dict[str, NDArray[np.float32]]:
    """Each feature (windows, channels, bands) by its name without the film's number."""
    found = {}
    with named_errors(path), open_mat(path) as file:
        for variable in file.variables:
            if _number(variable) == film:
                values = _finite(path, variable, file.read(variable))
                found[variable.name[: -len(str(film))]] = np.ascontiguousarray(values.swapaxes(0, 1))
    return found


def _number(variable: Variable) -> int:
    match = _NUMBERED.fullmatch(variable.name)
    return int(match[2]) if match else 0


def _finite(path: Path, variable: Variable, values: NDArray[Any]) -> NDArray[np.float32]:
    if not np.isfinite(values).all():
        raise DatasetError(f"{path}: {variable.name} holds NaN or Inf")
    return values.astype(np.float32)
