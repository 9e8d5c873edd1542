"""EAV: conversations of 42 subjects with video, sound and EEG, trials of 20 s (Lee et al., Sci. Data 11, 1026, 2024).

`subjectN/Video/NNN_Trial_TT_Listening|Speaking_EMOTION.mp4`, `subjectN/Audio/..._aud.wav` of what is spoken, and
`subjectN/EEG/subjectN_eeg.mat` with `subjectN_eeg_label.mat`. NNN counts the trials of the EEG from 1 and is all that
pairs the files; TT begins anew in each conversation. Names are read in any case, numbers with or without leading zeros.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.eeg import CHANNELS, EAV_KEYS, EAV_SAMPLES, LABEL_ROWS, read_labels
from inference.matfile import MatFile, Variable, open_mat
from training.data.files import listed, named_errors
from training.errors import DatasetError

LABELS = ("neutral", "sad", "angry", "happy", "calm")
EMOTIONS = ("Neutral", "Sadness", "Anger", "Happiness", "Calmness")  # the same in the words of file names

_NAME = rf"(\d{{3}})_Trial_\d+_(Listening|Speaking)_({'|'.join(EMOTIONS)})"
_SUBJECT = re.compile(r"subject(\d+)", re.IGNORECASE)
_TASKS = ("listening", "speaking")


@dataclass(frozen=True)
class ListenedTrial:
    """A trial that was listened to; `number` is its place among all trials of its subject's EEG, from 1."""

    subject: int
    number: int
    label: str
    video: Path


@dataclass(frozen=True)
class Trial(ListenedTrial):
    """A spoken trial."""

    audio: Path


@dataclass(frozen=True)
class Subject:
    """One subject: the trials in order of time, and the EEG file, which holds `recorded` trials.

    `trials` are the spoken ones, `listened` the others.
    """

    number: int
    trials: tuple[Trial, ...]
    listened: tuple[ListenedTrial, ...]
    eeg: Path
    recorded: int


def read_subjects(root: Path, numbers: Iterable[int] | None = None) -> list[Subject]:
    """The subjects below `root` in order of number; only `numbers`, if given. EEG is left for `read_eeg`.

    Raises DatasetError for a subject, file or trial that is missing or there twice, for a name that is not of the data
    set, and where a file name and the labels disagree. Hidden files, and in a subject's folders files of other kinds
    than the data set's, are passed over.
    """
    folders: dict[int, Path] = {}
    for folder in listed(root):
        match = _SUBJECT.fullmatch(folder.name)
        if match and folder.is_dir():
            other = folders.setdefault(int(match[1]), folder)
            if other != folder:
                raise DatasetError(f"{folder}: the same subject as {other.name}")
    wanted = sorted(folders if numbers is None else set(numbers))
    missing = [number for number in wanted if number not in folders]
    if missing:
        raise DatasetError(f"{root}: no folders of subjects {missing}")
    if not wanted:
        raise DatasetError(f"{root}: no folders subjectN")
    return [_subject(number, folders[number]) for number in wanted]


def read_eeg(subject: Subject, trials: Sequence[ListenedTrial] | None = None) -> NDArray[np.float32]:
    """The EEG of `trials`, in their order: (trials, 30, 10000) float32, microvolt at 500 Hz.

    Without `trials`, that of the spoken ones. The whole file is checked. Raises DatasetError if it cannot be read, has
    another shape or holds NaN or Inf.
    """
    path = subject.eeg
    with named_errors(path), open_mat(path) as file:
        values = file.read(_segments(path, file, subject.recorded))
    rows = {trial.number: row for row, trial in enumerate(subject.trials if trials is None else trials)}
    wanted = np.empty((len(rows), len(CHANNELS), EAV_SAMPLES), np.float32)
    for number in range(1, subject.recorded + 1):
        with np.errstate(over="ignore"):
            trial = values[:, :, number - 1].T.astype(np.float32)
        if not np.isfinite(trial).all():
            raise DatasetError(f"{path}: trial {number} holds NaN or Inf")
        if number in rows:
            wanted[rows[number]] = trial
    return wanted


def simulated(root: Path) -> bool:
    """Whether `python -m training simulate` made the folder, by its README.txt."""
    readme = root / "README.txt"
    return readme.is_file() and readme.read_text(encoding="utf-8", errors="replace").startswith("SIMULATED")


