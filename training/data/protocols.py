"""Protocols: which windows of a corpus are trained on, and which are tested.

A protocol is a function of a corpus and of its windows, given by `trial_of` (windows,) int, the place of each window's
trial in `corpus.trials`, in the order of the trials. Its name is the function's, with hyphens; one that begins with
`leaky-` puts windows of one trial on two sides, and `Protocol.leak` says what that does to a score.
"""

import inspect
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from sklearn import model_selection

from training.data import splits
from training.data.corpus import Corpus, Part, check_disjoint
from training.errors import DatasetError

Indices = NDArray[np.int64]
Unit = Literal["subject", "trial", "window"]


@dataclass(frozen=True)
class Fold:
    """Indices of windows, rising; `validation` may be empty."""

    name: str
    train: Indices
    validation: Indices
    test: Indices


@dataclass(frozen=True)
class Protocol:
    """`unit` is what is never divided between train and test: whole subjects, whole trials or single windows."""

    name: str
    unit: Unit
    split: Callable[..., list[Fold]]
    leak: str | None = None
    """Why a score by this protocol says nothing of a new recording."""

    @property
    def about(self) -> str:
        """What it does, in one sentence."""
        return (inspect.getdoc(self.split) or "").partition("\n")[0]

    @property
    def metrics(self) -> dict[str, str | None]:
        """What goes beside every score that was made by it."""
        return {"protocol": self.name, "unit": self.unit, "about": self.about, "leak": self.leak}


_PROTOCOLS: dict[str, Protocol] = {}


def names() -> list[str]:
    """Return the name of every protocol, sorted."""
    return sorted(_PROTOCOLS)


def get(name: str) -> Protocol:
    """The protocol. Raises DatasetError for an unknown one."""
    if name not in _PROTOCOLS:
        raise DatasetError(f"{name}: no such protocol, have {', '.join(names())}")
    return _PROTOCOLS[name]


def folds(name: str, corpus: Corpus, trial_of: Indices, **settings: int) -> list[Fold]:
    """The folds of a protocol; `settings` are those of its function (`k`, `seed`).

    Raises DatasetError for an unknown protocol or setting, where the corpus has too little for it, and where a
    subject or trial stands on two sides of a protocol that is not leaky.
    """
    protocol = get(name)
    known = list(inspect.signature(protocol.split).parameters)[2:]
    if unknown := sorted(set(settings) - set(known)):
        raise DatasetError(f"{name}: no setting {', '.join(unknown)}, have {', '.join(known) or 'none'}")
    if silent := sorted(set(range(len(corpus.trials))) - set(trial_of.tolist())):
        raise DatasetError(f"{corpus.trials[silent[0]].name}: the trial has no windows")
    found = protocol.split(corpus, trial_of, **settings)
    for fold in found:
        for part in ("train", "test"):
            if not len(getattr(fold, part)):
                raise DatasetError(f"{name}: {fold.name} has nothing to {part}")
        check(corpus, trial_of, fold, protocol.unit)
    return found


def check(corpus: Corpus, trial_of: Indices, fold: Fold, unit: Unit) -> None:
    """Raise DatasetError where a window, a trial or a subject, as `unit` says, stands on two sides of the fold."""
    check_disjoint({part: _units(corpus, trial_of, getattr(fold, part), unit) for part in get_args(Part)}, unit)


def _units(corpus: Corpus, trial_of: Indices, windows: Indices, unit: Unit) -> list[str]:
    if unit == "window":
        return [str(window) for window in windows]
    trials = [corpus.trials[index] for index in np.unique(trial_of[windows])]
    return [trial.subject if unit == "subject" else f"{trial.name} of subject {trial.subject}" for trial in trials]


def _protocol(unit: Unit, leak: str | None = None) -> Callable[[Callable[..., list[Fold]]], Callable[..., list[Fold]]]:
    def register(split: Callable[..., list[Fold]]) -> Callable[..., list[Fold]]:
        name = split.__name__.replace("_", "-")
        _PROTOCOLS[name] = Protocol(name, unit, split, leak)
        return split

    return register


@_protocol("subject")
def subject_k_fold(corpus: Corpus, trial_of: Indices, k: int = 5, seed: int = 1) -> list[Fold]:
    """Subjects are shuffled into k parts, each of which is tested once."""
    subjects = _subjects(corpus)
    splitter = _splitter(len(subjects), k, seed, "subjects")
    return [
        _fold(f"fold {number}", trial_of, _trials_of(corpus, {subjects[index] for index in test}))
        for number, (_, test) in enumerate(splitter.split(subjects), 1)
    ]


