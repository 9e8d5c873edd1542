"""The face baseline of EAV (Lee et al. 2024): DeepFace's layers, and a vote over the images of a window.

EAV names DeepFace (Taigman et al., CVPR 2014) and a dropout of 0.5 in the first fully connected layer, and prints no
sizes: they are DeepFace's. Its three last layers before the fully connected ones are locally connected, that is, the
weights of a convolution are not shared between positions.
"""

from typing import Annotated

import msgspec
import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.models.zoo._frames import PerFrame, Vote
from inference.models.zoo.system import SystemOptions


class Options(SystemOptions, frozen=True, kw_only=True):
    """The defaults are DeepFace's for images of 152 pixels, and EAV's 25 images a window."""

    classes: int = 5
    images: Annotated[int, msgspec.Meta(ge=1)] = 25
    size: int = 152
    """Height and width of an image, pixels."""
    kernels: tuple[int, int, int, int, int] = (11, 9, 9, 7, 5)
    """Of the two convolutions and the three locally connected layers."""
    width: int = 16
    """Channels of all of these but the first, which has twice as many."""
    hidden: int = 4096
    """Width of the first fully connected layer."""
    vote: Vote = "majority"


class LocallyConnected(nn.Module):
    """A convolution (N, inputs, size, size) -> (N, outputs, size', size') with weights of its own at each position."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, size: int) -> None:
        super().__init__()
        self.kernel, self.stride, self.size = kernel, stride, (size - kernel) // stride + 1
        fan_in, positions = inputs * kernel**2, self.size**2
        bound = fan_in**-0.5  # as torch's convolutions
        self.weight = nn.Parameter(torch.empty(positions, outputs, fan_in).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(positions, outputs).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        """Multiply the patch at each position by the position's weights."""
        patches = functional.unfold(x, self.kernel, stride=self.stride).permute(2, 0, 1)
        values = torch.baddbmm(self.bias.unsqueeze(1), patches, self.weight.transpose(1, 2))
        return values.permute(1, 2, 0).unflatten(2, (self.size, self.size))


class Network(PerFrame):
    """Classifies faces (B, images, 3, size, size)."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.inputs = {"faces": (options.images, 3, options.size, options.size)}
        self.vote = options.vote
        first, second, *local = options.kernels
        width = options.width
        layers: list[nn.Module] = [
            nn.Conv2d(3, 2 * width, first),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            nn.Conv2d(2 * width, width, second),
            nn.ReLU(),
        ]
        size = -(-(options.size - first + 1 - 3) // 2) + 1 - second + 1
        for kernel, stride in zip(local, (1, 2, 1), strict=True):
            if size < kernel:
                raise ValueError(f"images of {options.size} pixels are too small for kernels of {options.kernels}")
            layers += [layer := LocallyConnected(width, width, kernel, stride, size), nn.ReLU()]
            size = layer.size
        layers += [
            nn.Flatten(),
            nn.Linear(width * size**2, options.hidden),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(options.hidden, options.classes),
        ]
        self.layers = nn.Sequential(*layers)

    def classify(self, images: Tensor) -> Tensor:
        """Logits (N, classes) of images (N, 3, size, size)."""
        return self.layers(images)
