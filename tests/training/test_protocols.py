"""Which windows each protocol trains on and tests, and what it refuses."""

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from inference.front_ends.signals import Signals
from training.data import levels, protocols
from training.data.corpus import Corpus, LabelledTrial
from training.data.protocols import Fold, Indices
from training.errors import DatasetError

LABELS = ("neutral", "sad", "angry", "happy", "calm")
FULL = {"eav-subjects-30-6-6": 42, "eav-k-fold-by-subject": 42, "ravdess-5-folds": 24}
ACTORS = {"ravdess-19-actors-5-folds": range(2, 21)}


def corpus(subjects: int = 6, per_label: int = 4) -> Corpus:
    """Trials of one label after the other, in parts by subject."""

    def read() -> Signals:
        raise AssertionError("a protocol needs no signals")

    return Corpus(
        "made up",
        tuple(
            LabelledTrial(
                name=f"trial {number}",
                subject=f"subject{subject}",
                read=read,
                label=LABELS[number % len(LABELS)],
                part=("train", "validation", "test")[subject % 3],
            )
            for subject in range(1, subjects + 1)
            for number in range(per_label * len(LABELS))
        ),
        LABELS,
    )


def corpus_of(name: str) -> Corpus:
    """The subjects whom the protocol is about."""
    actors = ACTORS.get(name, range(1, FULL.get(name, 6) + 1))
    data = corpus(actors[-1])
    return replace(data, trials=tuple(trial for trial in data.trials if int(trial.subject[7:]) in actors))


def windows(data: Corpus, each: int = 4) -> Indices:
    return np.repeat(np.arange(len(data.trials)), each)


def sides(data: Corpus, trial_of: Indices, fold: Fold, unit: str) -> list[set[Any]]:
    """What stands in train, validation and test, counted independently of `protocols.check`."""
    found: list[set[Any]] = []
    for part in (fold.train, fold.validation, fold.test):
        trials = [data.trials[trial_of[index]] for index in part]
        found.append({trial.subject if unit == "subject" else (trial.subject, trial.name) for trial in trials})
    return found


@pytest.mark.parametrize("name", protocols.names())
def test_nobody_stands_on_two_sides_unless_the_name_says_so(name: str) -> None:
    protocol = protocols.get(name)
    data = corpus_of(name)
    trial_of = windows(data)
    found = protocols.folds(name, data, trial_of)
    overlaps = []
    for fold in found:
        indices = np.concatenate([fold.train, fold.validation, fold.test])
        assert len(set(indices.tolist())) == len(indices), "a window is on two sides"
        train, validation, test = sides(data, trial_of, fold, "subject" if protocol.unit == "subject" else "trial")
        overlaps.append(bool(train & test or train & validation or validation & test))
    assert name.startswith("leaky-") == any(overlaps) == (protocol.leak is not None)
    assert protocol.metrics["leak"] == protocol.leak
    assert protocol.about.endswith((".", ")."))


TESTED = {
    "within-subject-70-30": 0.25,  # of 4 trials a label the last one
    "within-subject-50-50": 0.5,
    "eav-subjects-30-6-6": 6 / 42,
    "ravdess-5-folds": 20 / 24,
    "official-split": 1 / 3,
    "official-split-by-trial": 1 / 3,
}


@pytest.mark.parametrize("name", protocols.names())
def test_no_window_is_tested_twice_and_none_left_out_unless_it_is_said(name: str) -> None:
    data = corpus_of(name)
    trial_of = windows(data)
    tested = Counter(index for fold in protocols.folds(name, data, trial_of) for index in fold.test.tolist())
    assert set(tested.values()) == {1}
    assert len(tested) == pytest.approx(TESTED.get(name, 1) * len(trial_of))


def test_eav_trains_on_56_windows_of_a_class_and_tests_24() -> None:
    data = corpus(subjects=2, per_label=20)
    trial_of = windows(data)
    first, second = protocols.folds("within-subject-70-30", data, trial_of)
    assert (len(first.train), len(first.test), first.name) == (280, 120, "subject subject1")
    labels = np.array([data.trials[trial].label for trial in trial_of])
    for label in LABELS:
        of_label = np.flatnonzero(labels[:400] == label)
        assert first.train[labels[first.train] == label].tolist() == of_label[:56].tolist()
        assert first.test[labels[first.test] == label].tolist() == of_label[56:].tolist()
    assert set(second.train) | set(second.test) == set(range(400, 800))
    half, _ = protocols.folds("within-subject-50-50", data, trial_of)
    assert (len(half.train), len(half.test)) == (200, 200)


def test_the_reports_subjects_are_on_their_sides() -> None:
    data = corpus(42)
    (fold,) = protocols.folds("eav-subjects-30-6-6", data, windows(data))
    train, validation, test = sides(data, windows(data), fold, "subject")
    assert (len(train), len(validation)) == (30, 6)
    assert test == {f"subject{number}" for number in range(37, 43)}


