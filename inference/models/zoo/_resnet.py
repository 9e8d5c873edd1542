"""Residual networks (He et al. 2016, CVPR) for pictures, MFCC and video, with torchvision's names of parameters."""

from collections.abc import Callable, Sequence

from torch import Tensor, nn

RESNET_18 = (2, 2, 2, 2)
RESNET_34 = (3, 4, 6, 3)
RESNET_101 = (3, 4, 23, 3)


class BasicBlock(nn.Module):
    """Two convolutions of 3 x 3 with a shortcut."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.downsample = nn.Sequential()
        if stride > 1 or inputs != width:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        """Add the convolutions to the shortcut."""
        change = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        added: Tensor = self.relu(change + self.downsample(x))
        return added


class Bottleneck3d(nn.Module):
    """A convolution of 3 x 3 x 3 between two of one pixel, with a shortcut; four times `width` channels come out."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm3d(width)
        self.conv2 = nn.Conv3d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm3d(width)
        self.conv3 = nn.Conv3d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm3d(4 * width)
        self.relu = nn.ReLU()
        self.downsample = nn.Sequential()
        if stride > 1 or inputs != 4 * width:
            self.downsample = nn.Sequential(
                nn.Conv3d(inputs, 4 * width, 1, stride, bias=False), nn.BatchNorm3d(4 * width)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Add the convolutions to the shortcut."""
        change = self.relu(self.bn1(self.conv1(x)))
        change = self.bn3(self.conv3(self.relu(self.bn2(self.conv2(change)))))
        added: Tensor = self.relu(change + self.downsample(x))
        return added


class AudioResNet(nn.Module):
    """Features (N, 8 * width) of pictures of one channel (N, 1, coefficients, frames), the mean over both axes."""

    def __init__(self, depths: Sequence[int], width: int, kernel: tuple[int, int], stride: tuple[int, int]) -> None:
        super().__init__()
        self.channels = 8 * width
        padding = (kernel[0] // 2, kernel[1] // 2)
        self.conv1 = nn.Conv2d(1, width, kernel, stride, padding, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1, self.layer2, self.layer3, self.layer4 = _stages(BasicBlock, depths, width, expansion=1)
        _initialise(self)

    def forward(self, pictures: Tensor) -> Tensor:
        """Encode pictures."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(pictures))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return x.mean(dim=(2, 3))


class VideoResNet(nn.Module):
    """3-D ResNet (Hara et al. 2018, CVPR): maps (N, 32 * width, time / 16, height / 32, width / 32) of clips.

    Clips are (N, 3, time, height, width); the shapes round up. Weights of the authors' networks fit the names.
    """

    def __init__(self, depths: Sequence[int] = RESNET_101, width: int = 64) -> None:
        super().__init__()
        self.channels = 32 * width
        self.conv1 = nn.Conv3d(3, width, 7, (1, 2, 2), 3, bias=False)
        self.bn1 = nn.BatchNorm3d(width)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool3d(3, 2, 1)
        self.layer1, self.layer2, self.layer3, self.layer4 = _stages(Bottleneck3d, depths, width, expansion=4)
        _initialise(self)

    def forward(self, clips: Tensor) -> Tensor:
        """Encode clips."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(clips))))
        maps: Tensor = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return maps


def _stages(
    block: Callable[[int, int, int], nn.Module], depths: Sequence[int], width: int, expansion: int
) -> list[nn.Sequential]:
    """Four stages of blocks; each but the first halves the map and doubles the channels."""
    stages, inputs = [], width
    for number, depth in enumerate(depths):
        channels = width * 2**number
        blocks = [block(inputs, channels, 2 if number else 1)]
        inputs = channels * expansion
        blocks += [block(inputs, channels, 1) for _ in range(depth - 1)]
        stages.append(nn.Sequential(*blocks))
    return stages


def _initialise(network: nn.Module) -> None:
    """He et al. (2015): the variance stays from layer to layer."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Conv3d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
