"""Temperature scaling and what calibration is measured by."""

import numpy as np
import pytest
import torch
from scipy.special import softmax

from training.evaluation.calibration import ClassifierInputs, apply_modality_weight, modality_weight, temperature
from training.evaluation.metrics import calibration, scores


def honest(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose softmax is the true chance of each label."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 1.5, (count, 5)).astype(np.float32)
    wanted = np.array([random.choice(5, p=row / row.sum()) for row in softmax(logits.astype(float), axis=1)])
    return logits, wanted


@pytest.mark.parametrize("factor", [0.4, 1.0, 3.0])
def test_the_temperature_undoes_what_was_done_to_honest_logits(factor: float) -> None:
    logits, wanted = honest(6000)
    assert temperature(logits * factor, wanted) == pytest.approx(factor, rel=0.08)


@pytest.mark.parametrize("factor", [0.4, 1.0, 3.0])
def test_labels_that_count_as_one_are_wanted_as_one(factor: float) -> None:
    logits, wanted = honest(6000)
    merge = np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]], float)
    assert temperature(logits * factor, wanted // 2, merge) == pytest.approx(factor, rel=0.12)


@pytest.mark.slow
@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_the_balance_undoes_what_was_done_to_honest_branches(factor: float) -> None:
    torch.manual_seed(0)
    branches = torch.randn(8000, 256) + 3
    classifier = torch.nn.Linear(256, 5)
    wanted = torch.distributions.Categorical(logits=3 * classifier(branches)).sample().numpy()
    skewed = apply_modality_weight(classifier, factor, branches.mean(0))
    torch.testing.assert_close(skewed(branches.mean(0)), classifier(branches.mean(0)))
    found = modality_weight(skewed, ClassifierInputs(branches, wanted))
    assert found == pytest.approx(1 / factor, rel=0.1)


def test_too_much_confidence_is_an_error_and_scaling_mends_it() -> None:
    logits, wanted = honest(6000)
    sure, right = calibration(softmax(4 * logits, axis=1), wanted), calibration(softmax(logits, axis=1), wanted)
    assert sure["ece"] > 0.15
    assert right["ece"] < 0.03
    assert sum(row["n"] for row in sure["bins"]) == 6000


def test_scores_count_what_they_say() -> None:
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    found = scores(probabilities, np.array([0, 0, 1, 1]), ("a", "b"), np.array([1, 1, 2, 2]))
    assert found["accuracy"] == 0.75
    assert found["confusion"] == [[2, 0], [1, 1]]
    assert found["macro_f1"] == pytest.approx((0.8 + 2 / 3) / 2, abs=1e-4)
    assert found["subjects"] == {"1": 1.0, "2": 0.5}
    assert found["interval_95"] == [0.5, 1.0]