@_protocol("subject")
def leave_one_subject_out(corpus: Corpus, trial_of: Indices) -> list[Fold]:
    """Each subject is tested once, by what was trained on all others."""
    return [
        _fold(f"subject {subject}", trial_of, _trials_of(corpus, {subject}))
        for subject in _at_least_two(_subjects(corpus))
    ]


@_protocol("trial")
def within_subject_k_fold(corpus: Corpus, trial_of: Indices, k: int = 5, seed: int = 1) -> list[Fold]:
    """Within each subject, the trials of a label are shuffled into k parts, each of which is tested once."""
    found = []
    for subject in _subjects(corpus):
        trials = _trials_of(corpus, {subject})
        if not 2 <= k <= len(trials):
            raise DatasetError(f"subject {subject}: {len(trials)} trials cannot be divided into {k} folds")
        rng = np.random.default_rng(seed)
        dealt = [trial for of_label in _by_label(corpus, trials).values() for trial in rng.permutation(of_label)]
        found += [
            _fold(f"subject {subject}, fold {first + 1}", trial_of, dealt[first::k], trials) for first in range(k)
        ]
    return found


@_protocol("trial")
def within_subject_70_30(corpus: Corpus, trial_of: Indices) -> list[Fold]:
    """Within each subject, the first 70 % of the trials of a label are trained on and the last 30 % tested.

    In EAV these are 14 and 6 spoken trials, 56 and 24 windows of 5 s (Lee et al. 2024).
    """
    return _in_order(corpus, trial_of, 0.7)


@_protocol("trial")
def within_subject_50_50(corpus: Corpus, trial_of: Indices) -> list[Fold]:
    """Within each subject, the first half of the trials of a label is trained on and the last half tested.

    The split of the first release of EAV's code.
    """
    return _in_order(corpus, trial_of, 0.5)


@_protocol("subject")
def eav_subjects_30_6_6(corpus: Corpus, trial_of: Indices) -> list[Fold]:
    """EAV's subjects 1 to 30 are trained on, 31 to 36 validate and 37 to 42 are tested."""
    return _by_file("eav-subjects-30-6-6", corpus, trial_of)


@_protocol("subject")
def eav_k_fold_by_subject(corpus: Corpus, trial_of: Indices) -> list[Fold]:
    """Seven folds of EAV's subjects: six in a row are tested, the next six validate."""
    return _by_file("eav-k-fold-by-subject", corpus, trial_of)


@_protocol("subject")
def ravdess_5_folds(corpus: Corpus, trial_of: Indices) -> list[Fold]:
    """Five folds of RAVDESS' actors: four in a row are tested, the next four validate; 21 to 24 are never tested."""
    return _by_file("ravdess-5-folds", corpus, trial_of)


@_protocol("subject")
def ravdess_19_actors_5_folds(corpus: Corpus, trial_of: Indices) -> list[Fold]:
    """Five folds of RAVDESS' actors 2 to 20: four in a row are tested, three in the last fold."""
    return _by_file("ravdess-19-actors-5-folds", corpus, trial_of)


@_protocol("subject")
def official_split(corpus: Corpus, trial_of: Indices) -> list[Fold]:
    """The parts that the data set itself puts its trials into."""
    for trial in corpus.trials:
        if trial.part is None:
            raise DatasetError(f"{trial.name}: in no part, which the official split needs")
    parts = ([index for index, trial in enumerate(corpus.trials) if trial.part == part] for part in get_args(Part))
    return [Fold("official", *(_windows(trial_of, trials) for trials in parts))]


@_protocol("trial")
def official_split_by_trial(corpus: Corpus, trial_of: Indices) -> list[Fold]:
    """The parts that the data set itself puts its trials into, with some subjects in several (MELD's speakers)."""
    return official_split(corpus, trial_of)


_WINDOWS_LEAK = (
    "windows of one trial, which share its label, are in train and test: what is scored is whether a trial is "
    "recognised again, not an emotion"
)


@_protocol("window", leak=_WINDOWS_LEAK)
def leaky_window_10_fold(corpus: Corpus, trial_of: Indices, seed: int = 1) -> list[Fold]:
    """The windows of all subjects are shuffled into 10 parts (DeepVANet's "inter-subject"; Zhang et al. 2021).

    Leaky: the 60 windows of a trial have one label, and about 54 of them are in train when the others are tested.
    """
    return _shuffled(_windows(trial_of, range(len(corpus.trials))), 10, seed, "")


