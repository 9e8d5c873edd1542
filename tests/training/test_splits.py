"""The committed splits, and what is said of broken ones."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from training.data import splits
from training.data.splits import Fold
from training.errors import DatasetError

NAMES = sorted(path.stem for path in splits.FOLDER.glob("*.json"))


def numbers(first: int, last: int) -> tuple[int, ...]:
    return tuple(range(first, last + 1))


def test_these_are_committed() -> None:
    assert NAMES == [
        "eav-k-fold-by-subject",
        "eav-subjects-30-6-6",
        "eav-within-subject-70-30",
        "ravdess-19-actors-5-folds",
        "ravdess-5-folds",
        "ravdess-authors",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_nobody_is_on_two_sides_or_left_out(name: str) -> None:
    split = splits.load(name)
    first, last = {"eav-within-subject-70-30": (1, 20), "ravdess-19-actors-5-folds": (2, 20)}.get(
        name, (1, 42) if name.startswith("eav") else (1, 24)
    )
    for fold in split.folds:
        assert tuple(sorted(fold.train + fold.validation + fold.test)) == numbers(first, last)
    assert split.unit == ("trial" if "within" in name else "subject")


def test_the_eav_splits_are_the_published_ones() -> None:
    assert splits.load("eav-subjects-30-6-6").folds == (Fold(numbers(1, 30), numbers(31, 36), numbers(37, 42)),)
    assert splits.load("eav-within-subject-70-30").folds == (Fold(numbers(1, 14), (), numbers(15, 20)),)
    folds = splits.load("eav-k-fold-by-subject").folds
    assert [fold.test for fold in folds] == [numbers(first, first + 5) for first in range(1, 42, 6)]
    assert [fold.validation for fold in folds] == [fold.test for fold in (*folds[1:], folds[0])]


def test_the_ravdess_splits_are_the_published_ones() -> None:
    folds = splits.load("ravdess-5-folds").folds
    assert [(fold.test, fold.validation) for fold in folds] == [
        (numbers(first, first + 3), numbers(first + 4, first + 7)) for first in range(1, 20, 4)
    ]
    (fold,) = splits.load("ravdess-authors").folds
    assert (fold.test, fold.validation) == ((5, 10, 16, 19), (11, 13, 18, 22))
    few = splits.load("ravdess-19-actors-5-folds").folds
    assert [(fold.test[0], fold.test[-1]) for fold in few] == [(2, 5), (6, 9), (10, 13), (14, 17), (18, 20)]
    assert not any(fold.validation for fold in few)


def whole() -> dict[str, Any]:
    return {
        "about": "two folds",
        "unit": "subject",
        "first": 1,
        "last": 4,
        "folds": [
            {"train": [3, 4], "validation": [2], "test": [1]},
            {"train": [1, 4], "validation": [3], "test": [2]},
        ],
    }


def put(part: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda split: split["folds"][1].update({part: value})


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda s: s.update(seed=1), "the split has .*seed"),
        (lambda s: s.pop("unit"), "the split has"),
        (put("extra", [1]), "fold 2 has .*extra"),
        (lambda s: s["folds"][0].pop("validation"), "fold 1 has"),
        (lambda s: s.update(folds=[[1, 2]]), "fold 1 has list"),
        (put("train", [1, 2, 4]), r"fold 2: \[2\] stand there more than once"),
        (put("validation", [2, 3]), r"fold 2: \[2\] stand there more than once"),
        (put("train", [1, 4, 4]), r"fold 2: \[4\] stand there more than once"),
        (put("train", [1]), r"fold 2: \[4\] are left out"),
        (put("train", [1, 4, 5]), r"fold 2: \[5\] are left out or not of 1 to 4"),
        (put("test", []), "fold 2: test is empty"),
        (put("train", [1, "4"]), "fold 2: train has to be"),
        (put("train", [True, 4]), "fold 2: train has to be"),
        (put("train", "14"), "fold 2: train has to be"),
        (lambda s: s["folds"].append(s["folds"][0]), r"\[1\] are tested in more than one fold"),
        (lambda s: s.update(unit="window"), "unit one of"),
        (lambda s: s.update(about=None), "about has to be"),
        (lambda s: s.update(last="4"), "last have to be"),
        (lambda s: s.update(first=9), "left out or not of 9 to 4"),
        (lambda s: s.update(folds=[]), "folds a list of at least one"),
    ],
)
def test_a_broken_split_is_refused_by_name(tmp_path: Path, broken: Callable[[Any], object], said: str) -> None:
    split = whole()
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(split))
    assert splits.read(path).folds[1] == Fold((1, 4), (3,), (2,))
    broken(split)
    path.write_text(json.dumps(split))
    with pytest.raises(DatasetError, match=rf"broken\.json: .*{said}"):
        splits.read(path)


def test_what_is_no_split_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "cut.json").write_text('{"about": ')
    (tmp_path / "list.json").write_text("[]")
    for name in ("cut.json", "list.json", "missing.json"):
        with pytest.raises(DatasetError, match=name):
            splits.read(tmp_path / name)
    with pytest.raises(DatasetError, match=r"no-such\.json: no such split, have .*ravdess-authors"):
        splits.load("no-such")
