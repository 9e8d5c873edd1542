"""DeepVANet (Zhang, Hossain and Rahman 2021): valence and arousal of a second of faces and biosignals."""

from typing import Literal

import torch
from torch import Tensor, nn

from inference.models.zoo._boosting import adaboost_weights
from inference.models.zoo._conv_lstm import ConvLSTM
from inference.models.zoo._pretrained import load_weights
from inference.models.zoo.system import Inputs, System, SystemOptions, prediction_loss

_SOLVE_BATCH = 256


class Options(SystemOptions, frozen=True, kw_only=True):
    """The defaults are those for DEAP.

    The paper fits a network of one logit for each dimension (`classes=1`). With more, the dimensions share everything
    but the last layer's rows.
    """

    classes: int = 2
    channels: int = 40
    """Biosignals: 40 of DEAP, 38 of MAHNOB-HCI."""
    samples: int = 128
    """Of each biosignal: 1 s at 128 Hz."""
    images: int = 5
    """Faces a window: 1 s at 5 Hz."""
    size: int = 64
    """Height and width of a face, pixels."""
    widths: tuple[int, int, int] = (32, 64, 128)
    """Channels of the face's convolutions; the last is also that of the ConvLSTM."""
    face_features: int = 16
    bio_features: int = 64
    dropout: float = 0.5
    modalities: Literal["both", "face", "bio"] = "both"
    fusion: Literal["feature", "decision"] = "feature"
    """`feature`: one classifier reads both. `decision`: each modality has a network of its own, whose answers AdaBoost
    weighs after the training."""
    boosting: Literal["corrected", "literal"] = "corrected"
    """How AdaBoost weighs the samples for the second network. The published code compares the probability with the
    label for equality, which never holds: every sample counts as wrong, and the weights stay equal (`literal`).
    `corrected` compares the thresholded probability. That the published code evaluates with dropout is not reproduced:
    its answer is another each time."""
    weights: str | None = None
    """A safetensors file for the face's convolutions, which the paper pre-trains on AFEW-VA."""


class FaceBranch(nn.Module):
    """Faces (B, T, 3, H, W) -> features (B, face_features): convolutions, ConvLSTM, its last hidden state."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        first, second, third = options.widths
        self.convolutions = nn.Sequential(
            *(nn.Conv2d(3, first, 3), nn.ReLU(), nn.MaxPool2d(3, 2)),
            *(nn.Conv2d(first, second, 3), nn.ReLU(), nn.MaxPool2d(3, 2)),
            *(nn.Conv2d(second, third, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2)),
        )
        load_weights(self.convolutions, options.weights, "the face branch")
        self.memory = ConvLSTM(third, third)
        side = options.size
        for padding in (0, 0, 1):
            side = (side + 2 * padding - 2 - 3) // 2 + 1
        self.features = nn.Linear(third * side * side, options.face_features)

    def forward(self, faces: Tensor) -> Tensor:
        """Encode (B, T, 3, H, W) in 0..1."""
        maps = self.convolutions(faces.flatten(0, 1)).unflatten(0, faces.shape[:2])
        features: Tensor = self.features(self.memory(maps).flatten(1))
        return features


class BioBranch(nn.Sequential):
    """Biosignals (B, channels, samples) -> features (B, bio_features)."""

    def __init__(self, options: Options) -> None:
        super().__init__(
            *(nn.Conv1d(options.channels, 24, 5), nn.BatchNorm1d(24), nn.ReLU()),
            *(nn.Conv1d(24, 16, 3), nn.BatchNorm1d(16), nn.ReLU()),
            *(nn.Conv1d(16, 8, 3), nn.BatchNorm1d(8), nn.ReLU()),
            *(nn.Flatten(), nn.Linear(8 * (options.samples - 8), options.bio_features)),
        )


def _classifier(features: int, options: Options) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(features, 20), nn.ReLU(), nn.Dropout(options.dropout), nn.Linear(20, options.classes)
    )


class Network(System):
    """A branch for each modality and a classifier: of all features, or with `fusion="decision"` of each branch's.

    1 416 777 parameters with one logit and 40 channels, 1 415 577 with 30; the face alone has 1 347 513, the
    biosignals alone 69 305.
    """

    target = "dimensions"
    boosted: Tensor

    def __init__(self, options: Options) -> None:
        super().__init__()
        read = {"both": ["faces", "bio"], "face": ["faces"], "bio": ["bio"]}[options.modalities]
        if options.fusion == "decision" and len(read) < 2:
            raise ValueError("fusion: decision needs both modalities")
        shapes = {"faces": (options.images, 3, options.size, options.size), "bio": (options.channels, options.samples)}
        widths = {"faces": options.face_features, "bio": options.bio_features}
        self.options = options
        self.inputs = {name: shapes[name] for name in read}
        self.branches = nn.ModuleDict(
            {name: FaceBranch(options) if name == "faces" else BioBranch(options) for name in read}
        )
        together = {"both": sum(widths[name] for name in read)}
        self.classifiers = nn.ModuleDict(
            {
                name: _classifier(width, options)
                for name, width in (widths if options.fusion == "decision" else together).items()
            }
        )
        if options.fusion == "decision":
            self.register_buffer("boosted", torch.ones(len(read), options.classes))

    def forward(self, inputs: Inputs) -> Tensor:
        """Logits of the dimensions (B, classes)."""
        if self.options.fusion == "decision":
            votes = 2 * torch.stack(self.decide(inputs)).sigmoid() - 1
            return (self.boosted[:, None] * votes).sum(0)
        features = [branch(inputs[name]) for name, branch in self.branches.items()]
        logits: Tensor = self.classifiers["both"](torch.cat(features, 1))
        return logits

    def decide(self, inputs: Inputs) -> list[Tensor]:
        """Logits (B, classes) of each modality alone, for `fusion="decision"`."""
        return [self.classifiers[name](branch(inputs[name])) for name, branch in self.branches.items()]

    def loss(self, inputs: Inputs, targets: Tensor) -> Tensor:
        """Binary cross-entropy; that of each modality's network, added, for `fusion="decision"`."""
        answers = self.decide(inputs) if self.options.fusion == "decision" else [self(inputs)]
        return torch.stack([prediction_loss(logits, targets, self.target) for logits in answers]).sum()

    @torch.no_grad()
    def solve(self, inputs: Inputs, targets: Tensor) -> bool:
        """Weigh the two networks for each dimension over the windows in which it was rated, if there are any."""
        if self.options.fusion != "decision":
            return False
        self.eval()
        parts = [
            self.decide({name: values[first : first + _SOLVE_BATCH] for name, values in inputs.items()})
            for first in range(0, len(targets), _SOLVE_BATCH)
        ]
        probabilities = [torch.cat(logits).sigmoid() for logits in zip(*parts, strict=True)]
        for dimension in range(targets.shape[1]):
            rated = ~targets[:, dimension].isnan()
            if not rated.any():
                continue
            self.boosted[:, dimension] = adaboost_weights(
                [probability[rated, dimension] for probability in probabilities],
                targets[rated, dimension],
                reweight=self.options.boosting == "corrected",
            )
        return True
