"""EEG Conformer (Song et al., IEEE Trans. Neural Syst. Rehabil. Eng. 31, 2023): convolution, then self-attention."""

from typing import Annotated

import msgspec
import torch
from torch import Tensor, nn

from inference.models.zoo.system import Inputs, System, SystemOptions

Positive = Annotated[int, msgspec.Meta(ge=1)]


class Options(SystemOptions, frozen=True, kw_only=True):
    """The kernels are the paper's, for 250 Hz; 10, 30 and 6 samples last as long at 100 Hz.

    454 245 parameters for 30 channels, 500 samples and 5 classes.
    """

    classes: int = 5
    channels: int = 30
    samples: int = 500
    kernel: Positive = 25
    """Length of a temporal filter, samples."""
    pool: Positive = 75
    """Samples that become one token."""
    stride: Positive = 15
    """Samples between two tokens."""
    width: Positive = 40
    layers: Positive = 6
    heads: Positive = 10
    dropout: float = 0.5
    recombined_segments: Annotated[int, msgspec.Meta(ge=0)] = 8
    """Segments of an augmented window (`recombine`); 0 fits without augmentation."""


class Network(System):
    """Tokens of temporal and spatial filters, pre-norm transformer, a perceptron of three layers."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        width, steps = options.width, options.samples - options.kernel + 1
        if steps < options.pool:
            raise ValueError(f"samples {options.samples}: needs at least {options.pool + options.kernel - 1}")
        if width % options.heads:
            raise ValueError(f"width {width}: not a multiple of {options.heads} heads")
        self.inputs = {"eeg": (options.channels, options.samples)}
        self.recombined_segments = options.recombined_segments
        self.embedding = nn.Sequential(
            nn.Conv2d(1, width, (1, options.kernel)),
            nn.Conv2d(width, width, (options.channels, 1)),
            nn.BatchNorm2d(width),
            nn.ELU(),
            nn.AvgPool2d((1, options.pool), (1, options.stride)),
            nn.Dropout(options.dropout),
            nn.Conv2d(width, width, 1),
        )
        self.transformer = nn.Sequential(
            *(
                nn.TransformerEncoderLayer(
                    width, options.heads, 4 * width, options.dropout, "gelu", batch_first=True, norm_first=True
                )
                for _ in range(options.layers)
            )
        )
        tokens = (steps - options.pool) // options.stride + 1
        self.classifier = nn.Sequential(
            nn.Linear(tokens * width, 256),
            nn.ELU(),
            nn.Dropout(0.5),
            nn.Linear(256, 32),
            nn.ELU(),
            nn.Dropout(0.3),
            nn.Linear(32, options.classes),
        )

    def forward(self, inputs: Inputs) -> Tensor:
        """Classify (B, channels, samples)."""
        tokens = self.embedding(inputs["eeg"].unsqueeze(1)).squeeze(2).transpose(1, 2)
        logits: Tensor = self.classifier(self.transformer(tokens).flatten(1))
        return logits

    def loss(self, inputs: Inputs, targets: Tensor) -> Tensor:
        """Cross-entropy of a batch; in training, of as many recombined windows beside it."""
        if self.training and self.recombined_segments:
            eeg = inputs["eeg"]
            inputs = {"eeg": torch.cat([eeg, recombine(eeg, targets, self.recombined_segments)])}
            targets = torch.cat([targets, targets])
        return super().loss(inputs, targets)


def recombine(windows: Tensor, targets: Tensor, segments: int) -> Tensor:
    """Windows (B, channels, samples) of `segments` pieces, each from a random window of the same target.

    The pieces keep their place in time. The paper augments in this way (segmentation and reconstruction, Lotte 2015);
    it draws from all windows of the training part, this from the batch.
    """
    same = (targets[:, None] == targets[None]).float()
    source = torch.multinomial(same, segments, replacement=True)
    pieces = windows.tensor_split(segments, dim=-1)
    return torch.cat([piece[source[:, place]] for place, piece in enumerate(pieces)], dim=-1)
