"""EAV's EEG transformer: a shallow convolutional network with a transformer between its filters and its pooling.

The code of Lee et al. 2024 replaced its earlier transformer (`eegformer`, variant `code`) by this one. It applies
softmax before the cross-entropy, which applies it again; the logits here are those before it.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.models.zoo.system import Inputs, System, SystemOptions

KERNEL, POOL, STRIDE = 13, 35, 7  # samples at 100 Hz
MAX_NORM = 0.5


class Options(SystemOptions, frozen=True, kw_only=True):
    """The defaults are EAV's: 230 320 parameters."""

    classes: int = 5
    channels: int = 30
    samples: int = 500
    """Length of a window: 5 s at 100 Hz."""
    filters: int = 40
    """Temporal filters, which are the width of the transformer."""
    layers: int = 12
    dropout: float = 0.5


class Layer(nn.Module):
    """Attention of one head and feed-forward, each normalised before it is added to what it read.

    The attention adds the values of a step to their mean, and has no output projection.
    """

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, 4 * width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(4 * width, width)
        )
        self.attention_norm = nn.LayerNorm(width)
        self.feed_forward_norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, width) of the same."""
        query, key, value = self.query_key_value(x).chunk(3, dim=-1)
        attended = functional.scaled_dot_product_attention(query, key, value) + value
        x = x + self.dropout(self.attention_norm(attended))
        result: Tensor = x + self.dropout(self.feed_forward_norm(self.feed_forward(x)))
        return result


class Network(System):
    """Temporal filters, a spatial filter for each, transformer, log of the pooled power, classifier."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        filters, steps = options.filters, options.samples - KERNEL + 1
        if steps < POOL:
            raise ValueError(f"samples {options.samples}: needs at least {POOL + KERNEL - 1}")
        self.inputs = {"eeg": (options.channels, options.samples)}
        self.temporal = nn.Conv2d(1, filters, (1, KERNEL), bias=False)
        self.spatial = nn.Conv2d(filters, filters, (options.channels, 1), groups=filters, bias=False)
        self.transformer = nn.Sequential(*(Layer(filters, options.dropout) for _ in range(options.layers)))
        self.norm = nn.BatchNorm1d(filters)
        self.pool = nn.AvgPool1d(POOL, STRIDE)
        self.dropout = nn.Dropout(options.dropout)
        self.classifier = nn.Linear(filters * ((steps - POOL) // STRIDE + 1), options.classes, bias=False)

    def forward(self, inputs: Inputs) -> Tensor:
        """Classify (B, channels, samples)."""
        x = self.spatial(self.temporal(inputs["eeg"].unsqueeze(1))).squeeze(2)
        x = self.norm(self.transformer(x.transpose(1, 2)).transpose(1, 2))
        power = self.pool(x.square()).clamp(1e-7, 1e4).log()
        logits: Tensor = self.classifier(self.dropout(power).flatten(1))
        return logits

    @torch.no_grad()
    def constrain(self) -> None:
        """Clip the norm of each class's weights to 0.5."""
        self.classifier.weight.copy_(torch.renorm(self.classifier.weight, 2, 0, MAX_NORM))
