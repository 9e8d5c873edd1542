"""ViViT (Arnab et al., ICCV 2021), the vision transformer that EAV's paper names (Lee et al. 2024).

EAV's code has a ViT on each image instead, which is `vit-frames`; the paper prints no sizes, so that the defaults are
those of google/vivit-b-16x2-kinetics400, and the training is that of the code.
"""

from torch import Tensor, nn
from transformers import VivitConfig, VivitModel

from inference.models.zoo._fine_tuning import head_then_all
from inference.models.zoo._pretrained import load_transformer
from inference.models.zoo._transformer import TransformerOptions, sizes
from inference.models.zoo.system import Inputs, Stage, System


class Options(TransformerOptions, frozen=True, kw_only=True):
    """The defaults are those of ViViT-B/16x2 with joint attention over space and time."""

    classes: int = 5
    images: int = 32
    """Of a window; a multiple of `tubelet`."""
    tubelet: int = 2
    """Images that a token spans."""
    size: int = 224
    """Height and width of an image, pixels."""
    patch: int = 16


class Network(System):
    """Classifies faces (B, images, 3, size, size) as one video."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.inputs = {"faces": (options.images, 3, options.size, options.size)}
        self.pretrained = options.weights is not None
        config = VivitConfig(
            **sizes(options),
            num_frames=options.images,
            tubelet_size=[options.tubelet, options.patch, options.patch],
            image_size=options.size,
        )
        self.backbone = load_transformer(VivitModel, config, options.weights, "ViViT", add_pooling_layer=False)
        self.head = nn.Linear(options.hidden, options.classes)

    def forward(self, inputs: Inputs) -> Tensor:
        """Logits (B, classes) from the class token."""
        return self.head(self.backbone(inputs["faces"]).last_hidden_state[:, 0])

    def stages(self) -> tuple[Stage, ...]:
        """Pretrained: the head for 10 of 15 epochs, then everything at a hundredth of the learning rate."""
        return head_then_all(self, self.backbone, epochs=2 / 3, lr=0.01) if self.pretrained else super().stages()
