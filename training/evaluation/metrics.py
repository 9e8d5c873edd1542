"""What is said of a model's probabilities on a test part."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

BOOTSTRAPS = 10_000
_BINS = 15


def scores(
    probabilities: NDArray[np.floating[Any]],
    wanted: NDArray[np.int64],
    labels: Sequence[str],
    subjects: NDArray[np.int64] | None = None,
) -> dict[str, Any]:
    """Scores of `probabilities` (N, classes) against label indices `wanted` (N,).

    Accuracy, macro and weighted F1, confusion matrix (rows are the true labels) and calibration;
    where `subjects` (N,) are known, each one's accuracy and an interval over them.
    """
    read = probabilities.argmax(axis=1)
    indices = np.arange(len(labels))
    found: dict[str, Any] = {
        "accuracy": _rounded(np.mean(read == wanted)),
        "n": len(wanted),
        "macro_f1": _rounded(metrics.f1_score(wanted, read, labels=indices, average="macro", zero_division=0)),
        "weighted_f1": _rounded(metrics.f1_score(wanted, read, labels=indices, average="weighted", zero_division=0)),
        "labels": list(labels),
        "confusion": metrics.confusion_matrix(wanted, read, labels=indices).tolist(),
        "calibration": calibration(probabilities, wanted),
    }
    if subjects is not None:
        people = by_subject(read == wanted, subjects)
        found |= {key: people[key] for key in ("interval_95", "subject_sd", "subjects")}
    return found


def calibration(probabilities: NDArray[np.floating[Any]], wanted: NDArray[np.int64]) -> dict[str, Any]:
    """Expected calibration error over 15 bins of equal width (Guo et al. 2017) and the bins that hold anything."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == wanted
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    held = [
        {
            "confidence": _rounded(confidence[bins == number].mean()),
            "accuracy": _rounded(right[bins == number].mean()),
            "n": int((bins == number).sum()),
        }
        for number in np.unique(bins)
    ]
    error = sum(row["n"] * abs(row["confidence"] - row["accuracy"]) for row in held) / max(1, len(wanted))
    return {"ece": _rounded(error), "bins": held}


def by_subject(right: NDArray[Any], subjects: NDArray[np.int64], seed: int = 0) -> dict[str, Any]:
    """Accuracy, each person's, and the 95 % interval of a bootstrap over people; `right` (N,) is 0..1 an item."""
    people = np.unique(subjects)
    each = np.array([right[subjects == number].mean() for number in people])
    drawn = np.random.default_rng(seed).choice(each, size=(BOOTSTRAPS, len(each))).mean(axis=1)
    return {
        "accuracy": _rounded(each.mean()),
        "interval_95": [_rounded(bound) for bound in np.quantile(drawn, (0.025, 0.975))],
        "subject_sd": _rounded(each.std(ddof=1)) if len(each) > 1 else None,
        "subjects": {str(number): _rounded(share) for number, share in zip(people, each, strict=True)},
    }


def _rounded(value: Any) -> float:
    return round(float(value), 4)
