"""EEGNet (Lawhern et al. 2018) with EAV's widths: Lee et al. 2024 print F2 = 16, their code has 64."""

from typing import Literal

from torch import Tensor

from inference.models.eegnet import EEGNet
from inference.models.zoo.system import Inputs, System, SystemOptions

_WIDTHS = {"paper": (8, 16, 300), "code": (8, 64, 300), "classic": (2, 16, 64)}
"""D, F2 and the kernel; F1 is always 8."""


class Options(SystemOptions, frozen=True, kw_only=True):
    """The defaults are EAV's."""

    classes: int = 5
    channels: int = 30
    samples: int = 500
    """Length of a window: 5 s at 100 Hz."""
    variant: Literal["paper", "code", "classic"] = "code"
    """7 749 or 14 517 parameters; `classic` has Lawhern's widths (D = 2, F2 = 16, kernel 64) and 2 789."""
    kernel: int | None = None
    """Length of a temporal filter, samples; None: the variant's, 300 or 64."""
    dropout: float = 0.5


class Network(System):
    """EEGNet, whose norms are clipped after every step as its paper asks."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        d, f2, kernel = _WIDTHS[options.variant]
        self.inputs = {"eeg": (options.channels, options.samples)}
        self.network = EEGNet(
            classes=options.classes,
            channels=options.channels,
            samples=options.samples,
            f1=8,
            d=d,
            f2=f2,
            kernel=options.kernel or kernel,
            dropout=options.dropout,
        )

    def forward(self, inputs: Inputs) -> Tensor:
        """Classify (B, channels, samples)."""
        logits: Tensor = self.network(inputs["eeg"])
        return logits

    def constrain(self) -> None:
        """Clip the norms of the spatial filters and of the classifier."""
        self.network.constrain()
