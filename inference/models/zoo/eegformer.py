"""EEGformer (Wan et al., Front. Neurosci. 17, 2023), which EAV's paper names, and the transformer of EAV's first code.

Lee et al. 2024 name EEGformer and print no sizes. The code that they published with it is another, smaller network.
"""

from typing import Annotated, Literal

import msgspec
import torch
from torch import Tensor, nn

from inference.models.zoo.system import Inputs, System, SystemOptions

Positive = Annotated[int, msgspec.Meta(ge=1)]


class Options(SystemOptions, frozen=True, kw_only=True):
    """`kernel` and `filters` are Wan's, the other sizes are ours. The variant `code` has none of them."""

    classes: int = 5
    channels: int = 30
    samples: int = 500
    """Length of a window: 5 s at 100 Hz."""
    variant: Literal["paper", "code"] = "paper"
    """`paper`: three transformers, over filters, channels and time. `code`: one of six blocks whose feed-forward is
    `channels // 8` = 3 wide, 122 693 parameters; it adds no positions, so that the mean over time ignores the order
    of what the convolutions return."""
    kernel: Positive = 10
    filters: Positive = 120
    """Features of a channel."""
    width: Positive = 64
    blocks: Positive = 3
    """Of each of the three transformers."""
    heads: Positive = 4
    segments: Annotated[int, msgspec.Meta(ge=2)] = 16
    """Tokens of the temporal transformer."""
    spatial_filters: Positive = 16
    """Of the decoder."""
    dropout: float = 0.1


class Network(System):
    """One of the two networks."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.inputs = {"eeg": (options.channels, options.samples)}
        self.network = EEGformer(options) if options.variant == "paper" else ConvolutionalTransformer(options)

    def forward(self, inputs: Inputs) -> Tensor:
        """Classify (B, channels, samples)."""
        logits: Tensor = self.network(inputs["eeg"])
        return logits


class EEGformer(nn.Module):
    """Depthwise convolutions; regional, synchronous and temporal transformer; convolutional decoder.

    The regional transformer attends to the features of one channel, the synchronous one to the channels of one feature,
    the temporal one to the means of `segments` parts of their encodings. The decoder weighs filters, channels and
    segments in turn. The temporal tokens are encoded in `width` numbers; Wan's have as many as channels times filters,
    3 600, whose attention alone takes 52 million weights a block.
    """

    def __init__(self, options: Options) -> None:
        super().__init__()
        channels, filters, width, segments = options.channels, options.filters, options.width, options.segments
        length = options.samples - 3 * (options.kernel - 1)
        if length < 1:
            raise ValueError(f"samples {options.samples}: needs at least {3 * options.kernel - 2}")
        if width % options.heads:
            raise ValueError(f"width {width}: not a multiple of {options.heads} heads")
        if width % segments:
            raise ValueError(f"width {width}: not a multiple of {segments} segments")
        self.filters, self.segments = filters, segments
        self.convolutions = nn.Sequential(
            nn.Conv1d(channels, channels, options.kernel, groups=channels),
            nn.Conv1d(channels, channels, options.kernel, groups=channels),
            nn.Conv1d(channels, channels * filters, options.kernel, groups=channels),
        )
        self.regional = Encoder(length, filters, options)
        self.synchronous = Encoder(width, channels, options)
        self.temporal = Encoder(channels * filters, segments, options)
        self.restore = nn.Linear(width, channels * filters)
        self.mix_filters = nn.Conv2d(filters, 1, 1)
        self.mix_channels = nn.Conv1d(channels, options.spatial_filters, 1)
        self.mix_segments = nn.Conv1d(segments, segments // 2, 1)
        self.classifier = nn.Linear(segments // 2 * options.spatial_filters, options.classes)

    def forward(self, windows: Tensor) -> Tensor:
        """Classify (B, channels, samples)."""
        batch, channels, _ = windows.shape
        x = self.convolutions(windows).unflatten(1, (channels, self.filters))  # (B, channels, filters, length)
        x = self.regional(x.flatten(0, 1)).unflatten(0, (batch, channels)).transpose(1, 2)
        x = self.synchronous(x.flatten(0, 1)).unflatten(0, (batch, self.filters))  # (B, filters, channels, width)
        means = x.unflatten(3, (self.segments, -1)).mean(4).permute(0, 3, 2, 1)  # (B, segments, channels, filters)
        x = self.restore(self.temporal(means.flatten(2))).unflatten(2, (channels, self.filters))
        x = self.mix_channels(self.mix_filters(x.permute(0, 3, 2, 1)).squeeze(1))  # (B, spatial filters, segments)
        logits: Tensor = self.classifier(self.mix_segments(x.transpose(1, 2)).flatten(1))
        return logits


class Encoder(nn.Module):
    """Pre-norm transformer over tokens (B, tokens, features), with sinusoidal positions, to (B, tokens, width)."""

    def __init__(self, features: int, tokens: int, options: Options) -> None:
        super().__init__()
        width = options.width
        self.embedding = nn.Linear(features, width, bias=False)
        self.register_buffer("positions", _positions(tokens, width), persistent=False)
        self.blocks = nn.Sequential(
            *(
                nn.TransformerEncoderLayer(
                    width, options.heads, 4 * width, options.dropout, "gelu", batch_first=True, norm_first=True
                )
                for _ in range(options.blocks)
            )
        )

    def forward(self, tokens: Tensor) -> Tensor:
        """Encode (B, tokens, features)."""
        encoded: Tensor = self.blocks(self.embedding(tokens) + self.positions)
        return encoded


def _positions(tokens: int, width: int) -> Tensor:
    """Sines and cosines (tokens, width) of rising periods (Vaswani et al. 2017)."""
    feature = torch.arange(width)
    angles = torch.arange(tokens)[:, None] / 10_000 ** (feature // 2 * 2 / width)
    return torch.where(feature % 2 == 0, angles.sin(), angles.cos())


class ConvolutionalTransformer(nn.Module):
    """Two convolutions, six post-norm blocks over every sample, the mean over time, a perceptron."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        channels, dropout = options.channels, options.dropout
        width = 2 * channels
        if width % 4 or channels < 8:
            raise ValueError(f"channels {channels}: the variant `code` needs an even number, 8 or more")
        self.convolutions = nn.Sequential(
            nn.Conv1d(channels, channels, 11, padding=5, bias=False),
            nn.BatchNorm1d(channels),
            nn.ReLU(),
            nn.Dropout1d(dropout),
            nn.Conv1d(channels, width, 11, padding=5, bias=False),
            nn.BatchNorm1d(width),
            nn.Dropout(dropout),
        )
        self.blocks = nn.Sequential(
            *(nn.TransformerEncoderLayer(width, 4, channels // 8, dropout, batch_first=True) for _ in range(6))
        )
        self.classifier = nn.Sequential(
            nn.Linear(width, channels // 2),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(channels // 2, options.classes),
        )

    def forward(self, windows: Tensor) -> Tensor:
        """Classify (B, channels, samples)."""
        tokens = self.convolutions(windows).transpose(1, 2)
        logits: Tensor = self.classifier(self.blocks(tokens).mean(1))
        return logits
