"""Rules that join a trial's audio-video and EEG readings, six and four windows of logits, into one.

Every rule takes (B, 10, classes) logits, the audio-video rows first, and gives logits (B, classes).
"""

from collections.abc import Sequence
from functools import cached_property

import torch
import xgboost
from torch import Tensor, nn

AUDIO_VIDEO_ROWS = 6
EEG_ROWS = 4
ROWS = AUDIO_VIDEO_ROWS + EEG_ROWS


class FusionCNN(nn.Module):
    """A small convolutional network over the matrix of logits; 27 237 parameters for 5 classes."""

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
        return self.layers(logits.unsqueeze(1))


class WeightedMean(nn.Module):
    """A weighted mean of both networks' probabilities (WAVER), each the mean over its windows.

    With equal weights, the default, it is plain averaging and has nothing to learn.
    """

    def __init__(self, *, weights: Sequence[float] = (0.5, 0.5)) -> None:
        super().__init__()
        self.audio_video, self.eeg = (weight / sum(weights) for weight in weights)

    def forward(self, logits: Tensor) -> Tensor:
        audio_video, eeg = mean_probabilities(logits)
        return _log(self.audio_video * audio_video + self.eeg * eeg)


class BoostedTrees(nn.Module):
    """Gradient-boosted trees (XGBoost) over both networks' probabilities, each the mean over its windows.

    The trees travel as `size` bytes of UBJSON in the buffer `trees`.
    """

    trees: Tensor

    def __init__(self, *, size: int) -> None:
        super().__init__()
        self.register_buffer("trees", torch.zeros(size, dtype=torch.uint8))

    @cached_property
    def booster(self) -> xgboost.Booster:
        return xgboost.Booster({"nthread": 1}, model_file=bytearray(self.trees.numpy().tobytes()))

    def forward(self, logits: Tensor) -> Tensor:
        read = self.booster.inplace_predict(torch.cat(mean_probabilities(logits), dim=1).numpy())
        return _log(torch.from_numpy(read))


def mean_probabilities(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Logits (B, 10, classes) -> probabilities (B, classes) of the audio-video and of the EEG network."""
    probabilities = logits.softmax(dim=2)
    return probabilities[:, :AUDIO_VIDEO_ROWS].mean(dim=1), probabilities[:, AUDIO_VIDEO_ROWS:].mean(dim=1)


def _log(probabilities: Tensor) -> Tensor:
    return probabilities.clamp_min(torch.finfo(probabilities.dtype).tiny).log()


def build_fusion(
    *, classes: int, method: str, dropout: float = 0.5, weights: Sequence[float] = (0.5, 0.5), size: int = 0
) -> nn.Module:
    """The rule that a specification names: `cnn`, `average`, `waver` or `xgboost`.

    `weights` are those of audio-video and EEG, by the report their accuracies on validation; `size` is
    that of the boosted trees in bytes.
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
