"""The FER-2013 network of Kanafin, Myrzakhmet and Kuanysh, on each face of a window."""

from typing import Annotated

import msgspec
from torch import Tensor

from inference.models.zoo._fer2013 import FER2013
from inference.models.zoo._frames import PerFrame, Vote
from inference.models.zoo.system import SystemOptions


class Options(SystemOptions, frozen=True, kw_only=True):
    """The defaults are FER-2013's: 4 763 143 parameters with the running statistics of batch normalisation."""

    classes: int = 7
    images: Annotated[int, msgspec.Meta(ge=1)] = 25
    size: int = 48
    """Height and width of an image, pixels."""
    width: int = 32
    """Channels of the first convolution; the last ones have 16 times as many."""
    dropout: float = 0.5
    """Before the classifier; not stated."""
    vote: Vote = "mean-probability"


class Network(PerFrame):
    """Classifies faces (B, images, 3, size, size)."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.inputs = {"faces": (options.images, 3, options.size, options.size)}
        self.vote = options.vote
        self.network = FER2013(options.classes, size=options.size, width=options.width, dropout=options.dropout)

    def classify(self, images: Tensor) -> Tensor:
        """Logits (N, classes) of images (N, 3, size, size)."""
        return self.network(images)
