"""SCNN, the speech baseline of EAV (Lee et al. 2024): a convolutional network over 180 means of spectral features."""

from torch import Tensor, nn

from inference.models.zoo.system import Inputs, System, SystemOptions

_L1, _L2 = 1e-5, 1e-4


class Options(SystemOptions, frozen=True, kw_only=True):
    """The defaults are EAV's: 343 685 parameters."""

    classes: int = 5
    features: int = 180
    """40 MFCC, 12 chroma and 128 mel powers."""
    width: int = 256
    """Channels of the first layer; the other layers have half as many."""


class Network(System):
    """Classifies audio (B, features)."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.inputs = {"audio": (options.features,)}
        half = options.width // 2
        self.layers = nn.Sequential(
            nn.Conv1d(1, options.width, 5, padding=2),
            nn.ReLU(),
            nn.Conv1d(options.width, half, 5, padding=2),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.MaxPool1d(8),
            nn.Conv1d(half, half, 5, padding=2),
            nn.ReLU(),
            nn.Conv1d(half, half, 5, padding=2),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Flatten(),
            nn.Linear(half * (options.features // 8), options.classes),
        )

    def forward(self, inputs: Inputs) -> Tensor:
        """Logits (B, classes)."""
        return self.layers(inputs["audio"].unsqueeze(1))

    def loss(self, inputs: Inputs, targets: Tensor) -> Tensor:
        """Cross-entropy and the penalty."""
        return super().loss(inputs, targets) + self.penalty()

    def penalty(self) -> Tensor:
        """1e-5 of the sum of |w| and 1e-4 of that of w², over the weights of all layers but the first."""
        weighted = [layer for layer in self.layers if isinstance(layer, nn.Conv1d | nn.Linear)]
        penalties = [_L1 * layer.weight.abs().sum() + _L2 * layer.weight.square().sum() for layer in weighted[1:]]
        return sum(penalties[1:], penalties[0])
