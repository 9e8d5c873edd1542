"""A convolutional LSTM (Shi et al. 2015), without peepholes."""

import torch
from torch import Tensor, nn


class ConvLSTM(nn.Module):
    """Reads a sequence of maps (B, T, C, H, W) and returns its last hidden state (B, width, H, W).

    One convolution of the input and the hidden state, side by side, makes the input, forget and output gates and the
    candidate, in this order. The hidden state and the cell begin with zeros.
    """

    def __init__(self, channels: int, width: int, kernel: int = 3) -> None:
        super().__init__()
        self.width = width
        self.gates = nn.Conv2d(channels + width, 4 * width, kernel, padding=kernel // 2)

    def forward(self, maps: Tensor) -> Tensor:
        """Read (B, T, C, H, W)."""
        batch, _, _, height, width = maps.shape
        hidden = cell = maps.new_zeros(batch, self.width, height, width)
        for step in maps.unbind(1):
            inward, forget, outward, candidate = self.gates(torch.cat([step, hidden], 1)).chunk(4, 1)
            cell = forget.sigmoid() * cell + inward.sigmoid() * candidate.tanh()
            hidden = outward.sigmoid() * cell.tanh()
        return hidden
