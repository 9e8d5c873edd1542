"""Attention over the segments of a clip, as VAANet (Zhao et al. 2020, AAAI) prints it."""

import torch
from torch import Tensor, nn


class TemporalAttention(nn.Module):
    """Weights each segment by a linear layer of all segments' scores, rectified; all begin near 1."""

    def __init__(self, channels: int, segments: int) -> None:
        super().__init__()
        self.score = nn.Conv1d(channels, 1, 1, bias=False)
        self.mix = nn.Linear(segments, segments)
        nn.init.ones_(self.mix.bias)

    def forward(self, features: Tensor) -> Tensor:
        """Weight (B, segments, channels)."""
        scores = self.score(features.transpose(1, 2)).squeeze(1)
        return features * torch.relu(self.mix(scores)).unsqueeze(2)
