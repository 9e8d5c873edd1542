"""VAANet (Zhao et al. 2020, AAAI): a 3-D ResNet-101 with spatial, channel and temporal attention, ResNet18 on MFCC."""

import torch
from torch import Tensor, nn

from inference.models.zoo._polarity import PolarityCrossEntropy, PolarityOptions
from inference.models.zoo._pretrained import load_weights
from inference.models.zoo._resnet import RESNET_18, RESNET_101, AudioResNet, VideoResNet
from inference.models.zoo._temporal_attention import TemporalAttention
from inference.models.zoo.system import Inputs, Stage, System

_OFFSET = 100 / 255  # taken from the values 0..1 of a frame
_NOT_OF_THE_BACKBONE = r"^fc\."


class Options(PolarityOptions, frozen=True, kw_only=True):
    """The defaults are the paper's."""

    classes: int = 8
    segments: int = 12
    frames: int = 16
    """Of a segment."""
    size: int = 112
    """Side of a frame, pixels."""
    depths: tuple[int, int, int, int] = RESNET_101
    """Blocks of the stages of the 3-D network."""
    width: int = 64
    """Channels of its first layer."""
    visual_features: int = 512
    chunks: int = 16
    """Of the sound."""
    mfcc: int = 32
    """Coefficients of a chunk."""
    mfcc_frames: int = 256
    """Of a chunk."""
    audio_depths: tuple[int, int, int, int] = RESNET_18
    audio_width: int = 64
    """Channels of the first layer of the audio network."""
    audio_features: int = 256
    weights: str | None = None
    """Safetensors file of a 3-D ResNet with the names of Hara et al. (2018). The network is frozen then, as published;
    from scratch it learns, for the attention could learn nothing from random features."""


class Network(System):
    """Reads `frames` and `audio`, MFCC (chunks, coefficients, frames)."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.options = options
        self.inputs = {
            "frames": (options.segments * options.frames, 3, options.size, options.size),
            "audio": (options.chunks, options.mfcc, options.mfcc_frames),
        }
        self.backbone = VideoResNet(options.depths, options.width)
        load_weights(self.backbone, options.weights, "the 3-D ResNet of vaanet", unused=_NOT_OF_THE_BACKBONE)
        self.frozen = options.weights is not None
        self.backbone.requires_grad_(not self.frozen)
        self.visual = VisualAttention(self.backbone.channels, options.visual_features, options)
        self.resnet = AudioResNet(options.audio_depths, options.audio_width, (1, 7), (1, 2))
        self.audio = nn.Sequential(
            nn.Conv1d(self.resnet.channels, options.audio_features, 1),
            nn.BatchNorm1d(options.audio_features),
            nn.Tanh(),
        )
        self.audio_temporal = TemporalAttention(options.audio_features, options.chunks)
        self.classifier = nn.Linear(options.visual_features + options.audio_features, options.classes)
        self.cross_entropy = PolarityCrossEntropy(options)

    def train(self, mode: bool = True) -> "Network":
        """Enter training mode; a frozen backbone keeps the statistics of its norms."""
        super().train(mode)
        if self.frozen:
            self.backbone.eval()
        return self

    def forward(self, inputs: Inputs) -> Tensor:
        """Classify (B, ...) of both inputs."""
        features = torch.cat((self._visual_features(inputs["frames"]), self._audio_features(inputs["audio"])), dim=1)
        logits: Tensor = self.classifier(features)
        return logits

    def loss(self, inputs: Inputs, targets: Tensor) -> Tensor:
        """PCCE of the logits."""
        loss: Tensor = self.cross_entropy(self(inputs), targets)
        return loss

    def stages(self) -> tuple[Stage, ...]:
        """One, in which everything but a frozen backbone learns."""
        return (Stage("fit", self.loss, tuple(each for each in self.parameters() if each.requires_grad)),)

    def _visual_features(self, frames: Tensor) -> Tensor:
        """Visual features (B, features) of frames (B, segments * frames, 3, size, size)."""
        clips = (frames - _OFFSET).unflatten(1, (self.options.segments, -1)).flatten(0, 1)
        maps = self.backbone(clips.transpose(1, 2)).flatten(2)
        features: Tensor = self.visual(maps.unflatten(0, (len(frames), -1)))
        return features

    def _audio_features(self, audio: Tensor) -> Tensor:
        """Audio features (B, features) of MFCC (B, chunks, coefficients, frames)."""
        encoded = self.resnet(audio.flatten(0, 1).unsqueeze(1)).unflatten(0, audio.shape[:2])
        features: Tensor = self.audio_temporal(self.audio(encoded.transpose(1, 2)).transpose(1, 2)).mean(1)
        return features


class VisualAttention(nn.Module):
    """Where in a frame, in which channels and in which segments to look, one after another."""

    def __init__(self, channels: int, features: int, options: Options) -> None:
        super().__init__()
        self.reduce = nn.Sequential(nn.Conv1d(channels, features, 1), nn.BatchNorm1d(features), nn.ReLU())
        self.spatial = SoftmaxAttention(features, _cells(options))
        self.channel = SoftmaxAttention(_cells(options), features)
        self.temporal = TemporalAttention(features, options.segments)

    def forward(self, maps: Tensor) -> Tensor:
        """Features (B, features) of maps (B, segments, channels, cells)."""
        x = self.reduce(maps.flatten(0, 1))
        x = x * self.spatial(x).unsqueeze(1)
        x = x * self.channel(x.transpose(1, 2)).unsqueeze(2)
        features: Tensor = self.temporal(x.mean(2).unflatten(0, maps.shape[:2])).mean(1)
        return features


class SoftmaxAttention(nn.Module):
    """Weights (N, places), 1 on average, of (N, channels, places)."""

    def __init__(self, channels: int, places: int) -> None:
        super().__init__()
        self.score = nn.Conv1d(channels, 1, 1, bias=False)
        self.mix = nn.Linear(places, places)

    def forward(self, x: Tensor) -> Tensor:
        """Compute the weights."""
        scores = self.mix(self.score(x).squeeze(1).tanh())
        return scores.softmax(1) * scores.shape[1]


def _cells(options: Options) -> int:
    """Places of the backbone's map of a segment."""
    side, moments = -(-options.size // 32), -(-options.frames // 16)
    return side * side * moments
