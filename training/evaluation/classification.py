"""The scores of the field's papers: of windows, and of trials by the vote or the mean of their windows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

from training.data.targets import Targets
from training.evaluation.metrics import scores

LEVELS = ("low", "high")

Array = NDArray[np.floating[Any]]
Indices = NDArray[np.int64]


def window_and_trial_scores(
    probabilities: Array, targets: Targets, trial_of: Indices, subjects: NDArray[Any]
) -> dict[str, Any]:
    """Scores of single windows, and of trials by the `mean` of their windows' probabilities and by their `vote`.

    `probabilities` (N, classes) of windows, `trial_of` (N,) their trials, `subjects` (trials,) whose they are. Trials
    without a window do not count. For dimensions, the scores are of each of them, by name.
    """
    trials, place = np.unique(trial_of, return_inverse=True)
    mean = trial_means(probabilities, trial_of)
    if targets.kind == "labels":
        vote = majority(probabilities, place)
        return {
            "window": label_scores(probabilities, targets.values[trial_of], targets.names, subjects[trial_of]),
            "mean": label_scores(mean, targets.values[trials], targets.names, subjects[trials]),
            "vote": label_scores(mean, targets.values[trials], targets.names, subjects[trials], predicted=vote),
        }
    found: dict[str, dict[str, Any]] = {"window": {}, "mean": {}, "vote": {}}
    for column, name in enumerate(targets.names):
        by_window, by_trial = _two_classes(probabilities[:, column]), _two_classes(mean[:, column])
        high = targets.values[:, column]
        vote = majority(by_window, place)
        found["window"][name] = _rated(by_window, high[trial_of], subjects[trial_of])
        found["mean"][name] = _rated(by_trial, high[trials], subjects[trials])
        found["vote"][name] = _rated(by_trial, high[trials], subjects[trials], vote)
    return found


def label_scores(
    probabilities: Array,
    targets: Indices,
    labels: Sequence[str],
    subjects: NDArray[Any],
    predicted: Indices | None = None,
) -> dict[str, Any]:
    """`training.evaluation.metrics.scores` with Cohen's kappa and AUC.

    `subject_mean` is the mean of the subjects' accuracies, `commonest` the accuracy of always the commonest label.
    """
    chosen = probabilities.argmax(axis=1) if predicted is None else predicted
    found = scores(probabilities, targets, labels, subjects, predicted=predicted)
    return found | {
        "subject_mean": round(float(np.mean(list(found["subjects"].values()))), 4),
        "kappa": cohen_kappa(chosen, targets, len(labels)),
        "auc": auc(probabilities, targets),
        "commonest": round(float(np.bincount(targets).max() / len(targets)), 4),
    }


def trial_means(probabilities: Array, trial_of: Indices) -> Array:
    """The mean probabilities (trials, classes) of each trial's windows (N, classes), in the order of the trials."""
    trials, place, count = np.unique(trial_of, return_inverse=True, return_counts=True)
    total = np.zeros((len(trials), probabilities.shape[1]))
    np.add.at(total, place, probabilities)
    mean: Array = total / count[:, None]
    return mean


def majority(probabilities: Array, place: Indices) -> Indices:
    """The label (trials,) that most windows of each trial have; of equally many, the one with the higher probability.

    `place` (N,) counts the trials from 0.
    """
    votes = np.zeros((place.max() + 1, probabilities.shape[1]))
    np.add.at(votes, (place, probabilities.argmax(axis=1)), 1)
    chosen: Indices = (votes + trial_means(probabilities, place) / 2).argmax(axis=1)
    return chosen


def auc(probabilities: Array, targets: Indices) -> float | None:
    """Mean area under the curve of each label against the rest, of the labels that occur; None if only one does."""
    each = [
        metrics.roc_auc_score(targets == label, probabilities[:, label])
        for label in np.unique(targets)
        if not (targets == label).all()
    ]
    return round(float(np.mean(each)), 4) if each else None


def cohen_kappa(predicted: Indices, targets: Indices, classes: int) -> float | None:
    """Agreement beyond chance of two sequences of labels (Cohen 1960); None where both have one and the same label."""
    if len(np.union1d(predicted, targets)) == 1:
        return None
    return round(float(metrics.cohen_kappa_score(targets, predicted, labels=np.arange(classes))), 4)


def fleiss_kappa(predicted: Indices, classes: int) -> float | None:
    """Agreement beyond chance of several raters (raters, N) (Fleiss 1971); None where all give one and the same label.

    Raises ValueError for fewer than two raters.
    """
    raters, items = predicted.shape
    if raters < 2:
        raise ValueError("agreement takes at least two raters")
    counts = np.stack([np.bincount(column, minlength=classes) for column in predicted.T])
    observed = ((counts**2).sum(axis=1) - raters).mean() / (raters * (raters - 1))
    expected = ((counts.sum(axis=0) / (raters * items)) ** 2).sum()
    return None if expected == 1 else round(float((observed - expected) / (1 - expected)), 4)


def _two_classes(high: Array) -> Array:
    return np.stack([1 - high, high], axis=1)


def _rated(
    probabilities: Array, high: Array, subjects: NDArray[Any], predicted: Indices | None = None
) -> dict[str, Any]:
    """Scores of one dimension, of what was rated."""
    rated = ~np.isnan(high)
    chosen = None if predicted is None else predicted[rated]
    return label_scores(probabilities[rated], high[rated].astype(np.int64), LEVELS, subjects[rated], chosen)
