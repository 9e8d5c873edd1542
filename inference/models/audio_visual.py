"""The three audio-video networks of Chumachenko et al., ICPR 2022 (arXiv 2201.11095).

Two convolutional branches process 15 faces and 156 MFCC frames of the same 3.6 s, the same in all three. The
networks differ in where each branch attends to the other, after stage 1 or after stage 2, and in how.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from inference.models.audio_branches import (
    MFCC,
    WIDTH,
    AudioBranch,
    AudioFeatures,
    EncoderBranch,
    HiddenStateBranch,
    window_statistics,
)
from inference.models.efficientface import EfficientFace
from inference.models.resnet import ResidualFace

SAMPLES = 15  # faces per window
BACKBONES: dict[str, type[EfficientFace | ResidualFace]] = {"efficient-face": EfficientFace, "residual": ResidualFace}
_VIDEO_WIDTH = 64  # channels of video after stage 1


def _video_block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv1d(inputs, outputs, 3, padding=1), nn.BatchNorm1d(outputs), nn.ReLU(inplace=True))


class VideoBranch(nn.Module):
    """Face features (B, F, 15) -> stage 1 (B, 64, 15) -> stage 2 (B, 128, 15).

    The paper uses EfficientFace, F = 1024.
    """

    def __init__(self, classes: int, backbone: str) -> None:
        super().__init__()
        self.backbone = BACKBONES[backbone]()
        self.stage1 = nn.Sequential(
            _video_block(self.backbone.features, _VIDEO_WIDTH), _video_block(_VIDEO_WIDTH, _VIDEO_WIDTH)
        )
        self.stage2 = nn.Sequential(_video_block(_VIDEO_WIDTH, WIDTH), _video_block(WIDTH, WIDTH))
        self.classifier = nn.Linear(WIDTH, classes)


class WindowClassifier(nn.Linear):
    """Face features (B, T, F) -> logits (B, classes), linear in mean and deviation of each feature over the window."""

    def __init__(self, features: int, classes: int) -> None:
        super().__init__(2 * features, classes)

    def forward(self, features: Tensor) -> Tensor:
        """Classify windows."""
        return super().forward(window_statistics(features).flatten(1))


class CrossAttention(nn.Module):
    """Scaled dot-product attention of one sequence to another.

    query (B, Tq, query_width), key (B, Tk, key_width) -> (B, Tq, width) and the weights
    (B, heads, Tq, Tk), which sum to 1 over the keys.
    """

    def __init__(self, query_width: int, key_width: int, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.scale = (width // heads) ** -0.5
        self.query = nn.Linear(query_width, width, bias=False)
        self.key_value = nn.Linear(key_width, 2 * width, bias=False)
        self.projection = nn.Linear(width, width)

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)

    def weights(self, query: Tensor, key: Tensor) -> Tensor:
        """Compute the weights alone, (B, heads, Tq, Tk)."""
        keys = self.key_value(key).chunk(2, dim=2)[0]
        return (self.scale * self._split(self.query(query)) @ self._split(keys).transpose(2, 3)).softmax(dim=3)

    def forward(self, query: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
        """Return the attended values and the weights."""
        keys, values = (self._split(part) for part in self.key_value(key).chunk(2, dim=2))
        weights = (self.scale * self._split(self.query(query)) @ keys.transpose(2, 3)).softmax(dim=3)
        return self.projection((weights @ values).transpose(1, 2).flatten(2)), weights


class CrossTransformer(nn.Module):
    """A pre-norm transformer block in which the query (B, width, Tq) attends to the key (B, key_width, Tk).

    Gives (B, width, Tq). As published, the attention has no residual connection; only the two layers behind it do.
    """

    def __init__(self, width: int, key_width: int, heads: int) -> None:
        super().__init__()
        self.query_norm = nn.LayerNorm(width)
        self.key_norm = nn.LayerNorm(key_width)
        self.attention = CrossAttention(width, key_width, width, heads)
        self.layers = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        """Attend to the key and apply the two layers."""
        x, _ = self.attention(self.query_norm(query.transpose(1, 2)), self.key_norm(key.transpose(1, 2)))
        return (x + self.layers(x)).transpose(1, 2)


class AudioVisualNetwork(nn.Module, ABC):
    """Classifies windows of speech and faces; either may be all zeros where it is missing.

    As published, each branch has a classifier of its own that does not reach the output. The number of heads does not
    change the number of parameters. The options are additions to the paper: a `backbone` other than EfficientFace;
    `flip_tta`, which averages the features of a face and its mirror image at twice the cost; `mfcc` and
    `cepstral_mean_norm`, which AudioBranch describes; an `audio_branch` "encoder" with its `encoder_layers`,
    `attention_window` and `dropout`, which EncoderBranch describes; and `unimodal_classifiers`, which read windows with
    one modality (`classify_voice`, `classify_face`). The speech is MFCC (B, C, 156), or features (B, 180, L * 384) of
    `speech_features`.
    """

    def __init__(
        self,
        classes: int,
        heads: int = 1,
        *,
        backbone: str = "efficient-face",
        flip_tta: bool = False,
        mfcc: int = MFCC,
        cepstral_mean_norm: bool = False,
        audio_branch: str = "mfcc",
        encoder_layers: Sequence[int] = (),
        attention_window: int | None = None,
        dropout: float = 0.0,
        unimodal_classifiers: bool = False,
    ) -> None:
        super().__init__()
        self.flip_tta = flip_tta
        self.audio: AudioBranch | EncoderBranch = (
            EncoderBranch(classes, encoder_layers, dropout, attention_window)
            if audio_branch == "encoder"
            else AudioBranch(classes, mfcc, cepstral_mean_norm=cepstral_mean_norm)
        )
        self.video = VideoBranch(classes, backbone)
        self.audio_to_video, self.video_to_audio = self._cross_attention(heads)
        self.classifier = nn.Linear(2 * WIDTH, classes)
        self.voice_classifier: HiddenStateBranch | None = None
        self.face_classifier: WindowClassifier | None = None
        if unimodal_classifiers:
            if not isinstance(self.audio, EncoderBranch):
                raise ValueError("classifiers of one modality need an audio branch with a speech encoder")
            self.voice_classifier = HiddenStateBranch(classes, self.audio.hidden_features, dropout)
            self.face_classifier = WindowClassifier(self.video.backbone.features, classes)

    @abstractmethod
    def _cross_attention(self, heads: int) -> tuple[nn.Module, nn.Module]:
        """Build the modules by which audio attends to video, and video to audio."""

    def _fuse_intermediate(self, audio: Tensor, video: Tensor) -> tuple[Tensor, Tensor]:
        """Fuse after stage 1: audio (B, 128, 150 or 180) and video (B, 64, 15), shapes unchanged."""
        return audio, video

    def _fuse_late(self, audio: Tensor, video: Tensor) -> tuple[Tensor, Tensor]:
        """Fuse after stage 2: audio (B, 128, 144 or 180) and video (B, 128, 15), shapes unchanged."""
        return audio, video

    def face_features(self, faces: Tensor) -> Tensor:
        """Compute features (N, F) of faces (N, 3, S, S), values 0..1.

        The paper has S = 224 and F = 1024; S may be any multiple of the backbone's stride.
        """
        backbone = self.video.backbone
        if faces.shape[1] != 3 or faces.shape[2] != faces.shape[3] or faces.shape[2] % backbone.stride:
            raise ValueError(
                f"faces are {tuple(faces.shape)}, expected (N, 3, S, S), S a multiple of {backbone.stride}"
            )
        features = backbone(faces)
        return (features + backbone(faces.flip(3))) / 2 if self.flip_tta else features

    def speech_features(self, log_mel: Tensor, first: int = 0) -> Tensor:
        """Encode log-mel (B, 80, 2T), whose first frame has the position `first`: hidden states (B, T, L * 384).

        Raises ValueError without a speech encoder.
        """
        if not isinstance(self.audio, EncoderBranch):
            raise ValueError("this network has no speech encoder: it reads MFCC")  # noqa: TRY004
        return self.audio.encoder(log_mel, first)

    def voice_features(self, speech: Tensor) -> Tensor:
        """Average stage 1 of speech, MFCC or hidden states, over time: (B, 128)."""
        return self.audio.intermediate(speech).mean(2)

    def classify_voice(self, speech: Tensor, no_face: Tensor) -> Tensor:
        """Classify windows without a face: speech, MFCC or hidden states, (B, ...) -> logits (B, classes).

        `no_face` (F,) are the features of a black image, which stands in for a face where there is no classifier.
        """
        if self.voice_classifier is not None:
            return self.voice_classifier(speech)
        return self.fuse(speech, no_face.expand(len(speech), SAMPLES, -1))

    def classify_face(self, features: Tensor, silence: Tensor) -> Tensor:
        """Classify windows without a voice: face features (B, 15, F) -> logits (B, classes).

        `silence` (1, ...) is speech of zeros, which stands in for a voice where there is no classifier.
        """
        if self.face_classifier is not None:
            return self.face_classifier(features)
        return self.fuse_features(self.audio.features(silence).repeated(len(features)), features)

    def fuse(self, speech: Tensor, features: Tensor) -> Tensor:
        """Classify speech, MFCC or hidden states, and face features (B, 15, F): logits (B, classes)."""
        return self.fuse_features(self.audio.features(speech), features)

    def fuse_features(self, heard: AudioFeatures, features: Tensor) -> Tensor:
        """Classify what the audio branch made of speech, and face features (B, 15, F): logits (B, classes)."""
        return self.classifier(self.embed(heard, features))

    def embed(self, heard: AudioFeatures, features: Tensor) -> Tensor:
        """Embed speech and face features (B, 15, F): (B, 256), of which audio has the first half."""
        if features.shape[1:] != (SAMPLES, self.video.backbone.features):
            raise ValueError(
                f"features {tuple(features.shape)}, expected (B, {SAMPLES}, {self.video.backbone.features})"
            )
        audio, video = self._fuse_intermediate(heard.stage1, self.video.stage1(features.transpose(1, 2)))
        audio, video = self._fuse_late(self.audio.stage2(audio), self.video.stage2(video))
        return torch.cat((self.audio.pool(audio, heard.statistics), video.mean(2)), dim=1)

    def forward(self, speech: Tensor, faces: Tensor) -> Tensor:
        """Classify speech and faces (B*15, 3, S, S): logits (B, classes)."""
        return self.fuse(speech, self.face_features(faces).unflatten(0, (-1, SAMPLES)))


class IntermediateAttention(AudioVisualNetwork):
    """After stage 1, each branch is weighted over time by how much the other attends to it.

    As published, it has the value half of its attentions, which does not reach the output: 1 854 766 parameters with
    eight classes, 1 853 221 with five.
    """

    audio_to_video: CrossAttention
    video_to_audio: CrossAttention

    def _cross_attention(self, heads: int) -> tuple[nn.Module, nn.Module]:
        return (
            CrossAttention(WIDTH, _VIDEO_WIDTH, WIDTH, heads),
            CrossAttention(_VIDEO_WIDTH, WIDTH, _VIDEO_WIDTH, heads),
        )

    def _fuse_intermediate(self, audio: Tensor, video: Tensor) -> tuple[Tensor, Tensor]:
        audio_tokens, video_tokens = audio.transpose(1, 2), video.transpose(1, 2)
        # Each step is weighted by the attention that it receives, summed over the queries.
        video_weights = self.audio_to_video.weights(audio_tokens, video_tokens).mean(1).sum(1, keepdim=True)
        audio_weights = self.video_to_audio.weights(video_tokens, audio_tokens).mean(1).sum(1, keepdim=True)
        return audio * audio_weights, video * video_weights


class IntermediateTransformer(AudioVisualNetwork):
    """After stage 1, each branch is added its attention to the other.

    1 938 414 parameters with eight classes, 1 936 869 with five.
    """

    def _cross_attention(self, heads: int) -> tuple[nn.Module, nn.Module]:
        return CrossTransformer(WIDTH, _VIDEO_WIDTH, heads), CrossTransformer(_VIDEO_WIDTH, WIDTH, heads)

    def _fuse_intermediate(self, audio: Tensor, video: Tensor) -> tuple[Tensor, Tensor]:
        return audio + self.audio_to_video(audio, video), video + self.video_to_audio(video, audio)


class LateTransformer(AudioVisualNetwork):
    """After stage 2, each branch is replaced by its attention to the other.

    2 045 550 parameters with eight classes, 2 044 005 with five.
    """

    def _cross_attention(self, heads: int) -> tuple[nn.Module, nn.Module]:
        return CrossTransformer(WIDTH, WIDTH, heads), CrossTransformer(WIDTH, WIDTH, heads)

    def _fuse_late(self, audio: Tensor, video: Tensor) -> tuple[Tensor, Tensor]:
        return self.audio_to_video(audio, video), self.video_to_audio(video, audio)


FUSIONS: dict[str, type[AudioVisualNetwork]] = {
    "intermediate-attention": IntermediateAttention,
    "intermediate-transformer": IntermediateTransformer,
    "late-transformer": LateTransformer,
}


def build_audio_visual(*, classes: int, fusion: str, heads: int, **options: Any) -> AudioVisualNetwork:
    """Build the network of a fusion, one of `FUSIONS`; `options` are those of AudioVisualNetwork."""
    if fusion not in FUSIONS:
        raise ValueError(f"no audio-video fusion {fusion!r}")
    return FUSIONS[fusion](classes, heads, **options)
