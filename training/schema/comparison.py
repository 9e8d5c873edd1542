"""Several systems of the zoo under one protocol, side by side."""

from typing import Annotated, Any

import msgspec

from training.schema.sections import Section
from training.schema.zoo import SizeName


class ComparedSystem(Section, frozen=True, kw_only=True):
    """A row of the table: a file of training/configs/zoo, with other options than those of its size."""

    system: str
    """Name of the file."""
    name: str
    """Of the row and of its folder."""
    options: dict[str, Any]


class ComparedCorpus(Section, frozen=True, kw_only=True):
    """The systems that are compared on one corpus."""

    title: str
    data: str
    """KEY of `--data KEY=DIR`."""
    layout: str
    """Name of `training.data.layouts`."""
    protocol: str
    """Name of `training.data.protocols`."""
    settings: dict[str, int] = {}
    """Of the protocol."""
    target: str | None = None
    """Name of `training.data.targets`; by default labels, or dimensions where the corpus has none."""
    having: tuple[str, ...] = ()
    """Signals without which a trial is left out."""
    systems: Annotated[list[str | ComparedSystem], msgspec.Meta(min_length=1)]
    means: dict[str, list[str]] = {}
    """Rows of the mean of the probabilities of rows, by name: what learned fusions are measured against."""


class Comparison(Section, frozen=True, kw_only=True, tag_field="task", tag="compare"):
    """A table of systems."""

    name: str
    size: SizeName = "small"
    epochs: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """At most, of each system's own; None for all of them."""
    seeds: Annotated[tuple[int, ...], msgspec.Meta(min_length=1)] = (1,)
    """Each system is fitted once for each of them."""
    corpora: Annotated[list[ComparedCorpus], msgspec.Meta(min_length=1)]
