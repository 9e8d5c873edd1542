"""The probabilities of a timeline as a stacked chart."""

from dataclasses import dataclass

import numpy as np

from inference.timeline.arrays import Floats
from inference.timeline.sampling import probability_columns
from inference.types import Timeline


@dataclass(frozen=True)
class StackedBand:
    """One label's area of the chart as an SVG path: a closed shape for each stretch where it has a probability."""

    label: str
    path: str


def stacked_bands(timeline: Timeline, columns: int, *, width: int, height: int) -> tuple[StackedBand, ...]:
    """Stack the labels' probabilities to 100 % in a box of `width` by `height`, with gaps where undetermined.

    Each of the `columns` is one step of the path. Labels without any probability are left out.
    """
    probabilities = probability_columns(timeline, columns)
    tops = np.cumsum(probabilities, axis=1)
    bands = (
        StackedBand(label, _step_path(tops[:, index] - probabilities[:, index], tops[:, index], width, height))
        for index, label in enumerate(timeline.labels)
    )
    return tuple(band for band in bands if band.path)


def _step_path(bottoms: Floats, tops: Floats, width: int, height: int) -> str:
    """Draw closed shapes in steps where `tops` are above `bottoms` (shares 0..1)."""
    present = np.concatenate(([False], tops > bottoms, [False]))
    edges = np.flatnonzero(present[1:] != present[:-1])

    def x(column: int) -> str:
        return _number(column * width / len(tops))

    def y(share: float) -> str:
        return _number(height * (1 - share))

    shapes = []
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        over = [f"V{y(tops[column])}H{x(column + 1)}" for column in range(first, last)]
        under = [f"V{y(bottoms[column])}H{x(column)}" for column in reversed(range(first, last))]
        shapes.append(f"M{x(first)} {y(bottoms[first])}{''.join(over)}{''.join(under)}Z")
    return "".join(shapes)


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
