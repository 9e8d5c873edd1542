"""Predictions and scores of EEGNet."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from inference.models.eegnet import EEGNet
from training.evaluation.metrics import by_subject, scores_by_label
from training.features.eeg import Trials


@torch.inference_mode()
def logits(network: EEGNet, trials: Trials) -> NDArray[np.float32]:
    """Logits of the windows of each trial, (N, 4, classes)."""
    network.eval()
    device = network.classifier.weight.device
    return np.stack([network(torch.from_numpy(trial).to(device)).cpu().numpy() for trial in trials.windows])


def evaluate(network: EEGNet, trials: Trials, labels: Sequence[str], seed: int) -> dict[str, Any]:
    """Scores of single windows, and of trials by the mean of their windows' logits, also of each of `labels`."""
    by_window = logits(network, trials)
    windows, targets = by_window.argmax(2), np.repeat(trials.labels[:, None], by_window.shape[1], axis=1)
    whole = by_window.mean(axis=1).argmax(1)
    return {
        "window": by_subject((windows == targets).ravel(), trials.subjects.repeat(by_window.shape[1]), seed)
        | scores_by_label(windows.ravel(), targets.ravel(), labels),
        "trial": by_subject(whole == trials.labels, trials.subjects, seed)
        | scores_by_label(whole, trials.labels, labels),
        "trials": len(trials),
    }
