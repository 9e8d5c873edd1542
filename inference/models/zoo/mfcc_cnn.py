"""A convolutional network over the MFCC of a window, one of the speech networks of Kanafin, Myrzakhmet and Kuanysh.

Their layers are not stated: three blocks, each twice as wide as the one before, and the mean over what remains of
coefficients and time are this project's choice.
"""

from torch import Tensor, nn

from inference.models.zoo.system import Inputs, System, SystemOptions


class Options(SystemOptions, frozen=True, kw_only=True):
    """The defaults are for 5 s of speech and 40 coefficients."""

    classes: int = 5
    coefficients: int = 40
    frames: int = 216
    """23.2 ms each."""
    width: int = 32
    """Channels of the first block."""
    dropout: float = 0.3


class Network(System):
    """Classifies MFCC `audio` (B, coefficients, frames)."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.inputs = {"audio": (options.coefficients, options.frames)}
        layers: list[nn.Module] = []
        inputs = 1
        for outputs in (options.width, 2 * options.width, 4 * options.width):
            layers += [
                nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
                nn.BatchNorm2d(outputs),
                nn.ReLU(),
                nn.MaxPool2d(2),
            ]
            inputs = outputs
        layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(options.dropout)]
        self.layers = nn.Sequential(*layers, nn.Linear(inputs, options.classes))

    def forward(self, inputs: Inputs) -> Tensor:
        """Logits (B, classes)."""
        return self.layers(inputs["audio"].unsqueeze(1))
