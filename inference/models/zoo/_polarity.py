"""Cross-entropy that counts an error of polarity more: PCCE (Zhao et al. 2020, AAAI), EP-CE (Wu et al., eMotions)."""

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.models.zoo.system import SystemOptions

Polarity = Literal["negative", "neutral", "positive"]

POLARITIES: dict[str, Polarity] = {
    **dict.fromkeys(("anger", "angry", "disgust", "disgusted", "fear", "fearful"), "negative"),
    **dict.fromkeys(("sad", "sadness", "tension"), "negative"),
    "neutral": "neutral",
    **dict.fromkeys(("anticipation", "calm", "calmness", "excitation", "happiness", "happy", "joy"), "positive"),
    **dict.fromkeys(("relaxation", "surprise", "surprised", "trust"), "positive"),
}
"""Of the emotions of eMotions, VE-8, Ekman-6, EAV and RAVDESS, in lower case. The papers print none of it in full."""


class PolarityOptions(SystemOptions, frozen=True, kw_only=True):
    """Options of a system whose loss knows polarities."""

    labels: tuple[str, ...] = ()
    """Names of the classes, in their order; without them no polarity is known, and no error counts more."""
    polarities: dict[str, Polarity] = {}
    """Of labels that `POLARITIES` lacks, or in place of it."""
    penalty: float = 0.5
    """How much more an error of polarity counts: gamma of EP-CE, lambda of PCCE."""


class PolarityCrossEntropy(nn.Module):
    """Mean cross-entropy, times 1 + penalty where the most probable class has another polarity than the target.

    The factor depends on the logits by their argmax alone, and is constant to the gradient.
    """

    polarity: Tensor

    def __init__(self, options: PolarityOptions) -> None:
        super().__init__()
        self.penalty = options.penalty
        polarity = _indices(options.labels, options.classes, POLARITIES | options.polarities)
        self.register_buffer("polarity", polarity, persistent=False)

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Loss of logits (B, classes) and targets (B,)."""
        mistaken = self.polarity[logits.argmax(1)] != self.polarity[targets]
        return ((1 + self.penalty * mistaken) * functional.cross_entropy(logits, targets, reduction="none")).mean()


def _indices(labels: Sequence[str], classes: int, polarities: Mapping[str, Polarity]) -> Tensor:
    """A number (classes,) for the polarity of each class. Raises ValueError for a label without one."""
    if not labels:
        return torch.zeros(classes, dtype=torch.long)
    if len(labels) != classes:
        raise ValueError(f"{len(labels)} labels for {classes} classes")
    unknown = [label for label in labels if label.lower() not in polarities]
    if unknown:
        raise ValueError(f"no polarity for {', '.join(unknown)}: name it in `polarities`")
    order = ("negative", "neutral", "positive")
    return torch.tensor([order.index(polarities[label.lower()]) for label in labels])
