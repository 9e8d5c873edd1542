"""The three audio-video networks of Chumachenko et al., ICPR 2022 (arXiv 2201.11095).

Two convolutional branches process 15 faces and 156 MFCC frames of the same 3.6 s, the same in all three. The
networks differ in where each branch attends to the other, after stage 1 or after stage 2, and in how.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from inference.models.efficientface import EfficientFace
from inference.models.resnet import ResidualFace
from inference.models.speech_encoder import SpeechEncoder

SAMPLES = 15  # faces per window
BACKBONES: dict[str, type[EfficientFace | ResidualFace]] = {"efficient-face": EfficientFace, "residual": ResidualFace}
MFCC = 10  # coefficients, as published
MFCC_FRAMES = 156  # frames per window
ENCODER_FRAMES = 180  # frames per window
_WIDTH = 128  # channels of both branches after stage 2, and of audio after stage 1
_VIDEO_WIDTH = 64  # channels of video after stage 1
_VOICED_DB = 25.0
_MIN_VARIANCE = 1e-5  # so that the deviation of constant features has a gradient
_MEL_BANDS = 128  # the first coefficient is the mean level of the bands times the root of their number


def _audio_block(inputs: int, outputs: int) -> nn.Sequential:
    """Shorten the time axis by 3: a valid convolution of 3, then a maximum over 2 with stride 1."""
    return nn.Sequential(
        nn.Conv1d(inputs, outputs, 3), nn.BatchNorm1d(outputs), nn.ReLU(inplace=True), nn.MaxPool1d(2, 1)
    )


def _video_block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv1d(inputs, outputs, 3, padding=1), nn.BatchNorm1d(outputs), nn.ReLU(inplace=True))


def cepstral_mean_norm(mfcc: Tensor) -> Tensor:
    """Subtract from each coefficient of MFCC (B, C, T) but the first, the level, its mean over the voiced frames.

    Cepstral mean subtraction (Atal 1974) removes what a speaker's timbre or a microphone adds to all frames. A frame
    is voiced within 25 dB of the loudest. Zeros stay zeros.
    """
    level = mfcc[:, :1]
    voiced = (level > level.amax(2, keepdim=True) - _VOICED_DB * math.sqrt(_MEL_BANDS)).to(mfcc.dtype)
    mean = (mfcc * voiced).sum(2, keepdim=True) / voiced.sum(2, keepdim=True)
    return torch.cat((level, mfcc[:, 1:] - mean[:, 1:]), dim=1)


class AudioFeatures(NamedTuple):
    """What an audio branch makes of speech before it meets the faces: stage 1 (B, 128, T) and statistics (B, 128)."""

    stage1: Tensor
    statistics: Tensor

    def rows(self, chosen: Sequence[int]) -> "AudioFeatures":
        """Return these windows of the batch."""
        return AudioFeatures(*(part[list(chosen)] for part in self))

    def repeated(self, count: int) -> "AudioFeatures":
        """Return the one window of the batch `count` times."""
        return AudioFeatures(*(part.expand(count, *part.shape[1:]) for part in self))


class AudioBranch(nn.Module):
    """MFCC (B, C, 156) -> stage 1 (B, 128, 150) -> stage 2 (B, 128, 144).

    The paper uses C = 10 raw `coefficients`; cepstral mean normalisation is an addition.
    """

    def __init__(self, classes: int, coefficients: int = MFCC, *, cepstral_mean_norm: bool = False) -> None:
        super().__init__()
        self.coefficients, self.cepstral_mean_norm = coefficients, cepstral_mean_norm
        self.stage1 = nn.Sequential(_audio_block(coefficients, 64), _audio_block(64, 128))
        self.stage2 = nn.Sequential(_audio_block(128, 256), _audio_block(256, _WIDTH))
        self.classifier = nn.Linear(_WIDTH, classes)

    def intermediate(self, mfcc: Tensor) -> Tensor:
        """Compute stage 1: MFCC (B, C, 156) -> (B, 128, 150)."""
        if mfcc.shape[1:] != (self.coefficients, MFCC_FRAMES):
            raise ValueError(f"mfcc {tuple(mfcc.shape)}, expected (B, {self.coefficients}, {MFCC_FRAMES})")
        return self.stage1(cepstral_mean_norm(mfcc) if self.cepstral_mean_norm else mfcc)

    def features(self, mfcc: Tensor) -> AudioFeatures:
        """Compute stage 1 of MFCC (B, C, 156); the published branch has no statistics beside it: zeros."""
        stage1 = self.intermediate(mfcc)
        return AudioFeatures(stage1, stage1.new_zeros(len(stage1), _WIDTH))

    def pool(self, audio: Tensor, statistics: Tensor) -> Tensor:
        """Average stage 2 over time: (B, 128, 144) -> (B, 128)."""
        return statistics + audio.mean(2)


class _ResidualConvolution(nn.Module):
    """Two convolutions over time with a residual connection, (B, width, T) -> (B, width, T)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm1d(width),
            nn.GELU(),
            nn.Conv1d(width, width, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


def window_statistics(hidden: Tensor) -> Tensor:
    """Compute mean and standard deviation of each feature over time: hidden states (B, T, F) -> (B, 2, F)."""
    deviation = (hidden.var(1, correction=0) + _MIN_VARIANCE).sqrt()
    return torch.stack((hidden.mean(1), deviation), dim=1)


class EncoderBranch(nn.Module):
    """Hidden states of a speech encoder (B, 180, L * 384) -> stage 1 (B, 128, 180) -> stage 2 (B, 128, 180).

    The classifier reads the mean and the standard deviation of the hidden states over time, as in statistics pooling
    (Snyder et al. 2018), beside the mean of stage 2, whose time axis meets the faces. Every feature is standardised
    first: features of the middle of an encoder differ in scale by two orders of magnitude. The encoder's parameters
    reach the output only through `AudioVisualNetwork.speech_features`.
    """

    def __init__(self, classes: int, layers: Sequence[int], dropout: float = 0.0) -> None:
        super().__init__()
        self.encoder = SpeechEncoder(layers)
        features = self.encoder.features
        self.standardise = nn.BatchNorm1d(features, affine=False)
        self.stage1 = nn.Sequential(nn.Linear(features, _WIDTH), nn.GELU())
        self.stage2 = _ResidualConvolution(_WIDTH)
        self.statistics = nn.Sequential(
            nn.BatchNorm1d(2 * features, affine=False),
            nn.Dropout(dropout),
            nn.Linear(2 * features, _WIDTH),
            nn.GELU(),
        )
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(_WIDTH, classes)

    def intermediate(self, hidden: Tensor) -> Tensor:
        """Compute stage 1: hidden states (B, 180, L * 384) -> (B, 128, 180)."""
        if hidden.shape[1:] != (ENCODER_FRAMES, self.encoder.features):
            raise ValueError(
                f"hidden states {tuple(hidden.shape)}, expected (B, {ENCODER_FRAMES}, {self.encoder.features})"
            )
        return self.stage1(self.standardise(hidden.transpose(1, 2)).transpose(1, 2)).transpose(1, 2)

    def features(self, hidden: Tensor) -> AudioFeatures:
        """Compute stage 1 and the statistics of hidden states (B, 180, L * 384)."""
        statistics = self.statistics(window_statistics(hidden).flatten(1))
        return AudioFeatures(self.intermediate(hidden), statistics)

    def pool(self, audio: Tensor, statistics: Tensor) -> Tensor:
        """Pool stage 2 (B, 128, 180) and the statistics (B, 128): (B, 128)."""
        return self.dropout(statistics + audio.mean(2))


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
        self.stage2 = nn.Sequential(_video_block(_VIDEO_WIDTH, _WIDTH), _video_block(_WIDTH, _WIDTH))
        self.classifier = nn.Linear(_WIDTH, classes)


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
    `cepstral_mean_norm`, which AudioBranch describes; and an `audio_branch` "encoder" with its `encoder_layers` and
    `dropout`, which EncoderBranch describes. The speech is MFCC (B, C, 156), or features (B, 180, L * 384) of
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
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.flip_tta = flip_tta
        self.audio: AudioBranch | EncoderBranch = (
            EncoderBranch(classes, encoder_layers, dropout)
            if audio_branch == "encoder"
            else AudioBranch(classes, mfcc, cepstral_mean_norm=cepstral_mean_norm)
        )
        self.video = VideoBranch(classes, backbone)
        self.audio_to_video, self.video_to_audio = self._cross_attention(heads)
        self.classifier = nn.Linear(2 * _WIDTH, classes)

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
            CrossAttention(_WIDTH, _VIDEO_WIDTH, _WIDTH, heads),
            CrossAttention(_VIDEO_WIDTH, _WIDTH, _VIDEO_WIDTH, heads),
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
        return CrossTransformer(_WIDTH, _VIDEO_WIDTH, heads), CrossTransformer(_VIDEO_WIDTH, _WIDTH, heads)

    def _fuse_intermediate(self, audio: Tensor, video: Tensor) -> tuple[Tensor, Tensor]:
        return audio + self.audio_to_video(audio, video), video + self.video_to_audio(video, audio)


class LateTransformer(AudioVisualNetwork):
    """After stage 2, each branch is replaced by its attention to the other.

    2 045 550 parameters with eight classes, 2 044 005 with five.
    """

    def _cross_attention(self, heads: int) -> tuple[nn.Module, nn.Module]:
        return CrossTransformer(_WIDTH, _WIDTH, heads), CrossTransformer(_WIDTH, _WIDTH, heads)

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
