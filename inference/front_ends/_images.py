"""Images of a window, evenly spaced, as a network reads them."""

from typing import Annotated, ClassVar, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from inference.front_ends.signals import Crop, FrontEnd, Signals, recorded

_STATISTICS = {  # mean and deviation of red, green and blue, which are in 0..1
    "none": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "half": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
}


class Images(FrontEnd, frozen=True, kw_only=True):
    """The window is divided into `count` equal parts, and the image in the middle of each is taken."""

    crop: ClassVar[Crop]

    count: Annotated[int, msgspec.Meta(ge=1)] = 25
    """One image is the middle one of the window."""
    size: Annotated[int, msgspec.Meta(ge=1)] = 224
    """Height and width, pixels."""
    normalisation: Literal["none", "imagenet", "half"] = "none"
    """`none`: 0..1; `imagenet`: by the mean and deviation of ImageNet's colours; `half`: -1..1."""

    def compute(self, signals: Signals, start_s: float, seconds: float) -> NDArray[np.float32]:
        """Images (count, 3, size, size), RGB."""
        images = recorded(signals.images, "images")
        times = start_s + seconds * (np.arange(self.count) + 0.5) / self.count
        pixels = images.sample(times, self.crop, self.size).astype(np.float32) / 255
        mean, deviation = np.asarray(_STATISTICS[self.normalisation], np.float32)
        return np.ascontiguousarray(((pixels - mean) / deviation).transpose(0, 3, 1, 2))