def ranks(trials: Sequence[Trial]) -> list[int]:
    """Each trial's place, from 1, among those of its subject and label in order of time."""
    order = sorted(range(len(trials)), key=lambda index: trials[index].number)
    seen: Counter[tuple[int, str]] = Counter()
    found = [0] * len(trials)
    for index in order:
        kind = (trials[index].subject, trials[index].label)
        seen[kind] += 1
        found[index] = seen[kind]
    return found


def _subject(number: int, folder: Path) -> Subject:
    video, audio, eeg = (_one(folder, name) for name in ("Video", "Audio", "EEG"))
    named = (f"subject{number}_eeg", f"subject{number:02d}_eeg")
    eeg_file = _one(eeg, *(f"{name}.mat" for name in named))
    label_file = _one(eeg, *(f"{name}_label.mat" for name in named))
    with named_errors(label_file):
        emotions, spoken = read_labels(label_file)
    kinds = np.bincount(2 * emotions + spoken, minlength=LABEL_ROWS)
    if kinds.min() != kinds.max() or not kinds.any():
        raise DatasetError(f"{label_file}: {kinds.tolist()} trials of the ten kinds, expected as many of each")
    expected = [(_TASKS[int(task)], EMOTIONS[emotion].lower()) for emotion, task in zip(emotions, spoken, strict=True)]
    every = range(1, len(expected) + 1)
    said = [trial for trial in every if spoken[trial - 1]]
    videos = _trials(video, ".mp4", expected, every)
    sounds = _trials(audio, "_aud.wav", expected, said)
    trials = [Trial(number, trial, LABELS[emotions[trial - 1]], videos[trial], sounds[trial]) for trial in said]
    listened = [
        ListenedTrial(number, trial, LABELS[emotions[trial - 1]], videos[trial])
        for trial in every
        if trial not in sounds
    ]
    return Subject(number, tuple(trials), tuple(listened), eeg_file, len(expected))


def _trials(folder: Path, ending: str, expected: list[tuple[str, str]], wanted: Sequence[int]) -> dict[int, Path]:
    """The folder's files by trial: exactly those `wanted`, each named for the task and emotion `expected` of it."""
    name = re.compile(_NAME + re.escape(ending), re.IGNORECASE)
    found: dict[int, Path] = {}
    for path in listed(folder):
        if path.suffix.lower() != Path(f"_{ending}").suffix:
            continue
        match = name.fullmatch(path.name)
        if match is None:
            raise DatasetError(f"{path}: not an EAV name (NNN_Trial_TT_TASK_EMOTION{ending})")
        number, kind = int(match[1]), (match[2].lower(), match[3].lower())
        if not 1 <= number <= len(expected):
            raise DatasetError(f"{path}: trial {number}, but the labels are of {len(expected)} trials")
        if kind != expected[number - 1]:
            raise DatasetError(f"{path}: trial {number} is {' '.join(expected[number - 1])} by the label file")
        if number not in wanted:
            raise DatasetError(f"{path}: trial {number} is not spoken, so it has no sound")
        if number in found:
            raise DatasetError(f"{path}: trial {number} again, after {found[number].name}")
        found[number] = path
    missing = [number for number in wanted if number not in found]
    if missing:
        raise DatasetError(f"{folder}: no *{ending} of trials {missing}")
    return found


def _segments(path: Path, file: MatFile, recorded: int) -> Variable:
    found = [variable for variable in file.variables if variable.name in EAV_KEYS]
    if len(found) != 1:
        names = [variable.name for variable in file.variables]
        raise DatasetError(f"{path}: needs one array {' or '.join(EAV_KEYS)}, but holds {names}")
    shape = (EAV_SAMPLES, len(CHANNELS), recorded)
    if found[0].shape != shape:
        raise DatasetError(f"{path}: {found[0].name} is {found[0].shape}, expected {shape} (time, channel, trial)")
    return found[0]


def _one(folder: Path, *names: str) -> Path:
    """The one entry of the folder with one of the names, in any case."""
    wanted = {name.lower() for name in names}
    found = [path for path in listed(folder) if path.name.lower() in wanted]
    if len(found) != 1:
        have = " and ".join(path.name for path in found) or "nothing"
        raise DatasetError(f"{folder}: needs one {names[0]}, has {have}")
    return found[0]
