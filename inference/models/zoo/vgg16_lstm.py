"""VGG16 on each image and an LSTM over 30 of them, of Kanafin, Myrzakhmet and Kuanysh.

What lies between is not stated. Here the LSTM (Hochreiter and Schmidhuber 1997) reads the mean over the image of the
last maps of VGG16 (Simonyan and Zisserman, ICLR 2015), and its last state is classified. Pretrained, VGG16 is frozen.
"""

from typing import Annotated

import msgspec
from torch import Tensor, nn

from inference.models.zoo._fine_tuning import head_then_all
from inference.models.zoo._pretrained import load_weights
from inference.models.zoo.system import Inputs, Stage, System, SystemOptions

_STAGES = ((1, 2), (2, 2), (4, 3), (8, 3), (8, 3))  # channels in units of the width, and convolutions


class Options(SystemOptions, frozen=True, kw_only=True):
    """The defaults are VGG16's."""

    classes: int = 5
    images: Annotated[int, msgspec.Meta(ge=1)] = 30
    size: int = 224
    """Height and width of an image, pixels."""
    width: int = 64
    """Channels of the first convolution."""
    hidden: int = 256
    """Units of the LSTM."""
    weights: str | None = None
    """Path of ImageNet's weights: a safetensors file with torchvision's names."""


class VGG16(nn.Module):
    """The convolutions of VGG16 under torchvision's names: images (N, 3, size, size) -> (N, features)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 3
        for factor, convolutions in _STAGES:
            for _ in range(convolutions):
                layers += [nn.Conv2d(inputs, factor * width, 3, padding=1), nn.ReLU(inplace=True)]
                inputs = factor * width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        for layer in self.features:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, images: Tensor) -> Tensor:
        """Compute the mean of the last maps."""
        return self.features(images).mean((2, 3))


class Network(System):
    """Classifies frames (B, images, 3, size, size)."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.inputs = {"frames": (options.images, 3, options.size, options.size)}
        self.pretrained = options.weights is not None
        self.backbone = VGG16(options.width)
        load_weights(self.backbone, options.weights, "VGG16", unused=r"^classifier\.")
        self.lstm = nn.LSTM(8 * options.width, options.hidden, batch_first=True)
        self.head = nn.Linear(options.hidden, options.classes)

    def forward(self, inputs: Inputs) -> Tensor:
        """Logits (B, classes) from the state after the last image."""
        images = inputs["frames"]
        states, _ = self.lstm(self.backbone(images.flatten(0, 1)).unflatten(0, images.shape[:2]))
        return self.head(states[:, -1])

    def stages(self) -> tuple[Stage, ...]:
        """Pretrained: the LSTM and the head alone."""
        return head_then_all(self, self.backbone, epochs=1.0, lr=1.0) if self.pretrained else super().stages()
