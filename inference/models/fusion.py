"""Fusion of a trial's audio-visual and EEG logits, six and four windows, to one prediction.

Every module maps logits (B, 10, classes), the audio-visual rows first, to logits (B, classes).
"""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    import xgboost

AUDIO_VIDEO_ROWS = 6
EEG_ROWS = 4


class FusionCNN(nn.Module):
    """A small convolutional network over the matrix of logits: 27 237 parameters for 5 classes."""

    def __init__(self, *, classes: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 32, 2),
            nn.ReLU(),
            nn.MaxPool2d((2, 1)),
            nn.Dropout(dropout),
            nn.Conv2d(32, 64, 3),
            nn.ReLU(),
            nn.MaxPool2d((2, 1)),
            nn.Dropout(dropout),
            nn.Flatten(),
            nn.Linear(64 * (classes - 3), 64),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(64, classes),
        )

    def forward(self, logits: Tensor) -> Tensor:
        """Classify the matrix of logits."""
        return self.layers(logits.unsqueeze(1))


class WeightedMean(nn.Module):
    """The weighted mean of both networks' probabilities (WAVER), each averaged over its windows.

    Equal weights, the default, are plain averaging. It has no parameters.
    """

    def __init__(self, *, weights: Sequence[float] = (0.5, 0.5)) -> None:
        super().__init__()
        self.audio_video, self.eeg = (weight / sum(weights) for weight in weights)

    def forward(self, logits: Tensor) -> Tensor:
        """Average the probabilities."""
        audio_video, eeg = mean_probabilities(logits)
        return _log(self.audio_video * audio_video + self.eeg * eeg)


class BoostedTrees(nn.Module):
    """Gradient-boosted trees (XGBoost) over both networks' probabilities, each averaged over its windows.

    The buffer `trees` holds them as `size` bytes of UBJSON.
    """

    trees: Tensor

    def __init__(self, *, size: int) -> None:
        super().__init__()
        self.register_buffer("trees", torch.zeros(size, dtype=torch.uint8))

    @cached_property
    def booster(self) -> "xgboost.Booster":
        """The trees as XGBoost's own object."""
        import xgboost  # takes 150 MiB with what it imports, and most models have no trees

        return xgboost.Booster({"nthread": 1}, model_file=bytearray(self.trees.numpy().tobytes()))

    def forward(self, logits: Tensor) -> Tensor:
        """Apply the trees."""
        probabilities = self.booster.inplace_predict(torch.cat(mean_probabilities(logits), dim=1).numpy())
        return _log(torch.from_numpy(probabilities))


def mean_probabilities(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean probabilities (B, classes) of the audio-visual and of the EEG network."""
    probabilities = logits.softmax(dim=2)
    return probabilities[:, :AUDIO_VIDEO_ROWS].mean(dim=1), probabilities[:, AUDIO_VIDEO_ROWS:].mean(dim=1)


def _log(probabilities: Tensor) -> Tensor:
    return probabilities.clamp_min(torch.finfo(probabilities.dtype).tiny).log()


def build_fusion(
    *, classes: int, method: str, dropout: float = 0.5, weights: Sequence[float] = (0.5, 0.5), size: int = 0
) -> nn.Module:
    """Build the module of a method: `cnn`, `average`, `waver` or `xgboost`.

    `weights` are those of audio-visual and EEG, in the report their accuracies on validation; `size` is the length of
    the boosted trees in bytes.
    """
    if method == "cnn":
        return FusionCNN(classes=classes, dropout=dropout)
    if method == "average":
        return WeightedMean()
    if method == "waver":
        return WeightedMean(weights=weights)
    if method == "xgboost":
        return BoostedTrees(size=size)
    raise ValueError(f"no fusion method {method!r}")
