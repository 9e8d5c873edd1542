"""A recurrent network over the statistics of EEG, which is an LSTM or a GRU."""

from typing import Annotated

import msgspec
from torch import Tensor, nn

from inference.models.zoo.system import Inputs, System, SystemOptions

Positive = Annotated[int, msgspec.Meta(ge=1)]


class RecurrentOptions(SystemOptions, frozen=True, kw_only=True):
    """The report prints no sizes: the defaults are ours."""

    classes: int = 5
    steps: Positive = 9
    """Segments of a window."""
    features: Positive = 12
    """Statistics of a segment: six of each channel."""
    width: Positive = 128
    dropout: float = 0.5


class RecurrentNetwork(System):
    """One recurrent layer; the classifier reads what it says after the last step."""

    def __init__(self, options: RecurrentOptions, layer: type[nn.LSTM] | type[nn.GRU]) -> None:
        super().__init__()
        self.inputs = {"features": (options.steps, options.features)}
        self.recurrent = layer(options.features, options.width, batch_first=True)
        self.classifier = nn.Sequential(nn.Dropout(options.dropout), nn.Linear(options.width, options.classes))

    def forward(self, inputs: Inputs) -> Tensor:
        """Classify (B, steps, features)."""
        outputs, _ = self.recurrent(inputs["features"])
        logits: Tensor = self.classifier(outputs[:, -1])
        return logits
