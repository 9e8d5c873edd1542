"""The contrastive losses of MERCL (Lee, Kim and Kim 2024) between embeddings (B, width) of several modalities."""

from collections.abc import Mapping
from itertools import combinations
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

Form = Literal["stable", "literal"]
Embeddings = Mapping[str, Tensor]


def amcl(embeddings: Embeddings, labels: Tensor, form: Form = "stable", temperature: float = 0.07) -> Tensor:
    """Contrast of the classes within each modality: mean of -log(S+ / (S+ + S-)) over its samples, the anchors.

    S+ adds the similarities to the other samples of the anchor's class, S- those to the other classes. An anchor whose
    class has no other sample does not count. `stable` takes exp(cosine / temperature) as the similarity. `literal` is
    printed: the dot product, whose sums may be negative, so that the logarithm is NaN.
    """
    same = labels[:, None] == labels[None]
    alone = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    return _mean([_anchors(values, values, same & ~alone, ~same, form, temperature) for values in embeddings.values()])


def emcl(embeddings: Embeddings, labels: Tensor, form: Form = "stable", temperature: float = 0.07) -> Tensor:
    """Contrast of the classes across modalities: as `amcl`, to the samples of the other modalities.

    The anchor's own sample, in the other modalities, is one of its class.
    """
    same = labels[:, None] == labels[None]
    losses = []
    for name, values in embeddings.items():
        others = [embeddings[other] for other in embeddings if other != name]
        positives = same.repeat(1, len(others))
        losses.append(_anchors(values, torch.cat(others), positives, ~positives, form, temperature))
    return _mean(losses)


def smcl(embeddings: Embeddings, selected: Tensor, form: Form = "stable", alpha: float = 0.8) -> Tensor:
    """Distance of the similarity between two modalities of one sample from `alpha`: the mean of its square.

    `selected` (B,) tells which samples count; the paper leaves out those whose audio has little energy. The mean
    over the pairs of modalities is the paper's mean over anchors of half the sum over the two other modalities.
    The similarity is the cosine, or the dot product where `form` is `literal`.
    """
    chosen = [_unit(values[selected], form) for values in embeddings.values()]
    return _mean([((one * other).sum(1) - alpha).square() for one, other in combinations(chosen, 2)])


def _anchors(
    anchors: Tensor, others: Tensor, positives: Tensor, negatives: Tensor, form: Form, temperature: float
) -> Tensor:
    """Loss of each anchor that has a positive."""
    counted = positives.any(1)
    positives, negatives = positives[counted], negatives[counted]
    similarity = _unit(anchors[counted], form) @ _unit(others, form).T
    if form == "literal":
        positive = (similarity * positives).sum(1)
        return -(positive / (positive + (similarity * negatives).sum(1))).log()
    scaled = similarity / temperature
    every = scaled.masked_fill(~(positives | negatives), -torch.inf).logsumexp(1)
    return every - scaled.masked_fill(~positives, -torch.inf).logsumexp(1)


def _unit(values: Tensor, form: Form) -> Tensor:
    return values if form == "literal" else functional.normalize(values, dim=1)


def _mean(losses: list[Tensor]) -> Tensor:
    """Mean of all values; 0 where there is none."""
    values = torch.cat(losses)
    return values.sum() / max(len(values), 1)
