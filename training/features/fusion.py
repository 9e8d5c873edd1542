"""Logits of both members as matrices (trials, 10, classes), the inputs of the fusion network."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.models.fusion import AUDIO_VIDEO_ROWS


@dataclass(frozen=True)
class Logits:
    """Of one network: `logits` (N, windows, classes), `labels` (N,) and the fold of each trial, `folds` (N,)."""

    logits: NDArray[np.float32]
    labels: NDArray[np.int64]
    folds: NDArray[np.int64]

    def subset(self, rows: NDArray[np.bool_]) -> "Logits":
        """The logits of these rows."""
        return Logits(self.logits[rows], self.labels[rows], self.folds[rows])


def pair(audio_visual: Logits, eeg: Logits, rng: np.random.Generator) -> NDArray[np.float32]:
    """Every EEG trial with a clip of its label drawn at random: (N, 10, classes)."""
    of_label = {label: np.flatnonzero(audio_visual.labels == label) for label in np.unique(eeg.labels)}
    drawn = np.array([rng.choice(of_label[label]) for label in eeg.labels])
    return np.concatenate([audio_visual.logits[drawn], eeg.logits], axis=1)


def shuffle(matrices: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Each network's windows in random order, which keeps the fusion from memorising the few clips."""
    rows = np.tile(np.arange(matrices.shape[1]), (len(matrices), 1))
    for part in (slice(AUDIO_VIDEO_ROWS), slice(AUDIO_VIDEO_ROWS, None)):
        rows[:, part] = rng.permuted(rows[:, part], axis=1)
    return np.take_along_axis(matrices, rows[:, :, None], axis=1)
