"""ResNet50 with channel attention, the vision network of EAV's code (Lee et al. 2024).

The attention is that of CBAM (Woo et al., ECCV 2018) without its sigmoid: two layers shared by the mean and the maximum
of each channel over the image; their sum multiplies the channel. EAV's code has two forms. That of TensorFlow narrows
to an eighth between the layers, with ReLU, and votes; that of PyTorch neither narrows nor has a non-linearity, so that
its two layers are one linear map, and averages the logits.
"""

from typing import Annotated, Literal

import msgspec
from torch import Tensor, nn

from inference.models.zoo._fine_tuning import head_then_all
from inference.models.zoo._frames import PerFrame
from inference.models.zoo._pretrained import load_weights
from inference.models.zoo._resnet50 import ResNet50
from inference.models.zoo.system import Stage, SystemOptions


class Options(SystemOptions, frozen=True, kw_only=True):
    """The defaults are those of EAV's PyTorch code."""

    classes: int = 5
    variant: Literal["tensorflow", "torch"] = "torch"
    images: Annotated[int, msgspec.Meta(ge=1)] = 25
    """EAV's TensorFlow code reads 50, which are whole frames, and its PyTorch code 25 faces."""
    size: int = 224
    """Height and width of an image, pixels."""
    width: int = 64
    """Channels of the first convolution; the backbone's features are 32 times as many."""
    blocks: tuple[int, int, int, int] = (3, 4, 6, 3)
    weights: str | None = None
    """Path of ImageNet's weights: a safetensors file with torchvision's names."""


class Network(PerFrame):
    """Classifies images (B, images, 3, size, size)."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.inputs = {"frames": (options.images, 3, options.size, options.size)}
        self.variant, self.pretrained = options.variant, options.weights is not None
        self.vote = "majority" if options.variant == "tensorflow" else "mean-logit"
        self.backbone = ResNet50(options.width, options.blocks)
        load_weights(self.backbone, options.weights, "ResNet50", unused=r"^fc\.")
        features = self.backbone.features
        if options.variant == "tensorflow":
            between = (nn.Linear(features, features // 8), nn.ReLU(), nn.Linear(features // 8, features))
            self.attention = nn.Sequential(*between)
        else:
            self.attention = nn.Sequential(nn.Linear(features, features), nn.Linear(features, features))
        self.head = nn.Sequential(
            nn.Linear(features, features // 2), nn.ReLU(), nn.Linear(features // 2, options.classes)
        )

    def classify(self, images: Tensor) -> Tensor:
        """Logits (N, classes) of images (N, 3, size, size)."""
        maps = self.backbone(images)
        mean, largest = maps.mean((2, 3)), maps.amax((2, 3))
        return self.head(mean * (self.attention(mean) + self.attention(largest)))

    def stages(self) -> tuple[Stage, ...]:
        """Pretrained, the backbone is frozen: always (TensorFlow), or for the first half of the epochs (PyTorch).

        Then everything learns, at a hundredth of the learning rate.
        """
        if not self.pretrained:
            return super().stages()
        return head_then_all(self, self.backbone, epochs=1.0 if self.variant == "tensorflow" else 0.5, lr=0.01)
