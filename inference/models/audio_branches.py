"""What an audio-visual network hears: branches that read MFCC, or the hidden states of a speech encoder."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from inference.models.speech_encoder import SpeechEncoder

MFCC = 10  # coefficients, as published
MFCC_FRAMES = 156  # frames per window
ENCODER_FRAMES = 180  # frames per window
WIDTH = 128  # channels after either stage
_VOICED_DB = 25.0
_MIN_VARIANCE = 1e-5  # so that the deviation of constant features has a gradient
_MEL_BANDS = 128  # the first coefficient is the mean level of the bands times the root of their number


def _audio_block(inputs: int, outputs: int) -> nn.Sequential:
    """Shorten the time axis by 3: a valid convolution of 3, then a maximum over 2 with stride 1."""
    return nn.Sequential(
        nn.Conv1d(inputs, outputs, 3), nn.BatchNorm1d(outputs), nn.ReLU(inplace=True), nn.MaxPool1d(2, 1)
    )


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
        self.stage2 = nn.Sequential(_audio_block(128, 256), _audio_block(256, WIDTH))
        self.classifier = nn.Linear(WIDTH, classes)

    def intermediate(self, mfcc: Tensor) -> Tensor:
        """Compute stage 1: MFCC (B, C, 156) -> (B, 128, 150)."""
        if mfcc.shape[1:] != (self.coefficients, MFCC_FRAMES):
            raise ValueError(f"mfcc {tuple(mfcc.shape)}, expected (B, {self.coefficients}, {MFCC_FRAMES})")
        return self.stage1(cepstral_mean_norm(mfcc) if self.cepstral_mean_norm else mfcc)

    def features(self, mfcc: Tensor) -> AudioFeatures:
        """Compute stage 1 of MFCC (B, C, 156); the published branch has no statistics beside it: zeros."""
        stage1 = self.intermediate(mfcc)
        return AudioFeatures(stage1, stage1.new_zeros(len(stage1), WIDTH))

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


class HiddenStateBranch(nn.Module):
    """Hidden states of a speech encoder (B, 180, F) -> stage 1 (B, 128, 180) -> stage 2 (B, 128, 180).

    The classifier reads the mean and the standard deviation of the hidden states over time, as in statistics pooling
    (Snyder et al. 2018), beside the mean of stage 2, whose time axis meets the faces. Every feature is standardised
    first: features of the middle of an encoder differ in scale by two orders of magnitude.
    """

    def __init__(self, classes: int, features: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.hidden_features = features
        self.standardise = nn.BatchNorm1d(features, affine=False)
        self.stage1 = nn.Sequential(nn.Linear(features, WIDTH), nn.GELU())
        self.stage2 = _ResidualConvolution(WIDTH)
        self.statistics = nn.Sequential(
            nn.BatchNorm1d(2 * features, affine=False),
            nn.Dropout(dropout),
            nn.Linear(2 * features, WIDTH),
            nn.GELU(),
        )
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(WIDTH, classes)

    def intermediate(self, hidden: Tensor) -> Tensor:
        """Compute stage 1: hidden states (B, 180, F) -> (B, 128, 180)."""
        if hidden.shape[1:] != (ENCODER_FRAMES, self.hidden_features):
            raise ValueError(
                f"hidden states {tuple(hidden.shape)}, expected (B, {ENCODER_FRAMES}, {self.hidden_features})"
            )
        return self.stage1(self.standardise(hidden.transpose(1, 2)).transpose(1, 2)).transpose(1, 2)

    def features(self, hidden: Tensor) -> AudioFeatures:
        """Compute stage 1 and the statistics of hidden states (B, 180, F)."""
        statistics = self.statistics(window_statistics(hidden).flatten(1))
        return AudioFeatures(self.intermediate(hidden), statistics)

    def pool(self, audio: Tensor, statistics: Tensor) -> Tensor:
        """Pool stage 2 (B, 128, 180) and the statistics (B, 128): (B, 128)."""
        return self.dropout(statistics + audio.mean(2))

    def forward(self, hidden: Tensor) -> Tensor:
        """Classify hidden states (B, 180, F) by the branch's own classifier: logits (B, classes)."""
        heard = self.features(hidden)
        return self.classifier(self.pool(self.stage2(heard.stage1), heard.statistics))


class EncoderBranch(HiddenStateBranch):
    """A branch with its speech encoder, whose hidden states of L `layers` have L * 384 features.

    The encoder's parameters reach the output only through `AudioVisualNetwork.speech_features`.
    """

    def __init__(
        self, classes: int, layers: Sequence[int], dropout: float = 0.0, attention_window: int | None = None
    ) -> None:
        encoder = SpeechEncoder(layers, attention_window)
        super().__init__(classes, encoder.features, dropout)
        self.encoder = encoder
