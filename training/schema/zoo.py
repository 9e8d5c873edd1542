"""A system of `inference.models.zoo`, at the size of its paper and at one that fits in minutes."""

from typing import Annotated, Any, Literal

import msgspec

from training.schema.sections import Section

SizeName = Literal["paper", "small"]


class FrontEndConfig(Section, frozen=True, kw_only=True):
    """What makes one input of a system."""

    kind: str
    """Name of `inference.front_ends`."""
    settings: dict[str, Any] = {}


class Published(Section, frozen=True, kw_only=True):
    """A score that a paper prints."""

    score: str
    """With its unit: "60.0 %"."""
    protocol: str
    """Data, classes and split: "EAV, within subject, first 70 % of the trials against the last 30 %"."""
    source: str


class Size(Section, frozen=True, kw_only=True):
    """One size of a system, with its training."""

    options: dict[str, Any] = {}
    """Of the system; `classes` comes from the data."""
    inputs: dict[str, FrontEndConfig]
    """By name of the system's input."""
    epochs: Annotated[int, msgspec.Meta(ge=0)]
    """0 for systems that are solved in closed form."""
    batch_size: Annotated[int, msgspec.Meta(ge=1)]
    optimiser: Literal["adam", "adamw", "sgd"] = "adam"
    lr: float
    weight_decay: float = 0.0
    momentum: float = 0.0
    """Of SGD."""


class ZooSystem(Section, frozen=True, kw_only=True, tag_field="task", tag="zoo"):
    """A published system: training and published scores."""

    system: str
    """Name of `inference.models.zoo`."""
    title: str
    seed: int = 1
    window_s: float
    hop_s: float
    """Distance of two windows of a trial, seconds."""
    standardise: list[str] = []
    """Inputs that are brought to mean 0 and deviation 1 of the training part, value by value."""
    vote: Literal["mean", "majority"] = "mean"
    """How the windows of a trial become one answer."""
    published: list[Published]
    sizes: dict[SizeName, Size]
