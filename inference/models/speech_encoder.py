"""A speech encoder of Whisper's shape (Radford et al. 2022, arXiv 2212.04356): log-mel spectrogram to hidden states.

It has the width of Whisper tiny. The hidden states of its blocks are the features that an audio branch reads.
"""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.model_spec import SpeechEncoderInput

MEL_BANDS = 80
WIDTH = 384
MAX_FRAMES = 1500  # 30 s at 50 frames a second
_HEADS = 6
_MIN_POWER = 1e-10
_DYNAMIC_RANGE = 8.0  # decades below the maximum that are kept
_MAX_PERIOD = 10_000.0  # of the positions' sinusoids, as a multiple of the shortest


@cache
def _mel_filters(sample_rate: int, n_fft: int, n_mels: int) -> Tensor:
    """Return triangles of equal area on Slaney's mel scale (Auditory Toolbox, 1998), (n_mels, n_fft // 2 + 1).

    librosa has them too, but takes 100 MiB and a second to import.
    """
    edges = _slaney_hz(np.linspace(0, _slaney_mel(sample_rate / 2), n_mels + 2))[:, None]
    bins = np.fft.rfftfreq(n_fft, 1 / sample_rate)
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    filters = np.maximum(0, np.minimum(rising, falling)) * 2 / (edges[2:] - edges[:-2])
    return torch.from_numpy(filters.astype(np.float32))


def _slaney_mel(hz: float) -> float:
    """Convert a frequency of at least 1 kHz to mel: 15 up to there, and 27 for each factor of 6.4 above."""
    return 15 + 27 * math.log(hz / 1000) / math.log(6.4)


def _slaney_hz(mel: np.ndarray) -> np.ndarray:
    """Convert mel to Hz: linear up to 15 mel, 1 kHz, and geometric above."""
    hz: np.ndarray = np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) / 27 * math.log(6.4)))
    return hz


def log_mel(sound: Tensor, spec: SpeechEncoderInput) -> Tensor:
    """Compute the log-mel spectrogram (..., n_mels, samples // hop_length) of mono sound (..., samples) float32.

    It is scaled as Whisper's: decades of power, at most 8 below the maximum of the sound, plus 4, divided by 4.
    """
    window = torch.hann_window(spec.n_fft)
    spectrum = torch.stft(sound, spec.n_fft, spec.hop_length, window=window, return_complex=True)
    power = spectrum[..., : sound.shape[-1] // spec.hop_length].abs().square()
    mel = (_mel_filters(spec.sample_rate, spec.n_fft, spec.n_mels) @ power).clamp(min=_MIN_POWER).log10()
    return (mel.maximum(mel.amax(dim=(-2, -1), keepdim=True) - _DYNAMIC_RANGE) + 4) / 4


def _sinusoids(frames: int, width: int) -> Tensor:
    """Return the positions (frames, width): sines in the first half, cosines in the second, of geometric periods."""
    rates = torch.exp(-math.log(_MAX_PERIOD) / (width // 2 - 1) * torch.arange(width // 2))
    phases = torch.arange(frames).unsqueeze(1) * rates
    return torch.cat((phases.sin(), phases.cos()), dim=1)


class EncoderBlock(nn.Module):
    """A pre-norm transformer block, (B, T, 384) -> (B, T, 384)."""

    def __init__(self) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(WIDTH)
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.projection = nn.Linear(WIDTH, WIDTH)
        self.mlp_norm = nn.LayerNorm(WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Apply self-attention, where `mask` (T, T) is True, and the multilayer perceptron, each with a residual."""
        query, key, value = self.qkv(self.attention_norm(x)).unflatten(2, (3, _HEADS, -1)).permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        x = x + self.projection(attended.transpose(1, 2).flatten(2))
        return x + self.mlp(self.mlp_norm(x))


class SpeechEncoder(nn.Module):
    """Log-mel (B, 80, 2T) -> the hidden states of L of its blocks side by side, (B, T, L * 384).

    `layers` are those blocks, in rising order, counted from 1; none runs behind the last of them. T is at most 1500.
    With an `attention_window`, a frame attends only to so many frames before and behind it (sliding window attention,
    Beltagy et al. 2020, arXiv 2004.05150), so that what is far away in a recording does not change what it says.
    """

    positions: Tensor

    def __init__(self, layers: Sequence[int], attention_window: int | None = None) -> None:
        super().__init__()
        self.attention_window = attention_window
        if not layers or list(layers) != sorted({*layers}) or layers[0] < 1:
            raise ValueError(f"encoder layers {tuple(layers)}, expected rising numbers from 1")
        self.layers = tuple(layers)
        self.conv1 = nn.Conv1d(MEL_BANDS, WIDTH, 3, padding=1)
        self.conv2 = nn.Conv1d(WIDTH, WIDTH, 3, stride=2, padding=1)
        self.register_buffer("positions", _sinusoids(MAX_FRAMES, WIDTH), persistent=False)
        self.blocks = nn.ModuleList(EncoderBlock() for _ in range(self.layers[-1]))

    @property
    def features(self) -> int:
        """Number of features of a frame."""
        return len(self.layers) * WIDTH

    def embed(self, log_mel: Tensor, first: int = 0) -> Tensor:
        """Compute the input of the first block, (B, T, 384)."""
        frames = log_mel.shape[-1]
        if log_mel.ndim != 3 or log_mel.shape[1] != MEL_BANDS or frames % 2 or not 0 < frames <= 2 * MAX_FRAMES:
            raise ValueError(f"log-mel {tuple(log_mel.shape)}, expected (B, {MEL_BANDS}, 2T), T at most {MAX_FRAMES}")
        x = functional.gelu(self.conv2(functional.gelu(self.conv1(log_mel)))).transpose(1, 2)
        return x + self.positions[first : first + x.shape[1]]

    def forward(self, log_mel: Tensor, first: int = 0) -> Tensor:
        """Encode; the hidden states are those behind each block, before any norm.

        `first` is the position of the first frame, at most 1500 - T: what the encoder says of a sound depends on where
        in a chunk it stands.
        """
        x = self.embed(log_mel, first)
        mask = self._mask(x)
        for block in self.blocks[: self.layers[0]]:
            x = block(x, mask)
        return self.resume(x)

    def resume(self, x: Tensor) -> Tensor:
        """Go on from the states (B, T, 384) behind the first of `layers`: (B, T, L * 384)."""
        hidden, mask = [x], self._mask(x)
        for number, block in enumerate(self.blocks[self.layers[0] :], self.layers[0] + 1):
            x = block(x, mask)
            if number in self.layers:
                hidden.append(x)
        return torch.cat(hidden, dim=2)

    def _mask(self, x: Tensor) -> Tensor | None:
        """Return which frames of (B, T, 384) attend to which, (T, T); None where all attend to all."""
        if self.attention_window is None:
            return None
        frames = torch.arange(x.shape[1], device=x.device)
        return (frames[:, None] - frames).abs() <= self.attention_window
