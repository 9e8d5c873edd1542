"""Temporal convolutional network (Bai, Kolter and Koltun 2018) with the blocks of MERCL (Lee, Kim and Kim 2024)."""

from torch import Tensor, nn
from torch.nn import functional

DILATIONS = (1, 2, 4, 8)


class CausalBlock(nn.Module):
    """Dilated causal convolution, batch norm, ELU and dropout, added to its input (B, width, T).

    The output at t depends on the input at t, t - dilation, t - 2 dilation, ...; what comes before the window is 0.
    """

    def __init__(self, width: int, kernel: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.past = (kernel - 1) * dilation
        self.convolution = nn.Conv1d(width, width, kernel, dilation=dilation)
        self.rest = nn.Sequential(nn.BatchNorm1d(width), nn.ELU(), nn.Dropout(dropout))

    def forward(self, sequence: Tensor) -> Tensor:
        """Filter (B, width, T)."""
        filtered: Tensor = self.rest(self.convolution(functional.pad(sequence, (self.past, 0))))
        return sequence + filtered


class TemporalEncoder(nn.Module):
    """Tokens (B, T, features) -> (B, T, width): a linear map of each, then four causal blocks."""

    def __init__(self, features: int, width: int, kernel: int, dropout: float) -> None:
        super().__init__()
        self.entry = nn.Linear(features, width)
        self.blocks = nn.Sequential(*(CausalBlock(width, kernel, dilation, dropout) for dilation in DILATIONS))

    def forward(self, tokens: Tensor) -> Tensor:
        """Encode (B, T, features)."""
        encoded: Tensor = self.blocks(self.entry(tokens).transpose(1, 2)).transpose(1, 2)
        return encoded
