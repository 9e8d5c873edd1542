"""VE-BiLSTM, a baseline of MERCL (Lee, Kim and Kim 2024): video and EEG, step by step, in a bidirectional LSTM.

The paper prints its name and its score alone: the sizes, and what it reads of a step, are ours.
"""

import torch
from torch import Tensor, nn

from inference.models.zoo._sequence_fusion import SequenceFusion
from inference.models.zoo._trimodal import VideoEEGOptions, input_shapes
from inference.models.zoo.system import Inputs, System


class Options(VideoEEGOptions, frozen=True, kw_only=True):
    """Sizes of the encoders and of the LSTM."""

    hidden: int = 128
    """Width of each direction."""


class Network(System):
    """The classifier reads the last state of each direction."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.inputs = input_shapes(options)
        self.fusion = SequenceFusion(options)
        self.lstm = nn.LSTM(self.fusion.features, options.hidden, batch_first=True, bidirectional=True)
        self.classifier = nn.Sequential(nn.Dropout(options.dropout), nn.Linear(2 * options.hidden, options.classes))

    def forward(self, inputs: Inputs) -> Tensor:
        """Logits (B, classes)."""
        _, (last, _) = self.lstm(self.fusion(inputs))
        logits: Tensor = self.classifier(torch.cat(tuple(last), 1))
        return logits
