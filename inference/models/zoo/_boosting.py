"""Decision-level fusion of two binary classifiers by the weights of AdaBoost (Freund and Schapire 1997)."""

from collections.abc import Sequence

import torch
from torch import Tensor

_LIMIT = 1e-6  # of the error, so that a faultless classifier has a finite weight


def adaboost_weights(probabilities: Sequence[Tensor], targets: Tensor, *, reweight: bool = True) -> Tensor:
    """Return the weight of each classifier, (classifiers,) = ½ ln((1 - e) / e).

    `probabilities` (N,) of each and `targets` (N,) are in 0..1. The error e is the weighted mean of |p - y|, as
    DeepVANet takes it. Samples that a classifier gets wrong count more for the next one, and those it gets right
    less. Without `reweight`, all count alike for each.
    """
    samples = torch.full_like(targets, 1 / len(targets))
    weights = []
    for probability in probabilities:
        error = (samples * (probability - targets).abs()).sum().clamp(_LIMIT, 1 - _LIMIT)
        weights.append(((1 - error) / error).log() / 2)
        if reweight:
            right = (probability >= 0.5) == (targets >= 0.5)
            samples = samples * torch.where(right, -weights[-1], weights[-1]).exp()
            samples = samples / samples.sum()
    return torch.stack(weights)
