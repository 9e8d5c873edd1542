"""The splits of a data set, files of training/splits, which every fit and score of it uses.

A file holds `about`, what its numbers count (`unit`: "subject", or "trial", the place of a trial among those of its
subject and label in order of time), the `first` and `last` number, and `folds`, each with the numbers of its `train`,
`validation` and `test` part. `validation` may be empty.
"""

import json
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from training.errors import DatasetError

FOLDER = Path(__file__).parents[1] / "splits"
UNITS = ("subject", "trial")
PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Fold:
    """Disjoint parts that together hold every subject, or every trial of a subject and label."""

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]


@dataclass(frozen=True)
class Split:
    """A file of training/splits."""

    name: str
    about: str
    unit: Literal["subject", "trial"]
    folds: tuple[Fold, ...]


def load(name: str) -> Split:
    """The split of training/splits with this name. Raises DatasetError for an unknown one."""
    path = FOLDER / f"{name}.json"
    if not path.is_file():
        raise DatasetError(f"{path}: no such split, have {sorted(other.stem for other in FOLDER.glob('*.json'))}")
    return read(path)


def subjects(name: str, fold: int) -> Fold:
    """Fold number `fold`, from 0, of a split by subject. Raises DatasetError if there is none."""
    split = load(name)
    if split.unit != "subject" or not 0 <= fold < len(split.folds):
        raise DatasetError(f"{name}: has {len(split.folds)} folds by {split.unit}, so no fold {fold} by subject")
    if not split.folds[fold].validation:
        raise DatasetError(f"{name}: fold {fold} has no validation part, which is needed to choose an epoch")
    return split.folds[fold]


def read(path: Path) -> Split:
    """Read a split.

    Raises DatasetError for a number that is in two parts, left out or tested twice, and for other keys or types.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path}: not a split: {error}") from error
    _keys(path, "the split", found, ("about", "unit", "first", "last", "folds"))
    about, unit, first, last, folds = (found[key] for key in ("about", "unit", "first", "last", "folds"))
    if unit == "person":
        warnings.warn(
            f"{path}: unit person is now subject; the next release refuses it", DeprecationWarning, stacklevel=2
        )
        unit = "subject"
    if not isinstance(about, str) or unit not in UNITS:
        raise DatasetError(f"{path}: about has to be a text and unit one of {UNITS}")
    if type(first) is not int or type(last) is not int or not isinstance(folds, list) or not folds:
        raise DatasetError(f"{path}: first and last have to be whole numbers and folds a list of at least one")
    numbers = range(first, last + 1)
    read_folds = tuple(_fold(path, f"fold {number}", fold, numbers) for number, fold in enumerate(folds, 1))
    tested = Counter(number for fold in read_folds for number in fold.test)
    twice = sorted(number for number, times in tested.items() if times > 1)
    if twice:
        raise DatasetError(f"{path}: {twice} are tested in more than one fold")
    return Split(path.stem, about, unit, read_folds)


def _fold(path: Path, where: str, fold: Any, numbers: range) -> Fold:
    _keys(path, where, fold, PARTS)
    for part in PARTS:
        if not isinstance(fold[part], list) or not all(type(number) is int for number in fold[part]):
            raise DatasetError(f"{path}: {where}: {part} has to be a list of whole numbers")
        if not fold[part] and part != "validation":
            raise DatasetError(f"{path}: {where}: {part} is empty")
    placed = Counter(number for part in PARTS for number in fold[part])
    if twice := sorted(number for number, times in placed.items() if times > 1):
        raise DatasetError(f"{path}: {where}: {twice} stand there more than once")
    if wrong := sorted(set(numbers) ^ set(placed)):
        raise DatasetError(f"{path}: {where}: {wrong} are left out or not of {numbers.start} to {numbers.stop - 1}")
    return Fold(*(tuple(sorted(fold[part])) for part in PARTS))


def _keys(path: Path, where: str, found: Any, wanted: tuple[str, ...]) -> None:
    if not isinstance(found, dict) or set(found) != set(wanted):
        have = sorted(found) if isinstance(found, dict) else type(found).__name__
        raise DatasetError(f"{path}: {where} has {have}, expected {sorted(wanted)}")
