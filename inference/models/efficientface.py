"""EfficientFace, the image backbone for one face at a time.

A ShuffleNetV2 trunk with a local feature extractor over the four quadrants of the first feature map and a
channel-spatial modulator (Zhao et al., AAAI 2021), as Chumachenko et al. use it (ICPR 2022, arXiv 2201.11095).
"""

import torch
from torch import Tensor, nn


def _conv_bn(
    inputs: int,
    outputs: int,
    kernel: int,
    stride: int = 1,
    padding: int = 0,
    groups: int = 1,
    bias: bool = False,
) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=bias),
        nn.BatchNorm2d(outputs),
    ]


def _shuffle(x: Tensor) -> Tensor:
    """Interleave the two halves of the channels."""
    batch, channels, height, width = x.shape
    return x.view(batch, 2, channels // 2, height, width).transpose(1, 2).flatten(1, 2)


class ShuffleUnit(nn.Module):
    """A ShuffleNetV2 unit: it halves the map if `stride` is 2."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        half = outputs // 2
        self.stride = stride
        self.branch1 = nn.Sequential()
        if stride == 2:
            self.branch1 = nn.Sequential(
                *_conv_bn(inputs, inputs, 3, 2, 1, groups=inputs),
                *_conv_bn(inputs, half, 1),
                nn.ReLU(inplace=True),
            )
        self.branch2 = nn.Sequential(
            *_conv_bn(inputs if stride == 2 else half, half, 1),
            nn.ReLU(inplace=True),
            *_conv_bn(half, half, 3, stride, 1, groups=half),
            *_conv_bn(half, half, 1),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Apply the unit."""
        if self.stride == 2:
            return _shuffle(torch.cat((self.branch1(x), self.branch2(x)), dim=1))
        identity, branch = x.chunk(2, dim=1)
        return _shuffle(torch.cat((identity, self.branch2(branch)), dim=1))


def _stage(inputs: int, outputs: int, basic_units: int) -> nn.Sequential:
    units = [ShuffleUnit(inputs, outputs, 2)]
    units += [ShuffleUnit(outputs, outputs, 1) for _ in range(basic_units)]
    return nn.Sequential(*units)


class LocalFeatures(nn.Module):
    """Convolves each quadrant of a map with weights of its own: (N, 29, S, S) -> (N, 116, S/2, S/2)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.quadrants = nn.ModuleList(
            nn.Sequential(
                *_conv_bn(inputs, outputs, 3, 2, 1, groups=inputs),
                nn.ReLU(inplace=True),
                *_conv_bn(outputs, outputs, 3, 1, 1, groups=outputs),
                nn.ReLU(inplace=True),
            )
            for _ in range(4)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Convolve the quadrants."""
        top, bottom = x.chunk(2, dim=2)
        corners = (*top.chunk(2, dim=3), *bottom.chunk(2, dim=3))
        local = [quadrant(corner) for quadrant, corner in zip(self.quadrants, corners, strict=True)]
        return torch.cat((torch.cat(local[:2], dim=3), torch.cat(local[2:], dim=3)), dim=2)


class Modulator(nn.Module):
    """Gates a map by the product of a channel and a spatial attention; the shape stays."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = channels // 16
        self.channel_gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(channels, hidden),
            nn.BatchNorm1d(hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, channels),
        )
        dilated: list[nn.Module] = []
        for _ in range(2):
            dilated += [
                nn.Conv2d(hidden, hidden, 3, padding=4, dilation=4),
                nn.BatchNorm2d(hidden),
                nn.ReLU(inplace=True),
            ]
        self.spatial_gate = nn.Sequential(
            *_conv_bn(channels, hidden, 1, bias=True),
            nn.ReLU(inplace=True),
            *dilated,
            nn.Conv2d(hidden, 1, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Gate the map."""
        channel = self.channel_gate(x)[:, :, None, None]
        return torch.sigmoid(channel * self.spatial_gate(x)) * x


class EfficientFace(nn.Module):
    """Computes features (N, 1024) of faces (N, 3, S, S), values 0..1.

    The paper has S = 224; S may be any multiple of 32.
    """

    features = 1024
    stride = 32  # pixels of a face to one of the last map

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(*_conv_bn(3, 29, 3, 2, 1), nn.ReLU(inplace=True))
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.stage2 = _stage(29, 116, 3)
        self.local = LocalFeatures(29, 116)
        self.modulator = Modulator(116)
        self.stage3 = _stage(116, 232, 7)
        self.stage4 = _stage(232, 464, 3)
        self.conv5 = nn.Sequential(*_conv_bn(464, self.features, 1), nn.ReLU(inplace=True))

    def forward(self, faces: Tensor) -> Tensor:
        """Compute the features of faces."""
        x = self.maxpool(self.conv1(faces))
        x = self.modulator(self.stage2(x)) + self.local(x)
        x = self.conv5(self.stage4(self.stage3(x)))
        return x.mean(dim=(2, 3))