def test_within_subjects_every_fold_tests_every_label_alike() -> None:
    data = corpus(subjects=2, per_label=5)
    found = protocols.folds("within-subject-k-fold", data, windows(data), k=5)
    assert len(found) == 10
    for fold in found:
        tested = Counter(data.trials[windows(data)[index]].label for index in fold.test)
        assert set(tested.values()) == {4}
        assert len({data.trials[windows(data)[index]].subject for index in [*fold.train, *fold.test]}) == 1


def test_the_seed_decides_who_is_tested() -> None:
    data = corpus()
    first, again, other = (
        [fold.test.tolist() for fold in protocols.folds("subject-k-fold", data, windows(data), k=3, seed=seed)]
        for seed in (1, 1, 2)
    )
    assert first == again != other


def test_leaky_folds_put_most_windows_of_a_tested_trial_into_train() -> None:
    data = corpus(subjects=1, per_label=1)
    trial_of = windows(data, 60)
    for name in ("leaky-window-10-fold", "leaky-window-10-fold-within-subject", "leaky-segment-4-fold"):
        found = protocols.folds(name, data, trial_of)
        assert len(found) == (4 if "segment" in name else 10)
        for fold in found:
            assert set(trial_of[fold.test]) <= set(trial_of[fold.train])


@pytest.mark.parametrize(
    ("name", "data", "settings", "message"),
    [
        ("k-fold", corpus(), {}, "no such protocol, have .*subject-k-fold"),
        ("leave-one-subject-out", corpus(), {"k": 3}, "no setting k, have none"),
        ("subject-k-fold", corpus(3), {"k": 4}, "4 folds of 3 subjects"),
        ("leave-one-subject-out", corpus(1), {}, "one subject cannot"),
        ("within-subject-k-fold", corpus(2, 1), {"k": 6}, "subject subject1: 5 trials cannot be divided into 6"),
        ("within-subject-70-30", corpus(2, 1), {}, "subject subject1: 1 trials of neutral are too few"),
        ("eav-subjects-30-6-6", corpus(6), {}, "is of the subjects 1 to 42, but made up holds 6"),
        ("leaky-window-10-fold", corpus(0), {}, "10 folds of 0 windows"),
        ("official-split", corpus(1), {}, "official has nothing to train"),
    ],
)
def test_what_a_corpus_cannot_give_is_refused(name: str, data: Corpus, settings: dict[str, int], message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        protocols.folds(name, data, windows(data), **settings)


def test_a_trial_without_windows_is_refused() -> None:
    data = corpus()
    with pytest.raises(DatasetError, match="trial 0: the trial has no windows"):
        protocols.folds("subject-k-fold", data, windows(data)[4:])


def test_a_trial_in_no_part_is_refused() -> None:
    data = corpus()
    some = replace(data, trials=(*data.trials[:-1], replace(data.trials[-1], part=None)))
    with pytest.raises(DatasetError, match="trial 19: in no part"):
        protocols.folds("official-split", some, windows(some))


def test_a_subject_on_two_sides_of_the_official_split_is_refused() -> None:
    data = corpus()
    some = replace(data, trials=(replace(data.trials[0], part="test"), *data.trials[1:]))
    with pytest.raises(DatasetError, match="subject subject1 stands in"):
        protocols.folds("official-split", some, windows(some))
    assert protocols.folds("official-split-by-trial", some, windows(some))


def test_a_trial_that_is_there_twice_is_seen_on_two_sides() -> None:
    data = corpus(2)
    twice = replace(data, trials=(*data.trials, replace(data.trials[0], label="calm")))
    fold = Fold("made up", np.array([0]), np.zeros(0, np.int64), np.array([len(data.trials)]))
    with pytest.raises(DatasetError, match="trial trial 0 of subject subject1 stands in train and in test"):
        protocols.check(twice, np.arange(len(twice.trials)), fold, "trial")
    protocols.check(twice, np.arange(len(twice.trials)), fold, "window")


def test_levels_cut_the_scale_without_gaps() -> None:
    assert [levels.two_levels(rating) for rating in (1, 4.99, 5, 5.5, 6, 9)] == [0, 0, 1, 1, 1, 1]
    assert [levels.three_levels(rating) for rating in (1, 3.5, 4, 6.9, 7, 9)] == [0, 0, 1, 1, 2, 2]
    assert levels.FOUR[levels.four_levels(2, 8)] == "low valence, high arousal"
    assert levels.FOUR[levels.four_levels(5, 4)] == "high valence, low arousal"
    for rating in (0, 9.5, float("nan")):
        with pytest.raises(DatasetError, match="not between 1 and 9"):
            levels.two_levels(rating)
