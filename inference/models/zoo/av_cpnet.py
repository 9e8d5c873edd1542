"""AV-CPNet (Wu et al., eMotions): Video Swin-T and ResNet34 on MFCC, fused by cross-modal attention in two stages.

The authors have published no code. Not in the paper, and ours here: the segments and their frames, the width of the
common features, the MFCC. The snippet of a segment is drawn at random there; here its frames are spread over it.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from inference.models.zoo._polarity import PolarityCrossEntropy, PolarityOptions
from inference.models.zoo._pretrained import load_weights
from inference.models.zoo._resnet import RESNET_34, AudioResNet
from inference.models.zoo._temporal_attention import TemporalAttention
from inference.models.zoo._video_swin import VideoSwin
from inference.models.zoo.system import Inputs, System

_HEADS = 4  # of a cross-attention
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, which the Swin weights assume
_NOT_OF_THE_BACKBONE = r"^head\.|relative_position_index$"  # in torchvision's files


class Options(PolarityOptions, frozen=True, kw_only=True):
    """The defaults are the paper's, where it names a size."""

    classes: int = 6
    variant: Literal["literal", "corrected"] = "literal"
    """`literal` pools either modality to one vector before the cross-attention. Its softmax over a single key is 1, so
    that queries and keys do nothing and the attention is a linear map of the other modality. `corrected` attends over
    the moments of the visual and the segments of the audio features, and pools them afterwards."""
    segments: int = 4
    """Into which the frames are split; each is encoded by itself."""
    frames: int = 8
    """Of a segment."""
    size: int = 224
    """Side of a frame, pixels."""
    width: int = 96
    """Channels of the first Swin stage."""
    depths: tuple[int, ...] = (2, 2, 6, 2)
    """Blocks of the Swin stages."""
    heads: tuple[int, ...] = (3, 6, 12, 24)
    """Of the Swin stages."""
    audio_segments: int = 5
    mfcc: int = 32
    """Coefficients of a segment."""
    mfcc_frames: int = 32
    """Of a segment."""
    audio_depths: tuple[int, int, int, int] = RESNET_34
    audio_width: int = 64
    """Channels of the first stage of the audio network."""
    features: int = 512
    """Width of the common features; a multiple of 4."""
    weights: str | None = None
    """Safetensors file of a Video Swin with torchvision's names, such as its `swin3d_t`."""


class Network(System):
    """Reads `frames` and `audio`, MFCC (segments, coefficients, frames). The loss is that of three classifiers."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.options = options
        self.inputs = {
            "frames": (options.segments * options.frames, 3, options.size, options.size),
            "audio": (options.audio_segments, options.mfcc, options.mfcc_frames),
        }
        self.register_buffer("mean", torch.tensor(_MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(_DEVIATION).view(3, 1, 1), persistent=False)
        self.swin = VideoSwin(options.width, options.depths, options.heads)
        load_weights(self.swin, options.weights, "the Video Swin of av-cpnet", unused=_NOT_OF_THE_BACKBONE)
        self.visual = nn.Linear(self.swin.channels, options.features)
        self.resnet = AudioResNet(options.audio_depths, options.audio_width, (7, 7), (2, 2))
        self.audio = nn.Linear(self.resnet.channels, options.features)
        self.temporal = TemporalAttention(options.features, options.audio_segments)
        self.fusion = CrossModalFusion(options.features, options.classes)
        self.visual_classifier = nn.Linear(options.features, options.classes)
        self.audio_classifier = nn.Linear(options.features, options.classes)
        self.cross_entropy = PolarityCrossEntropy(options)

    def forward(self, inputs: Inputs) -> Tensor:
        """Classify (B, ...) of both inputs."""
        return self._fuse(self._visual_features(inputs["frames"]), self._audio_features(inputs["audio"]))

    def loss(self, inputs: Inputs, targets: Tensor) -> Tensor:
        """EP-CE of the fusion and of either modality alone, added."""
        visual, audio = self._visual_features(inputs["frames"]), self._audio_features(inputs["audio"])
        answers = (
            self._fuse(visual, audio),
            self.visual_classifier(visual.mean(1)),
            self.audio_classifier(audio.mean(1)),
        )
        return torch.stack([self.cross_entropy(logits, targets) for logits in answers]).sum()

    def _fuse(self, visual: Tensor, audio: Tensor) -> Tensor:
        if self.options.variant == "literal":
            visual, audio = visual.mean(1, keepdim=True), audio.mean(1, keepdim=True)
        logits: Tensor = self.fusion(visual, audio)
        return logits

    def _visual_features(self, frames: Tensor) -> Tensor:
        """Visual features (B, moments, features) of frames (B, segments * frames, 3, size, size)."""
        clips = ((frames - self.mean) / self.deviation).unflatten(1, (self.options.segments, -1))
        maps = self.swin(clips.flatten(0, 1).transpose(1, 2))
        features: Tensor = self.visual(maps.mean(dim=(2, 3)))
        return features.unflatten(0, (len(frames), -1)).flatten(1, 2)

    def _audio_features(self, audio: Tensor) -> Tensor:
        """Audio features (B, segments, features) of MFCC (B, segments, coefficients, frames)."""
        encoded = self.resnet(audio.flatten(0, 1).unsqueeze(1)).unflatten(0, audio.shape[:2])
        features: Tensor = self.temporal(self.audio(encoded))
        return features


class CrossModalFusion(nn.Module):
    """Two stages: each modality attends to the other (CAF), then one classifier adds both (SF)."""

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.visual_to_audio = CrossAttention(features)
        self.audio_to_visual = CrossAttention(features)
        self.classifier = nn.Linear(features, classes)

    def forward(self, visual: Tensor, audio: Tensor) -> Tensor:
        """Logits of tokens (B, moments, features) and (B, segments, features)."""
        logits: Tensor = self.classifier(self.visual_to_audio(visual, audio))
        return logits + self.classifier(self.audio_to_visual(audio, visual))


class CrossAttention(nn.Module):
    """Tokens of one modality attend to those of the other; a linear layer of their mean is added."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(features, _HEADS, batch_first=True)
        self.linear = nn.Linear(features, features)

    def forward(self, tokens: Tensor, others: Tensor) -> Tensor:
        """Features (B, features) of tokens (B, N, features) that attend to (B, M, features)."""
        attended: Tensor = self.attention(tokens, others, others, need_weights=False)[0]
        pooled = attended.mean(1)
        features: Tensor = self.linear(pooled) + pooled
        return features
