"""EEGNet (Lawhern et al., J. Neural Eng. 15(5), 2018) with the widths that the EAV baseline uses."""

import torch
from torch import Tensor, nn

SEPARABLE_KERNEL = 16  # samples at the first pooled rate
POOLS = (4, 8)


class TemporalFilters(nn.Module):
    """Temporal filters shared by all channels: (B, channels, T) -> (B, filters, channels, T).

    The input is padded with zeros, the odd sample on the right as in TensorFlow: kernel // 2 on both sides would shift
    every value of an even kernel by one sample. The convolution is computed in the frequency domain: directly, so long
    a kernel takes three times as long to train.
    """

    def __init__(self, filters: int, kernel: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(filters, kernel))
        bound = (6 / (kernel * (1 + filters))) ** 0.5  # Glorot, as for a convolution of one input channel
        nn.init.uniform_(self.weight, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        """Filter (B, channels, T)."""
        kernel, samples = self.weight.shape[1], x.shape[-1]
        length = samples + kernel  # no wrap-around; 800 for the published sizes, which transforms fast
        spectrum = torch.fft.rfft(x, length).unsqueeze(1) * torch.fft.rfft(self.weight.flip(1), length)[:, None]
        return torch.fft.irfft(spectrum, length)[..., kernel // 2 : kernel // 2 + samples]


class EEGNet(nn.Module):
    """Classifies EEG windows: (B, channels, samples) float32, microvolt -> logits (B, classes).

    It has `f1` temporal filters of `kernel` samples, `d` spatial filters for each, and `f2` pointwise filters: 14 517
    parameters for 30 channels, 500 samples, 5 classes, (8, 8, 64, 300).
    """

    def __init__(
        self,
        *,
        classes: int,
        channels: int,
        samples: int,
        f1: int,
        d: int,
        f2: int,
        kernel: int,
        dropout: float,
    ) -> None:
        super().__init__()
        spatial = f1 * d

        def norm(width: int) -> nn.BatchNorm2d:
            return nn.BatchNorm2d(width, eps=1e-3, momentum=0.01)

        self.temporal = nn.Sequential(TemporalFilters(f1, kernel), norm(f1))
        self.spatial = nn.Conv2d(f1, spatial, (channels, 1), groups=f1, bias=False)
        self.first = nn.Sequential(norm(spatial), nn.ELU(), nn.AvgPool2d((1, POOLS[0])), nn.Dropout(dropout))
        self.second = nn.Sequential(
            nn.ZeroPad2d(((SEPARABLE_KERNEL - 1) // 2, SEPARABLE_KERNEL // 2, 0, 0)),
            nn.Conv2d(spatial, spatial, (1, SEPARABLE_KERNEL), groups=spatial, bias=False),
            nn.Conv2d(spatial, f2, 1, bias=False),
            norm(f2),
            nn.ELU(),
            nn.AvgPool2d((1, POOLS[1])),
            nn.Dropout(dropout),
        )
        self.classifier = nn.Linear(f2 * (samples // POOLS[0] // POOLS[1]), classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, windows: Tensor) -> Tensor:
        """Classify (B, channels, samples)."""
        x = self.spatial(self.temporal(windows))
        return self.classifier(self.second(self.first(x)).flatten(1))

    @torch.no_grad()
    def constrain(self) -> None:
        """Clip the norms to 1 for each spatial filter and 0.25 for each class, after every optimiser step."""
        for layer, limit in ((self.spatial, 1.0), (self.classifier, 0.25)):
            layer.weight.copy_(torch.renorm(layer.weight, 2, 0, limit))
