"""The order in which labels are numbered."""

from collections.abc import Sequence

from inference.types import UNDETERMINED


def with_undetermined(labels: Sequence[str]) -> tuple[str, ...]:
    """Return the labels with UNDETERMINED behind them."""
    return (*labels, UNDETERMINED)


def label_indices(labels: Sequence[str]) -> dict[str, int]:
    """Return the index of each label; UNDETERMINED has the index len(labels)."""
    return {label: index for index, label in enumerate(with_undetermined(labels))}
