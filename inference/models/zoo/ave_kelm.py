"""AVE-KELM, a baseline of MERCL (Lee, Kim and Kim 2024): a kernel extreme learning machine of audio, video and EEG.

The paper prints its name and its score alone. The machine is that of Huang et al. (IEEE Trans. Syst. Man Cybern. B 42,
2012); what it reads is ours.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from inference.models.zoo._trimodal import Positive, VideoEncoder, VideoOptions
from inference.models.zoo.system import Inputs, Stage, System

_BATCH = 64  # windows that are described at once


class Options(VideoOptions, frozen=True, kw_only=True):
    """ViT is not trained: without weights, it is a random projection."""

    bands: Positive = 20
    """Of the log-mel spectrogram."""
    frames: Positive = 400
    channels: Positive = 30
    psd_bands: Positive = 5
    steps: Positive = 31
    """Spectra of the EEG in a window."""
    c: float = 10.0
    """Regularisation: the kernel matrix gains 1 / c on its diagonal."""
    gamma: float = 1.0
    """Of the Gaussian kernel, whose squared distance is the mean over modalities of the mean over their features."""


class Network(System):
    """Logits K(x, X) (K(X, X) + I / c)^-1 T of the windows X of the training part.

    T is 1 for a window's class, -1 for the others.

    A window is described by the mean over its images of ViT's class token, and by mean and deviation over time of its
    log-mel spectrogram and of its EEG's spectra; each feature is standardised on the training part. The kernel matrix
    needs 8 N² bytes for N windows.
    """

    centres: Tensor
    coefficients: Tensor
    mean: Tensor
    deviation: Tensor

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.options = options
        self.inputs = {
            "faces": (options.images, 3, options.size, options.size),
            "audio": (options.bands, options.frames),
            "eeg": (options.channels, options.psd_bands, options.steps),
        }
        self.video = VideoEncoder(options).requires_grad_(False)
        self.sizes = (options.vit_width, 2 * options.bands, 2 * options.channels * options.psd_bands)
        self.register_buffer("mean", torch.zeros(sum(self.sizes)))
        self.register_buffer("deviation", torch.ones(sum(self.sizes)))
        self.register_buffer("centres", torch.zeros(0, sum(self.sizes)))
        self.register_buffer("coefficients", torch.zeros(0, options.classes))

    def stages(self) -> tuple[Stage, ...]:
        """None: it is solved."""
        return ()

    @torch.no_grad()
    def solve(self, inputs: Inputs, targets: Tensor) -> bool:
        """Solve for the coefficients of all windows."""
        self.eval()
        described = torch.cat(
            [
                self.describe({name: values[first : first + _BATCH] for name, values in inputs.items()})
                for first in range(0, len(targets), _BATCH)
            ]
        )
        self.mean.copy_(described.mean(0))
        self.deviation.copy_(described.std(0, correction=0).clamp_min(1e-6))
        self.centres = self._scaled(described)
        kernel = self._kernel(self.centres).double()
        kernel.diagonal().add_(1 / self.options.c)
        wanted = 2 * functional.one_hot(targets, self.options.classes).double() - 1
        solved = torch.cholesky_solve(wanted, torch.linalg.cholesky(kernel))
        self.coefficients = solved.to(self.centres).contiguous()
        return True

    def forward(self, inputs: Inputs) -> Tensor:
        """Logits (B, classes)."""
        return self._kernel(self._scaled(self.describe(inputs))) @ self.coefficients

    def describe(self, inputs: Inputs) -> Tensor:
        """The features of a window, (B, features)."""
        spectra = inputs["eeg"].flatten(1, 2)
        parts = [self.video(inputs["faces"]).mean(1)]
        for sequence in (inputs["audio"], spectra):
            parts += [sequence.mean(2), sequence.std(2, correction=0)]
        return torch.cat(parts, 1)

    def _scaled(self, described: Tensor) -> Tensor:
        """Standardised, and scaled so that every modality has the same share of a squared distance."""
        shares = torch.cat([described.new_full((size,), (len(self.sizes) * size) ** -0.5) for size in self.sizes])
        return (described - self.mean) / self.deviation * shares

    def _kernel(self, windows: Tensor) -> Tensor:
        return torch.exp(-self.options.gamma * torch.cdist(windows, self.centres).square())

    def _load_from_state_dict(self, state_dict: Mapping[str, Any], prefix: str, *args: Any) -> None:
        """Take as many windows as were saved."""
        for name in ("centres", "coefficients"):
            saved = state_dict.get(prefix + name)
            if saved is not None:
                setattr(self, name, getattr(self, name).new_empty(saved.shape))
        super()._load_from_state_dict(state_dict, prefix, *args)
