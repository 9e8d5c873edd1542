"""The spatial encoders of MERCL (Lee, Kim and Kim 2024): tokens (B, T, features) of faces, sound and EEG."""

from typing import Annotated

import msgspec
from torch import Tensor, nn

from inference.models.zoo._pretrained import load_transformer
from inference.models.zoo._vggish import VGGish
from inference.models.zoo.system import SystemOptions

Positive = Annotated[int, msgspec.Meta(ge=1)]
MODALITIES = ("faces", "audio", "eeg")


class VideoOptions(SystemOptions, frozen=True, kw_only=True):
    """Images and their ViT. The paper prints neither their number nor their size: both are ours."""

    classes: Positive = 5
    images: Positive = 8
    size: Positive = 224
    """Height and width of a face, pixels."""
    patch: Positive = 16
    """Height and width of a patch of ViT, pixels."""
    vit_width: Positive = 768
    vit_layers: Positive = 12
    vit_heads: Positive = 12
    vit_weights: str | None = None
    """A folder that transformers reads, or a safetensors file."""


class VideoEEGOptions(VideoOptions, frozen=True, kw_only=True):
    """EEG beside the images, and its convolutions: the numbers of steps and filters are ours."""

    channels: Positive = 30
    psd_bands: Positive = 5
    steps: Positive = 31
    """Spectra of the EEG in a window: 1 s each, every 0.1 s of 4 s."""
    eeg_width: Positive = 40
    eeg_kernel: Positive = 5
    """Steps of a temporal filter."""
    eeg_pool: Positive = 3
    """Steps that become one token."""
    eeg_stride: Positive = 2
    """Steps between two tokens."""
    dropout: float = 0.5


class EncoderOptions(VideoEEGOptions, frozen=True, kw_only=True):
    """Sound beside the others, and its VGGish; the bands are the paper's."""

    bands: Positive = 20
    """Of the log-mel spectrogram."""
    frames: Positive = 400
    """Of the log-mel spectrogram, 10 ms each."""
    audio_patch: Positive = 96
    """Frames that VGGish makes a token of."""
    vggish_widths: tuple[Positive, Positive, Positive, Positive] = (64, 128, 256, 512)
    vggish_hidden: Positive = 4096
    vggish_features: Positive = 128
    vggish_weights: str | None = None
    """A safetensors file. VGGish was trained on 64 bands: with the 20 of the paper its convolutions alone fit."""


class VideoEncoder(nn.Module):
    """The class token of ViT (Dosovitskiy et al. 2021) for each image: (B, T, 3, H, W) -> (B, T, vit_width)."""

    def __init__(self, options: VideoOptions) -> None:
        super().__init__()
        from transformers import ViTConfig, ViTModel

        if options.vit_width % options.vit_heads:
            raise ValueError(f"vit_width {options.vit_width}: not a multiple of {options.vit_heads} heads")
        config = ViTConfig(
            image_size=options.size,
            patch_size=options.patch,
            hidden_size=options.vit_width,
            num_hidden_layers=options.vit_layers,
            num_attention_heads=options.vit_heads,
            intermediate_size=4 * options.vit_width,
        )
        self.features = options.vit_width
        self.vit = load_transformer(ViTModel, config, options.vit_weights, "ViT", add_pooling_layer=False)

    def forward(self, images: Tensor) -> Tensor:
        """Encode (B, T, 3, H, W)."""
        hidden: Tensor = self.vit(pixel_values=images.flatten(0, 1)).last_hidden_state
        return hidden[:, 0].unflatten(0, images.shape[:2])


class AudioEncoder(nn.Module):
    """VGGish of consecutive patches: (B, bands, frames) -> (B, frames // audio_patch, vggish_features)."""

    def __init__(self, options: EncoderOptions) -> None:
        super().__init__()
        if options.frames < options.audio_patch:
            raise ValueError(f"frames {options.frames}: fewer than a patch of {options.audio_patch}")
        self.features, self.patch = options.vggish_features, options.audio_patch
        self.vggish = VGGish(
            frames=options.audio_patch,
            bands=options.bands,
            widths=options.vggish_widths,
            hidden=options.vggish_hidden,
            features=options.vggish_features,
            weights=options.vggish_weights,
        )

    def forward(self, log_mel: Tensor) -> Tensor:
        """Encode (B, bands, frames); frames behind the last whole patch are left out."""
        patches = log_mel.unfold(2, self.patch, self.patch).permute(0, 2, 3, 1)
        embedded: Tensor = self.vggish(patches.flatten(0, 1))
        return embedded.unflatten(0, patches.shape[:2])


class EEGEncoder(nn.Module):
    """The convolutions of EEG Conformer (Song et al. 2023) on spectra: (B, channels, bands, steps) -> (B, T, width).

    Temporal filters over the steps, which read all bands, are followed by spatial filters over the channels. The
    self-attention is left out, as the paper does.
    """

    def __init__(self, options: VideoEEGOptions) -> None:
        super().__init__()
        filtered = options.steps - options.eeg_kernel + 1
        if filtered < options.eeg_pool:
            raise ValueError(f"steps {options.steps}: needs at least {options.eeg_pool + options.eeg_kernel - 1}")
        self.features = width = options.eeg_width
        self.convolutions = nn.Sequential(
            nn.Conv2d(options.psd_bands, width, (1, options.eeg_kernel)),
            nn.Conv2d(width, width, (options.channels, 1)),
            nn.BatchNorm2d(width),
            nn.ELU(),
            nn.AvgPool2d((1, options.eeg_pool), (1, options.eeg_stride)),
            nn.Dropout(options.dropout),
            nn.Conv2d(width, width, 1),
        )

    def forward(self, spectra: Tensor) -> Tensor:
        """Encode (B, channels, bands, steps)."""
        tokens: Tensor = self.convolutions(spectra.transpose(1, 2)).squeeze(2).transpose(1, 2)
        return tokens


def input_shapes(options: VideoEEGOptions) -> dict[str, tuple[int, ...]]:
    """The shape of one window of each modality, the audio only where the options have it."""
    shapes: dict[str, tuple[int, ...]] = {"faces": (options.images, 3, options.size, options.size)}
    if isinstance(options, EncoderOptions):
        shapes["audio"] = (options.bands, options.frames)
    return {**shapes, "eeg": (options.channels, options.psd_bands, options.steps)}


def spatial_encoders(options: VideoEEGOptions) -> dict[str, VideoEncoder | AudioEncoder | EEGEncoder]:
    """The encoder of each modality, the audio's only where the options have it."""
    encoders: dict[str, VideoEncoder | AudioEncoder | EEGEncoder] = {"faces": VideoEncoder(options)}
    if isinstance(options, EncoderOptions):
        encoders["audio"] = AudioEncoder(options)
    return {**encoders, "eeg": EEGEncoder(options)}
