"""VGGish (Hershey et al. 2017): an embedding of each patch of log-mel frames."""

from collections.abc import Iterator

from torch import Tensor, nn

from inference.models.zoo._pretrained import load_weights

_KERNEL = 3


class VGGish(nn.Module):
    """Log-mel patches (N, frames, bands) -> (N, features).

    The published network has 96 frames of 64 bands, widths (64, 128, 256, 512), 4096 hidden units and 128 features;
    the names of its state are those of its port to PyTorch. With another number of bands or frames, published weights
    fit the convolutions alone: a file may lack `embeddings`. From scratch it starts as He et al. 2015 propose: with
    smaller weights the sound vanishes in nine layers without a norm.
    """

    def __init__(
        self,
        *,
        frames: int = 96,
        bands: int = 64,
        widths: tuple[int, int, int, int] = (64, 128, 256, 512),
        hidden: int = 4096,
        features: int = 128,
        weights: str | None = None,
    ) -> None:
        super().__init__()
        cells = (frames // 2 ** len(widths)) * (bands // 2 ** len(widths))
        if not cells:
            raise ValueError(f"a patch of {frames} frames and {bands} bands: VGGish needs at least 16 of each")
        self.features = nn.Sequential(*_convolutions(widths))
        self.embeddings = nn.Sequential(
            *(nn.Linear(cells * widths[-1], hidden), nn.ReLU()),
            *(nn.Linear(hidden, hidden), nn.ReLU()),
            *(nn.Linear(hidden, features), nn.ReLU()),
        )
        for name, parameter in self.named_parameters():
            if name.endswith("weight"):
                nn.init.kaiming_normal_(parameter, nonlinearity="relu")
            else:
                nn.init.zeros_(parameter)
        load_weights(self, weights, "VGGish", may_lack="embeddings.")

    def forward(self, patches: Tensor) -> Tensor:
        """Encode (N, frames, bands); the channels of a cell stand side by side, as in the TensorFlow original."""
        cells = self.features(patches.unsqueeze(1)).permute(0, 2, 3, 1)
        embedded: Tensor = self.embeddings(cells.flatten(1))
        return embedded


def _convolutions(widths: tuple[int, int, int, int]) -> Iterator[nn.Module]:
    channels = 1
    for width, layers in zip(widths, (1, 1, 2, 2), strict=True):
        for _ in range(layers):
            yield nn.Conv2d(channels, width, _KERNEL, padding=1)
            yield nn.ReLU()
            channels = width
        yield nn.MaxPool2d(2)
