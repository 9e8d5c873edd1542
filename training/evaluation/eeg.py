"""Predictions and scores of EEGNet."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from inference.models.eegnet import EEGNet
from training.evaluation.metrics import by_subject
from training.features.eeg import Trials


@torch.inference_mode()
def logits(network: EEGNet, trials: Trials) -> NDArray[np.float32]:
    """Logits of the windows of each trial, (N, 4, classes)."""
    network.eval()
    device = network.classifier.weight.device
    return np.stack([network(torch.from_numpy(trial).to(device)).cpu().numpy() for trial in trials.windows])


def evaluate(network: EEGNet, trials: Trials, seed: int) -> dict[str, Any]:
    """Scores of single windows, and of trials by the mean of their windows' logits."""
    by_window = logits(network, trials)
    window = (by_window.argmax(2) == trials.labels[:, None]).ravel()
    trial = by_window.mean(axis=1).argmax(1) == trials.labels
    return {
        "window": by_subject(window, trials.subjects.repeat(by_window.shape[1]), seed),
        "trial": by_subject(trial, trials.subjects, seed),
        "trials": len(trials),
    }
