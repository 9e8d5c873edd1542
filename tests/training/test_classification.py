"""The metrics of the field's papers against values computed by hand."""

import numpy as np
import pytest

from training.data.targets import Targets
from training.evaluation.classification import (
    auc,
    cohen_kappa,
    fleiss_kappa,
    label_scores,
    majority,
    trial_means,
    window_and_trial_scores,
)


def test_cohens_kappa_is_that_of_the_textbook() -> None:
    predicted = np.array([0] * 20 + [1] * 5 + [0] * 10 + [1] * 15)
    targets = np.array([0] * 25 + [1] * 25)
    assert cohen_kappa(predicted, targets, 2) == pytest.approx((0.7 - 0.5) / 0.5)
    assert cohen_kappa(np.zeros(3, int), np.zeros(3, int), 2) is None


def test_fleiss_kappa_is_that_of_its_paper() -> None:
    counts = np.array(  # Fleiss 1971 in Wikipedia's example: 10 items, 14 raters, 5 categories
        [
            *([0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1]),
            *([7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]),
        ]
    )
    raters = np.array([np.repeat(np.arange(5), row) for row in counts]).T
    assert fleiss_kappa(raters, 5) == pytest.approx(0.210, abs=5e-4)
    assert fleiss_kappa(np.zeros((2, 4), int), 2) is None
    with pytest.raises(ValueError, match="at least two raters"):
        fleiss_kappa(raters[:1], 5)


def test_auc_is_the_share_of_pairs_in_the_right_order() -> None:
    high = np.array([0.1, 0.4, 0.35, 0.8])
    assert auc(np.stack([1 - high, high], 1), np.array([0, 0, 1, 1])) == pytest.approx(0.75)
    assert auc(np.full((3, 2), 0.5), np.zeros(3, int)) is None
    three = np.eye(3)[[0, 1, 0]]  # the third label does not occur, and counts for nothing
    assert auc(three, np.array([0, 1, 0])) == 1.0


def test_a_trial_is_what_most_windows_say_or_what_the_mean_says() -> None:
    probabilities = np.array([[0.6, 0.4], [0.6, 0.4], [0.1, 0.9], [0.3, 0.7]])
    place = np.array([0, 0, 0, 1])
    assert majority(probabilities, place).tolist() == [0, 1]
    np.testing.assert_allclose(trial_means(probabilities, place), [[1.3 / 3, 1.7 / 3], [0.3, 0.7]])
    assert majority(np.array([[0.6, 0.4], [0.1, 0.9]]), np.array([0, 0])).tolist() == [1], "a tie"


def test_windows_and_trials_are_scored_apart() -> None:
    probabilities = np.array([[0.6, 0.4], [0.6, 0.4], [0.1, 0.9], [0.3, 0.7]])
    targets = Targets("labels", ("calm", "angry"), np.array([1, 0, 0]))
    found = window_and_trial_scores(probabilities, targets, np.array([0, 0, 0, 2]), np.array(["a", "b", "b"]))
    assert found["window"]["accuracy"] == 0.25 and found["window"]["n"] == 4
    assert found["mean"]["accuracy"] == 0.5 and found["mean"]["subjects"] == {"a": 1.0, "b": 0.0}
    assert found["window"]["accuracy"] == 0.25 and found["window"]["subject_mean"] == pytest.approx(1 / 6, abs=1e-4)
    assert found["vote"]["accuracy"] == 0.0
    assert found["mean"]["confusion"] == [[0, 1], [0, 1]]
    assert found["mean"]["commonest"] == 0.5


def test_dimensions_are_scored_where_they_were_rated() -> None:
    probabilities = np.array([[0.9, 0.2], [0.8, 0.9], [0.3, 0.6]])
    targets = Targets("dimensions", ("valence", "arousal"), np.array([[1, np.nan], [0, 1], [0, 0]], np.float32))
    found = window_and_trial_scores(probabilities, targets, np.arange(3), np.array(["a", "a", "b"]))
    assert found["mean"]["valence"]["accuracy"] == pytest.approx(2 / 3, abs=1e-4)
    assert (found["vote"]["arousal"]["accuracy"], found["vote"]["arousal"]["n"]) == (0.5, 2)
    assert found["window"]["arousal"]["by_label"]["low"]["n"] == 1


def test_labels_have_every_score_of_the_papers() -> None:
    found = label_scores(np.eye(3)[[0, 1, 1, 2]], np.array([0, 1, 2, 2]), ("a", "b", "c"), np.array([1, 1, 2, 2]))
    assert found["accuracy"] == 0.75 and found["recall"] == pytest.approx((1 + 1 + 0.5) / 3, abs=1e-4)
    assert found["macro_f1"] == pytest.approx((1 + 2 / 3 + 2 / 3) / 3, abs=1e-4)
    assert found["weighted_f1"] == pytest.approx((1 + 2 / 3 + 2 * 2 / 3) / 4, abs=1e-4)
    assert found["by_label"]["c"] == {"precision": 1.0, "recall": 0.5, "f1": 0.6667, "n": 2}
    assert found["kappa"] == pytest.approx((0.75 - 5 / 16) / (1 - 5 / 16), abs=1e-4)
    assert found["subject_sd"] == pytest.approx(np.std([1, 0.5], ddof=1), abs=1e-4)
    assert found["interval_95"][0] <= 0.75 <= found["interval_95"][1]