@_protocol("window", leak=_WINDOWS_LEAK)
def leaky_window_10_fold_within_subject(corpus: Corpus, trial_of: Indices, seed: int = 1) -> list[Fold]:
    """The windows of each subject are shuffled into 10 parts (DeepVANet's "per subject"; Zhang et al. 2021).

    Leaky as `leaky_window_10_fold` is.
    """
    return [
        fold
        for subject in _subjects(corpus)
        for fold in _shuffled(_windows(trial_of, _trials_of(corpus, {subject})), 10, seed, f"subject {subject}, ")
    ]


@_protocol(
    "window",
    leak=f"{_WINDOWS_LEAK}; windows that overlap by half even share their samples",
)
def leaky_segment_4_fold(corpus: Corpus, trial_of: Indices, seed: int = 1) -> list[Fold]:
    """The segments of all subjects are shuffled into 4 parts (MERCL; Lee, Kim and Kim 2024).

    The paper prints 4 folds and not of what; segments are our reading. Leaky: they are 4 s long and overlap by half.
    """
    return _shuffled(_windows(trial_of, range(len(corpus.trials))), 4, seed, "")


def _shuffled(windows: Indices, k: int, seed: int, before: str) -> list[Fold]:
    splitter = _splitter(len(windows), k, seed, "windows")
    return [
        Fold(f"{before}fold {number}", windows[train], _NONE, windows[test])
        for number, (train, test) in enumerate(splitter.split(windows), 1)
    ]


def _in_order(corpus: Corpus, trial_of: Indices, share: float) -> list[Fold]:
    found = []
    for subject in _subjects(corpus):
        trials = _trials_of(corpus, {subject})
        test: list[int] = []
        for label, of_label in _by_label(corpus, trials).items():
            first = round(share * len(of_label))
            if not 0 < first < len(of_label):
                raise DatasetError(f"subject {subject}: {len(of_label)} trials of {label} are too few to divide")
            test += of_label[first:]
        found.append(_fold(f"subject {subject}", trial_of, test, trials))
    return found


def _by_file(name: str, corpus: Corpus, trial_of: Indices) -> list[Fold]:
    """The folds of a file of training/splits, whose numbers are those at the end of the subjects' names."""
    split = splits.load(name)
    numbers = {subject: _number(subject) for subject in _subjects(corpus)}
    expected = {number for part in ("train", "validation", "test") for number in getattr(split.folds[0], part)}
    if set(numbers.values()) != expected:
        raise DatasetError(
            f"{name}: is of the subjects {min(expected)} to {max(expected)}, but {corpus.name} holds "
            f"{len(numbers)}: {', '.join(list(numbers)[:3])} ..."
        )
    found = []
    for index, fold in enumerate(split.folds, 1):
        parts = (
            _windows(trial_of, _trials_of(corpus, {subject for subject, number in numbers.items() if number in part}))
            for part in (fold.train, fold.validation, fold.test)
        )
        found.append(Fold(f"fold {index}", *parts))
    return found


def _number(subject: str) -> int:
    match = re.search(r"\d+$", subject)
    if match is None:
        raise DatasetError(f"subject {subject}: its name does not end with a number, by which the split knows it")
    return int(match[0])


def _fold(name: str, trial_of: Indices, test: Iterable[int], trials: Sequence[int] | None = None) -> Fold:
    """Test on the windows of the trials `test`, train on those of the other `trials`, or of all others."""
    test = set(test)
    others = set(trial_of.tolist() if trials is None else trials) - test
    return Fold(name, _windows(trial_of, others), _NONE, _windows(trial_of, test))


def _windows(trial_of: Indices, trials: Iterable[int]) -> Indices:
    return np.flatnonzero(np.isin(trial_of, list(trials))).astype(np.int64)


def _subjects(corpus: Corpus) -> list[str]:
    return list(dict.fromkeys(trial.subject for trial in corpus.trials))


def _at_least_two(subjects: list[str]) -> list[str]:
    if len(subjects) < 2:
        raise DatasetError(f"{', '.join(subjects)}: one subject cannot be trained on and tested")
    return subjects


def _trials_of(corpus: Corpus, subjects: set[str]) -> list[int]:
    return [index for index, trial in enumerate(corpus.trials) if trial.subject in subjects]


def _by_label(corpus: Corpus, trials: Iterable[int]) -> dict[str | None, list[int]]:
    found: dict[str | None, list[int]] = defaultdict(list)
    for trial in trials:
        found[corpus.trials[trial].label].append(trial)
    return found


def _splitter(count: int, k: int, seed: int, unit: str) -> Any:
    if not 2 <= k <= count:
        raise DatasetError(f"{k} folds of {count} {unit}: needs at least 2 folds, and as many {unit} as folds")
    return model_selection.KFold(k, shuffle=True, random_state=seed)


_NONE: Indices = np.zeros(0, np.int64)
