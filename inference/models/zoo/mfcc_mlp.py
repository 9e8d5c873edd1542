"""A perceptron over the mean MFCC of a window, one of the speech networks of Kanafin, Myrzakhmet and Kuanysh.

Their layers are not stated: two hidden ones, each half as wide as the one before, are this project's choice.
"""

from torch import Tensor, nn

from inference.models.zoo.system import Inputs, System, SystemOptions


class Options(SystemOptions, frozen=True, kw_only=True):
    """The defaults are for 5 s of speech and 40 coefficients."""

    classes: int = 5
    coefficients: int = 40
    frames: int = 216
    """23.2 ms each."""
    hidden: int = 256
    dropout: float = 0.3


class Network(System):
    """Classifies MFCC `audio` (B, coefficients, frames)."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.inputs = {"audio": (options.coefficients, options.frames)}
        half = options.hidden // 2
        self.layers = nn.Sequential(
            nn.Linear(options.coefficients, options.hidden),
            nn.ReLU(),
            nn.Dropout(options.dropout),
            nn.Linear(options.hidden, half),
            nn.ReLU(),
            nn.Dropout(options.dropout),
            nn.Linear(half, options.classes),
        )

    def forward(self, inputs: Inputs) -> Tensor:
        """Logits (B, classes) from the mean over time."""
        return self.layers(inputs["audio"].mean(2))
