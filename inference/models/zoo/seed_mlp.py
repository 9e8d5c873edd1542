"""Multilayer perceptron on the features that SEED ships (Kanafin, Myrzakhmet and Kuanysh)."""

from typing import Annotated

import msgspec
from torch import Tensor, nn

from inference.models.zoo.system import Inputs, System, SystemOptions

Positive = Annotated[int, msgspec.Meta(ge=1)]


class Options(SystemOptions, frozen=True, kw_only=True):
    """The features are SEED's differential entropy; the report prints no sizes, the widths are ours."""

    classes: int = 3
    channels: Positive = 62
    bands: Positive = 5
    hidden: tuple[Positive, ...] = (256, 64)
    """Widths of the hidden layers."""
    dropout: float = 0.5


class Network(System):
    """Hidden layers with ReLU and dropout, and a classifier."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.inputs = {"features": (options.channels, options.bands)}
        layers: list[nn.Module] = [nn.Flatten()]
        width = options.channels * options.bands
        for hidden in options.hidden:
            layers += [nn.Linear(width, hidden), nn.ReLU(), nn.Dropout(options.dropout)]
            width = hidden
        self.network = nn.Sequential(*layers, nn.Linear(width, options.classes))

    def forward(self, inputs: Inputs) -> Tensor:
        """Classify (B, channels, bands)."""
        logits: Tensor = self.network(inputs["features"])
        return logits
