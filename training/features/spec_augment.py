"""Random augmentation of mel spectrograms of speech, and their MFCC."""

import math

import librosa
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import dct
from torch import Tensor
from torch.nn import functional

from inference.model_spec import SpeechInput

MARGIN_FRAMES = 24  # silence on either side of a clip, for windows that start early or end late
SILENCE_DB = -100.0  # the floor of librosa's power_to_db
_RANGE_DB = 80.0  # its range below the loudest point


def mel_db(sound: NDArray[np.float32], spec: SpeechInput, seconds: float) -> NDArray[np.float32]:
    """Mono sound -> mel spectrogram (n_mels, frames) in dB; at least `seconds` and a margin at either side."""
    missing = max(0, round(seconds * spec.sample_rate) - len(sound))
    margin = MARGIN_FRAMES * spec.hop_length
    power = librosa.feature.melspectrogram(
        y=np.pad(sound, (margin, missing + margin)),
        sr=spec.sample_rate,
        n_fft=spec.n_fft,
        hop_length=spec.hop_length,
        n_mels=spec.n_mels,
    )
    decibels: NDArray[np.float32] = (10 * np.log10(np.maximum(power, 1e-10))).astype(np.float32)
    return decibels


class SpecAugment:
    """Augments a batch of mel spectrograms at random; tempo, pitch, noise, colour and masks keep the label."""

    def __init__(self, spec: SpeechInput, frames: int, generator: torch.Generator) -> None:
        self.frames, self.bands, self.generator = frames, spec.n_mels, generator
        edges = librosa.mel_frequencies(self.bands + 2, fmin=0, fmax=spec.sample_rate / 2)
        self.hz = torch.from_numpy(edges[1:-1]).float()
        filters = librosa.filters.mel(sr=spec.sample_rate, n_fft=spec.n_fft, n_mels=self.bands)
        self.white_db = torch.from_numpy(10 * np.log10(filters.sum(axis=1))).float()
        self.cosines = torch.from_numpy(dct(np.eye(self.bands), axis=0, norm="ortho")[: spec.n_mfcc]).float()

    def _uniform(self, rows: int, low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(rows, 1, 1, generator=self.generator)

    def _bernoulli(self, rows: int, share: float) -> Tensor:
        return (torch.rand(rows, 1, 1, generator=self.generator) < share).float()

    def __call__(self, mel: Tensor, lengths: Tensor) -> Tensor:
        """Mel spectrograms (N, n_mels, T) in dB with `lengths` (N,) frames used -> MFCC (N, n_mfcc, frames)."""
        mel = self._mask(self._colour(self._add_noise(self._warp(mel, lengths))))
        mel = torch.maximum(mel, mel.amax(dim=(1, 2), keepdim=True) - _RANGE_DB)
        return self.cosines @ mel

    def _warp(self, mel: Tensor, lengths: Tensor) -> Tensor:
        """A window at a random tempo, pitch and position."""
        rows, bands, total = mel.shape
        tempo = torch.exp(self._uniform(rows, -0.12, 0.12))
        pitch = torch.exp(self._uniform(rows, -0.08, 0.08))
        centre = lengths.view(-1, 1, 1) / 2 + self._uniform(rows, -12, 12)
        time = centre + (torch.arange(self.frames).view(1, 1, -1) - self.frames / 2) * tempo
        wanted = self.hz.view(1, -1, 1) / pitch
        band = torch.searchsorted(self.hz, wanted.flatten()).view_as(wanted).clamp(1, bands - 1)
        below, above = self.hz[band - 1], self.hz[band]
        band = (band - 1 + (wanted - below) / (above - below)).clamp(0, bands - 1)
        grid = torch.stack(
            (
                (2 * time / (total - 1) - 1).expand(-1, bands, -1),
                (2 * band / (bands - 1) - 1).expand(-1, -1, self.frames),
            ),
            dim=3,
        )
        shifted = functional.grid_sample((mel - SILENCE_DB).unsqueeze(1), grid, align_corners=True)
        return shifted.squeeze(1) + SILENCE_DB

    def _add_noise(self, mel: Tensor) -> Tensor:
        """Noise between white and pink, 10 to 50 dB below the speech, in half of the rows."""
        rows = len(mel)
        level = 10 * torch.log10((10 ** (mel / 10)).mean(dim=(1, 2), keepdim=True))
        level = level - self._uniform(rows, 10, 50) - 200 * (1 - self._bernoulli(rows, 0.5))
        tilt = -self._uniform(rows, 0, 1) * 10 * torch.log10(self.hz / 1000).view(1, -1, 1)
        flicker = 10 * torch.log10(0.3 + 1.4 * torch.rand(mel.shape, generator=self.generator))
        noise = level + self.white_db.view(1, -1, 1) - self.white_db.mean() + tilt + flicker
        return torch.logaddexp(mel * math.log(10) / 10, noise * math.log(10) / 10) * 10 / math.log(10)

    def _colour(self, mel: Tensor) -> Tensor:
        """A random gain and a slow curve over frequency, as of another microphone."""
        rows, bands = mel.shape[:2]
        curve = torch.randn(rows, 1, 5, generator=self.generator)
        curve = functional.interpolate(curve, size=bands, mode="linear", align_corners=True).transpose(1, 2)
        return mel + self._uniform(rows, -3, 3) + curve * self._bernoulli(rows, 0.7)

    def _mask(self, mel: Tensor) -> Tensor:
        """A stretch of time and one of frequency set to the mean (Park et al. 2019)."""
        rows, bands, frames = mel.shape
        mean = mel.mean(dim=(1, 2), keepdim=True)
        for length, most, axis in ((frames, 25, torch.arange(frames)), (bands, 14, torch.arange(bands).view(-1, 1))):
            first = self._uniform(rows, 0, 1) * length
            inside = (axis >= first) & (axis < first + self._uniform(rows, 0, 1) * most)
            mel = torch.where(inside, mean, mel)
        return mel
