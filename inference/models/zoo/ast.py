"""AST, the Audio Spectrogram Transformer (Gong et al., Interspeech 2021), as EAV fine-tunes it (Lee et al. 2024).

EAV starts from MIT/ast-finetuned-audioset-10-10-0.4593: the defaults are its sizes.
"""

from torch import Tensor, nn
from transformers import ASTConfig, ASTModel

from inference.models.zoo._fine_tuning import head_then_all
from inference.models.zoo._pretrained import load_transformer
from inference.models.zoo._transformer import TransformerOptions, sizes
from inference.models.zoo.system import Inputs, Stage, System


class Options(TransformerOptions, frozen=True, kw_only=True):
    """The defaults are AST's, and EAV's five classes."""

    classes: int = 5
    frames: int = 1024
    """Of the filter bank, 10 ms each."""
    mels: int = 128
    patch: int = 16
    """Height and width of a patch, mel bands and frames."""
    stride: int = 10
    """Distance of two patches in either direction."""


class Network(System):
    """Classifies the log-mel filter bank `audio` (B, frames, mels)."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.inputs = {"audio": (options.frames, options.mels)}
        self.pretrained = options.weights is not None
        config = ASTConfig(
            **sizes(options),
            patch_size=options.patch,
            frequency_stride=options.stride,
            time_stride=options.stride,
            max_length=options.frames,
            num_mel_bins=options.mels,
        )
        self.backbone = load_transformer(ASTModel, config, options.weights, "AST")
        self.head = nn.Linear(options.hidden, options.classes)

    def forward(self, inputs: Inputs) -> Tensor:
        """Logits (B, classes) from the mean of the class token and the distillation token."""
        return self.head(self.backbone(inputs["audio"]).pooler_output)

    def stages(self) -> tuple[Stage, ...]:
        """Pretrained: the head for 10 of 25 epochs, then everything at a hundredth of the learning rate."""
        return head_then_all(self, self.backbone, epochs=0.4, lr=0.01) if self.pretrained else super().stages()
