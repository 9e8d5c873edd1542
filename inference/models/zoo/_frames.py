"""Systems that classify each image of a window alone."""

from abc import abstractmethod
from typing import Literal

from torch import Tensor
from torch.nn import functional

from inference.models.zoo.system import Inputs, System

Vote = Literal["majority", "mean-probability", "mean-logit"]


class PerFrame(System):
    """Has one input, of images (B, images, 3, height, width); each learns the label of its window."""

    vote: Vote

    @abstractmethod
    def classify(self, images: Tensor) -> Tensor:
        """Logits (N, classes) of images (N, 3, height, width)."""

    def frame_logits(self, inputs: Inputs) -> Tensor:
        """Logits (B, images, classes) of the images of windows."""
        (images,) = inputs.values()
        return self.classify(images.flatten(0, 1)).unflatten(0, images.shape[:2])

    def forward(self, inputs: Inputs) -> Tensor:
        """Logits (B, classes) of windows, from those of their images."""
        return combine(self.frame_logits(inputs), self.vote)

    def loss(self, inputs: Inputs, targets: Tensor) -> Tensor:
        """Mean cross-entropy of the images."""
        logits = self.frame_logits(inputs)
        return functional.cross_entropy(logits.flatten(0, 1), targets.repeat_interleave(logits.shape[1]))


def combine(logits: Tensor, vote: Vote) -> Tensor:
    """Logits (B, classes) of windows, from those (B, images, classes) of their images.

    They are the mean of the logits, or the logarithm of the mean probability, or, by majority, the logarithm of each
    class's share of the votes. The mean probability counts as one vote more, divided among the classes, which decides
    between classes of as many votes and keeps the logarithm finite.
    """
    if vote == "mean-logit":
        return logits.mean(1)
    mean = logits.softmax(2).mean(1)
    if vote == "mean-probability":
        return mean.clamp_min(1e-12).log()
    votes = functional.one_hot(logits.argmax(2), logits.shape[2]).sum(1)
    return ((votes + mean) / (logits.shape[1] + 1)).clamp_min(1e-12).log()
