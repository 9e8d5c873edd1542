"""The image backbone on FER-2013."""

from typing import Annotated

import msgspec

from training.schema.sections import Backbone, Contempt, Section, Share


class Warp(Section, frozen=True, kw_only=True):
    """Bounds of the random geometric augmentation of a face."""

    degrees: float
    scale: float
    """Fraction of the side."""
    shift: float
    """Fraction of the side."""


class Phase(Section, frozen=True, kw_only=True):
    """Training at one image size, on a one-cycle schedule that ends at lr / 25 / `decay`."""

    size: int
    """Side of the images, pixels."""
    epochs: int
    batch_size: int
    lr: float
    """Peak learning rate."""
    warmup: float
    """Share of the steps in which the learning rate rises."""
    decay: float
    warp: Warp
    degraded: Share = 0.0
    """Share of the faces that are shrunk, of those blurred and of those compressed, each drawn on its own."""


class FaceBackbone(Section, frozen=True, kw_only=True, tag_field="task", tag="face-backbone"):
    """Training of an image backbone in phases of growing image size."""

    backbone: Backbone
    seed: int
    holdout_every: int
    """Each nth face is held out for the networks that are trained behind the backbone."""
    label_weight: Annotated[float, msgspec.Meta(gt=0, le=1)]
    """Share of the labels in the targets; the teachers' mean probabilities are the rest."""
    label_smoothing: float
    momentum: float | None
    """SGD with Nesterov momentum; null selects AdamW."""
    weight_decay: float
    ema: float
    """Decay of the exponential moving average of the weights."""
    bfloat16: bool
    """Mixed precision, for devices that compute in bfloat16."""
    phases: list[Phase]
    votes: Contempt | None = None
    """Learn FER+'s shares of votes instead of FER-2013's labels; says where votes for contempt go."""
    init_from: str | None = None
    """NAME@VERSION of an audio-visual model of the store, from whose backbone the training starts."""
    aligned: bool = False
    """Align the faces by their landmarks."""
    flip_tta: bool = True
    """Average logits over a face and its mirror image where it is scored."""
