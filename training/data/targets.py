"""What a system learns of a trial: its label, whether each rated dimension is high, or the level of a rating.

A target has a name: `labels`; `dimensions`, of valence, arousal and dominance those that are rated; `valence-2`,
`arousal-3` and the like, the level of one rating; `quadrants`, the four levels of valence and arousal together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from training.data import levels
from training.data.corpus import Corpus, LabelledTrial
from training.data.labels import label_indices
from training.errors import DatasetError

DIMENSIONS = ("valence", "arousal", "dominance")
_LEVELS = {"2": levels.TWO, "3": levels.THREE}
NAMES = ("labels", "dimensions", *(f"{name}-{count}" for name in DIMENSIONS for count in _LEVELS), "quadrants")


@dataclass(frozen=True)
class Targets:
    """`values` are indices into `names` (trials,) int64, or (trials, names) float32 of 0, 1 and NaN for dimensions."""

    kind: Literal["labels", "dimensions"]
    names: tuple[str, ...]
    values: NDArray[Any]


def targets(corpus: Corpus, name: str) -> Targets:
    """The target called `name` of every trial.

    Raises DatasetError for an unknown name, and for a trial without the label or rating that it asks for; only
    `dimensions` leaves what one trial among others was not rated for as NaN.
    """
    if name == "labels":
        if not corpus.labels:
            raise DatasetError(f"{corpus.name}: has ratings and no labels; give a target of {', '.join(NAMES[1:])}")
        given = [_label(trial, corpus.labels) for trial in corpus.trials]
        return Targets("labels", corpus.labels, label_indices(given, corpus.labels))
    if name == "dimensions":
        rated = tuple(dimension for dimension in DIMENSIONS if dimension in corpus.dimensions)
        if not rated:
            raise DatasetError(f"{corpus.name}: none of {', '.join(DIMENSIONS)} is rated")
        return Targets("dimensions", rated, np.array([_high(corpus, trial, rated) for trial in corpus.trials]))
    if name == "quadrants":
        return _by_level(corpus, levels.FOUR, ("valence", "arousal"), levels.four_levels)
    dimension, _, count = name.partition("-")
    if dimension not in DIMENSIONS or count not in _LEVELS:
        raise DatasetError(f"{name}: no such target, have {', '.join(NAMES)}")
    level = levels.two_levels if count == "2" else levels.three_levels
    return _by_level(corpus, _LEVELS[count], (dimension,), level)


def _label(trial: LabelledTrial, labels: Sequence[str]) -> str:
    if trial.label is None or trial.label not in labels:
        raise DatasetError(f"{trial.name} of subject {trial.subject}: its label is {trial.label}, not of {labels}")
    return trial.label


def _high(corpus: Corpus, trial: LabelledTrial, rated: Sequence[str]) -> NDArray[np.float32]:
    threshold = levels.THRESHOLD if corpus.threshold is None else corpus.threshold
    values = np.array([trial.ratings.get(dimension, np.nan) for dimension in rated])
    return np.where(np.isnan(values), np.nan, values >= threshold).astype(np.float32)


def _by_level(corpus: Corpus, names: tuple[str, ...], dimensions: Sequence[str], level: Callable[..., int]) -> Targets:
    found = []
    for trial in corpus.trials:
        missing = [dimension for dimension in dimensions if dimension not in trial.ratings]
        if missing:
            raise DatasetError(f"{trial.name} of subject {trial.subject}: {', '.join(missing)} was not rated")
        found.append(level(*(trial.ratings[dimension] for dimension in dimensions)))
    return Targets("labels", names, np.array(found, np.int64))
