"""The single-frame mode of Kanafin, Myrzakhmet and Kuanysh: the middle image of a window, alone.

It says what a window's image is worth without its movement. Which network reads it is not stated: it is that of
`fer2013-cnn`, fitted on the middle image only.
"""

from torch import Tensor

from inference.models.zoo._fer2013 import FER2013
from inference.models.zoo.system import Inputs, System, SystemOptions


class Options(SystemOptions, frozen=True, kw_only=True):
    """The defaults are those of `fer2013-cnn`, with EAV's five classes."""

    classes: int = 5
    size: int = 48
    """Height and width of the image, pixels."""
    width: int = 32
    """Channels of the first convolution."""
    dropout: float = 0.5
    """Before the classifier."""


class Network(System):
    """Classifies the middle image of a window: faces (B, 1, 3, size, size)."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.inputs = {"faces": (1, 3, options.size, options.size)}
        self.network = FER2013(options.classes, size=options.size, width=options.width, dropout=options.dropout)

    def forward(self, inputs: Inputs) -> Tensor:
        """Logits (B, classes)."""
        return self.network(inputs["faces"][:, 0])
