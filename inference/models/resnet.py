"""A residual network for small grey faces: wider than EfficientFace, and more accurate for faces of few pixels.

Residual blocks as in He et al., CVPR 2016, with the shortcut averaged where the map is halved (He et al., CVPR 2019).
"""

from torch import Tensor, nn

_STEM = 32  # channels of the first map
_BLOCKS = ((64, 1), (128, 2), (256, 2))  # channels and blocks of each stage, which begins by halving the map


def _convolution(inputs: int, outputs: int, stride: int = 1) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    return (nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs))


class Block(nn.Module):
    """Two convolutions with a shortcut; the map is halved where the number of channels changes."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        halves = inputs != outputs
        convolution, norm = _convolution(outputs, outputs)
        nn.init.zeros_(norm.weight)  # at the start of training, a block equals its shortcut
        self.change = nn.Sequential(
            *_convolution(inputs, outputs, 2 if halves else 1), nn.ReLU(inplace=True), convolution, norm
        )
        self.shortcut = nn.Sequential()
        if halves:
            self.shortcut = nn.Sequential(
                nn.AvgPool2d(2), nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs)
            )
        self.activation = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Add the convolutions to the shortcut."""
        return self.activation(self.shortcut(x) + self.change(x))


class ResidualFace(nn.Module):
    """Computes features (N, 256) of the grey values of faces (N, 3, S, S), 0..1. S is a multiple of 8."""

    features = 256
    stride = 8

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [*_convolution(1, _STEM), nn.ReLU(inplace=True)]
        inputs = _STEM
        for outputs, blocks in _BLOCKS:
            layers += [Block(inputs, outputs), *(Block(outputs, outputs) for _ in range(blocks - 1))]
            inputs = outputs
        self.layers = nn.Sequential(*layers)

    def forward(self, faces: Tensor) -> Tensor:
        """Compute the features of faces."""
        return self.layers(4 * faces.mean(dim=1, keepdim=True) - 2).mean(dim=(2, 3))
