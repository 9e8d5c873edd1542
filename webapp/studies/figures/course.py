"""Mean courses along a stimulus, a line with its interval for each condition."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from inference.timeline.axis import ticks
from webapp.studies.figures.colours import colour, dashes
from webapp.studies.figures.scale import Scale, Tick, linear_scale
from webapp.studies.statistics.results import MeanCurve

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 56, 14, 34, 44
MAX_TICKS = 8
LEGEND_LINE, LEGEND_LETTER_WIDTH = 28, 7.5


@dataclass(frozen=True)
class CourseShape:
    """A condition: its line, its interval, and where its name begins in the legend."""

    name: str
    index: int
    line: str
    band: str
    legend_x: float

    @property
    def name_x(self) -> float:
        """Where its name begins, after a piece of its line."""
        return self.legend_x + LEGEND_LINE

    @property
    def colour(self) -> str:
        """The colour of its line."""
        return colour(self.index)

    @property
    def dashes(self) -> str:
        """The dashes of its line."""
        return dashes(self.index)


@dataclass(frozen=True)
class CoursePanel:
    """The picture."""

    axis: str
    scale: Scale
    times: tuple[Tick, ...]
    courses: tuple[CourseShape, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM

    @property
    def middle(self) -> float:
        """The middle of the plot's height."""
        return (self.top + self.bottom) / 2

    @property
    def centre(self) -> float:
        """The middle of the plot's width."""
        return (self.left + self.right) / 2


def course_panel(curves: Mapping[str, MeanCurve], *, axis: str) -> CoursePanel | None:
    """Return the picture of {condition: curve}; None where nothing is read anywhere."""
    known = [
        value
        for curve in curves.values()
        for values in (curve.mean, curve.low, curve.high)
        for value in values
        if value is not None
    ]
    if not known:
        return None
    scale = linear_scale(known, start=HEIGHT - BOTTOM, end=TOP)
    length_s = max(curve.times_s[-1] for curve in curves.values())

    def x(seconds: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * seconds / length_s

    shapes, legend_x = [], float(LEFT)
    for index, (name, curve) in enumerate(curves.items()):
        line = "".join(_path(run) for run in _runs(curve.times_s, (curve.mean,), x, scale))
        band = "".join(
            _path([(at, high) for at, _, high in run] + [(at, low) for at, low, _ in reversed(run)]) + "Z"
            for run in _runs(curve.times_s, (curve.low, curve.high), x, scale)
        )
        shapes.append(CourseShape(name, index, line, band, legend_x))
        legend_x += LEGEND_LINE + 16 + LEGEND_LETTER_WIDTH * len(name)
    return CoursePanel(
        axis=axis,
        scale=scale,
        times=tuple(Tick(x(seconds), f"{seconds:.0f}") for seconds in ticks(length_s, MAX_TICKS)),
        courses=tuple(shapes),
    )


def _runs(
    times_s: Sequence[float],
    values: Sequence[Sequence[float | None]],
    x: Callable[[float], float],
    scale: Scale,
) -> Iterator[list[tuple[float, ...]]]:
    """Yield the stretches without a gap: x, then the pixel of each value."""
    rows = zip(times_s, *values, strict=True)
    for known, run in groupby(rows, key=lambda row: None not in row):
        if known:
            yield [(x(row[0]), *(scale.at(value) for value in row[1:])) for row in run]


def _path(points: Sequence[tuple[float, ...]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
