"""A ViT on each image (Dosovitskiy et al., ICLR 2021): the vision transformer of EAV's code (Lee et al. 2024).

The paper names ViViT, which is `vivit`. The code starts from dima806/facial_emotions_image_detection, a ViT-B/16.
"""

from typing import Annotated

import msgspec
from torch import Tensor, nn
from transformers import ViTConfig, ViTModel

from inference.models.zoo._fine_tuning import head_then_all
from inference.models.zoo._frames import PerFrame
from inference.models.zoo._pretrained import load_transformer
from inference.models.zoo._transformer import TransformerOptions, sizes
from inference.models.zoo.system import Stage


class Options(TransformerOptions, frozen=True, kw_only=True):
    """The defaults are ViT-B/16's, and EAV's 25 images a window."""

    classes: int = 5
    images: Annotated[int, msgspec.Meta(ge=1)] = 25
    size: int = 224
    """Height and width of an image, pixels."""
    patch: int = 16


class Network(PerFrame):
    """Classifies faces (B, images, 3, size, size) by the mean of their logits."""

    vote = "mean-logit"

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.inputs = {"faces": (options.images, 3, options.size, options.size)}
        self.pretrained = options.weights is not None
        config = ViTConfig(
            **sizes(options),
            image_size=options.size,
            patch_size=options.patch,
        )
        self.backbone = load_transformer(ViTModel, config, options.weights, "ViT", add_pooling_layer=False)
        self.head = nn.Linear(options.hidden, options.classes)

    def classify(self, images: Tensor) -> Tensor:
        """Logits (N, classes) from the class tokens of images (N, 3, size, size)."""
        return self.head(self.backbone(images).last_hidden_state[:, 0])

    def stages(self) -> tuple[Stage, ...]:
        """Pretrained: the head for 10 of 15 epochs, then everything at a hundredth of the learning rate."""
        return head_then_all(self, self.backbone, epochs=2 / 3, lr=0.01) if self.pretrained else super().stages()
