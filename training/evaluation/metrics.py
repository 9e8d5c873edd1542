"""Scores of a model's probabilities on a test part."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

BOOTSTRAPS = 10_000
INTERVAL = f"95 %, {BOOTSTRAPS} bootstrap draws of people"
_BINS = 15


def scores(
    probabilities: NDArray[np.floating[Any]],
    targets: NDArray[np.int64],
    labels: Sequence[str],
    subjects: NDArray[Any] | None = None,
    *,
    predicted: NDArray[np.int64] | None = None,
    confidence: NDArray[np.floating[Any]] | None = None,
) -> dict[str, Any]:
    """Scores of `probabilities` (N, classes) against label indices `targets` (N,).

    Accuracy, mean recall of the labels that occur, macro and weighted F1, precision, recall and F1 of each label,
    confusion matrix (rows are the true labels) and calibration; with `subjects` (N,), each one's accuracy and an
    interval over them. `predicted` (N,) and `confidence` (N,) are the largest probability's where they are not given;
    an index of -1 is no label, is wrong, and stands in no column of the confusion matrix.
    """
    predicted = probabilities.argmax(axis=1) if predicted is None else predicted
    confidence = probabilities.max(axis=1) if confidence is None else confidence
    confident = reliability(confidence, predicted == targets)
    result = {
        "accuracy": _rounded(np.mean(predicted == targets)),
        "n": len(targets),
        "ece": confident["ece"],
        **scores_by_label(predicted, targets, labels),
        "calibration": confident,
    }
    if subjects is not None:
        spread = by_subject(predicted == targets, subjects)
        result |= {key: spread[key] for key in ("interval_95", "subject_sd", "subjects")}
    return result


def scores_by_label(predicted: NDArray[np.int64], targets: NDArray[np.int64], labels: Sequence[str]) -> dict[str, Any]:
    """Mean recall of the labels that occur, F1, the scores of each label and the confusion matrix.

    `predicted` and `targets` (N,) are indices into `labels`; rows of the matrix are the true labels.
    """
    indices = np.arange(len(labels))
    precision, recall, f1, count = metrics.precision_recall_fscore_support(
        targets, predicted, labels=indices, zero_division=0
    )
    return {
        "recall": _rounded(recall[count > 0].mean()),
        "macro_f1": _rounded(f1.mean()),
        "weighted_f1": _rounded(np.average(f1, weights=count)),
        "labels": list(labels),
        "by_label": {
            label: {"precision": _rounded(row[0]), "recall": _rounded(row[1]), "f1": _rounded(row[2]), "n": int(row[3])}
            for label, row in zip(labels, zip(precision, recall, f1, count, strict=True), strict=True)
        },
        "confusion": metrics.confusion_matrix(targets, predicted, labels=indices).tolist(),
    }


def calibration(probabilities: NDArray[np.floating[Any]], targets: NDArray[np.int64]) -> dict[str, Any]:
    """The calibration of `probabilities` (N, classes) against label indices `targets` (N,), see `reliability`."""
    return reliability(probabilities.max(axis=1), probabilities.argmax(axis=1) == targets)


def reliability(confidence: NDArray[np.floating[Any]], correct: NDArray[np.bool_]) -> dict[str, Any]:
    """Expected calibration error over 15 bins of equal width (Guo et al. 2017) and the bins that are not empty.

    `confidence` (N,) is 0..1, `correct` (N,) whether the label was right.
    """
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    rows = [
        {
            "confidence": _rounded(confidence[bins == number].mean()),
            "accuracy": _rounded(correct[bins == number].mean()),
            "n": int((bins == number).sum()),
        }
        for number in np.unique(bins)
    ]
    error = sum(row["n"] * abs(row["confidence"] - row["accuracy"]) for row in rows) / max(1, len(correct))
    return {"ece": _rounded(error), "bins": rows}


def by_subject(correct: NDArray[Any], subjects: NDArray[np.int64], seed: int = 0) -> dict[str, Any]:
    """Accuracy, each subject's, and the 95 % interval of a bootstrap over subjects.

    `correct` (N,) is 0..1 an item, `subjects` (N,) its subject's number.
    """
    numbers = np.unique(subjects)
    each = np.array([correct[subjects == number].mean() for number in numbers])
    drawn = np.random.default_rng(seed).choice(each, size=(BOOTSTRAPS, len(each))).mean(axis=1)
    return {
        "accuracy": _rounded(each.mean()),
        "interval_95": [_rounded(bound) for bound in np.quantile(drawn, (0.025, 0.975))],
        "subject_sd": _rounded(each.std(ddof=1)) if len(each) > 1 else None,
        "subjects": {str(number): _rounded(share) for number, share in zip(numbers, each, strict=True)},
    }


def _rounded(value: Any) -> float:
    return round(float(value), 4)
