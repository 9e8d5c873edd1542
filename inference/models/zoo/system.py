"""What every system has in common: named inputs, logits, and the stages of its training."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec
import torch
from torch import Tensor, nn
from torch.nn import functional

Inputs = Mapping[str, Tensor]
Loss = Callable[[Inputs, Tensor], Tensor]


class SystemOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options that every system has; an unknown one is an error."""

    classes: int
    """Logits: labels, or rated dimensions (valence, arousal, ...), each of which is low or high."""


@dataclass(frozen=True)
class Stage:
    """A part of the training: its `loss`, the parameters that learn, and its share of the epochs."""

    name: str
    loss: Loss
    parameters: tuple[nn.Parameter, ...]
    epochs: float = 1.0
    """Share of the configured epochs."""
    lr: float = 1.0
    """Factor of the configured learning rate."""


class System(nn.Module, ABC):
    """A network of the zoo.

    `inputs` is the shape of one window of each input, without the batch, by name: `eeg` (channels, samples) in
    microvolt, `audio`, `faces` (images, 3, height, width) in 0..1, `frames` likewise, `bio`, `features`.
    """

    inputs: dict[str, tuple[int, ...]]
    target: Literal["labels", "dimensions"] = "labels"
    """`labels`: one of the classes is right; `dimensions`: each is 0 or 1, NaN where it was not rated."""

    @abstractmethod
    def forward(self, inputs: Inputs) -> Tensor:
        """Logits (B, classes) of windows (B, *shape) of each of `inputs`."""

    def loss(self, inputs: Inputs, targets: Tensor) -> Tensor:
        """Mean loss of a batch; `targets` are indices (B,), or (B, classes) for `dimensions`."""
        return prediction_loss(self(inputs), targets, self.target)

    def stages(self) -> tuple[Stage, ...]:
        """The parts of the training, in order: here one, in which everything learns."""
        return (Stage("fit", self.loss, tuple(self.parameters())),)

    def constrain(self) -> None:
        """Bring the weights back into their limits, after every step of the optimiser."""

    def solve(self, inputs: Inputs, targets: Tensor) -> bool:
        """Fit what is computed in closed form from all windows of the training part; True if there was any.

        It runs after the stages, on the processor.
        """
        return False

    def probabilities(self, logits: Tensor) -> Tensor:
        """Probabilities (B, classes)."""
        return logits.softmax(1) if self.target == "labels" else logits.sigmoid()


def prediction_loss(logits: Tensor, targets: Tensor, target: Literal["labels", "dimensions"]) -> Tensor:
    """Cross-entropy of labels, or binary cross-entropy of the rated ones of dimensions."""
    if target == "labels":
        return functional.cross_entropy(logits, targets)
    rated = ~targets.isnan()
    return functional.binary_cross_entropy_with_logits(logits[rated], targets[rated])


def example(system: System, batch: int = 2) -> dict[str, Tensor]:
    """Random inputs of the right shapes, from torch's generator: images in 0..1, everything else normal."""
    return {
        name: torch.rand(batch, *shape) if name in ("faces", "frames") else torch.randn(batch, *shape)
        for name, shape in system.inputs.items()
    }


def parameter_count(system: System) -> int:
    """Parameters that learn in any stage."""
    return sum(parameter.numel() for parameter in _learning(system))


def _learning(system: System) -> Iterator[nn.Parameter]:
    seen: set[nn.Parameter] = set()
    for stage in system.stages():
        for parameter in stage.parameters:
            if parameter not in seen:
                seen.add(parameter)
                yield parameter
