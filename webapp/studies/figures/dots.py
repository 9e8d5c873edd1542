"""Participants as dots by condition, with the mean and its interval beside them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from webapp.studies.figures.colours import colour
from webapp.studies.figures.scale import Scale, linear_scale
from webapp.studies.statistics.results import CONFIDENCE, Dot, MeasureResult, Source

LEFT, RIGHT, TOP, BOTTOM = 56, 14, 34, 48  # margins in pixels
PLOT_HEIGHT = 220
LEVEL_WIDTH = 104
DOTS_AT, MEAN_AT = 0.4, 0.78  # of a level's width
DOT_DISTANCE = 9  # in pixels, between dots that would lie on one another
MAX_SIDEWAYS = 3  # dots on either side of the middle
LETTERS = 15  # of a condition's name that fit below it

Link = Callable[[Source], str]


@dataclass(frozen=True)
class DotShape:
    """A participant's value in a condition; `href` is empty where it leads nowhere."""

    x: float
    y: float
    text: str
    href: str


@dataclass(frozen=True)
class MeanShape:
    """The mean over participants with its interval; without one where there is a single participant."""

    x: float
    y: float
    low: float | None
    high: float | None
    text: str


@dataclass(frozen=True)
class LevelShape:
    """A condition on the axis, `name` cut to what fits."""

    x: float
    name: str
    full_name: str
    participants: int
    index: int
    dots: tuple[DotShape, ...]
    mean: MeanShape | None

    @property
    def colour(self) -> str:
        """The colour of its dots."""
        return colour(self.index)


@dataclass(frozen=True)
class DotsPanel:
    """A panel; `lines` are polylines that join the values of one participant."""

    title: str
    axis: str
    scale: Scale
    levels: tuple[LevelShape, ...]
    lines: tuple[str, ...]
    width: int
    height: int = TOP + PLOT_HEIGHT + BOTTOM
    left: int = LEFT
    top: int = TOP
    bottom: int = TOP + PLOT_HEIGHT

    @property
    def right(self) -> int:
        """The end of the plot."""
        return self.width - RIGHT

    @property
    def middle(self) -> float:
        """The middle of the plot's height."""
        return (self.top + self.bottom) / 2


def dots_panels(
    measure: MeasureResult,
    *,
    paired: bool,
    axis: str,
    link: Link = lambda _: "",
    groups: Mapping[str, str] | None = None,
) -> tuple[DotsPanel, ...]:
    """Return one panel, or with `groups` {participant: group} one for each group, all on one scale."""
    named = sorted({(groups or {}).get(dot.participant, "") for dot in measure.dots})
    members = {name: [dot for dot in measure.dots if (groups or {}).get(dot.participant, "") == name] for name in named}
    shown = [limit for own in members.values() for limit in _limits(own)]
    scale = linear_scale([dot.value for dot in measure.dots] + shown, start=TOP + PLOT_HEIGHT, end=TOP)
    levels = [level.level for level in measure.levels]
    return tuple(
        _panel(own, levels, scale, paired=paired, axis=axis, link=link, title=name or ("No group" if groups else ""))
        for name, own in members.items()
    )


def mean_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Return Student's t interval of the mean; None for a single value."""
    from scipy import stats

    if len(values) < 2:
        return None
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
    return float(np.mean(values)) - half, float(np.mean(values)) + half


def _limits(dots: Sequence[Dot]) -> list[float]:
    ordered = sorted(dots, key=lambda dot: dot.level)
    intervals = [mean_interval([dot.value for dot in own]) for _, own in groupby(ordered, key=lambda dot: dot.level)]
    return [limit for interval in intervals if interval for limit in interval]


def _panel(
    dots: Sequence[Dot], levels: Sequence[str], scale: Scale, *, paired: bool, axis: str, link: Link, title: str
) -> DotsPanel:
    shapes, places = [], {}
    for index, level in enumerate(levels):
        left = LEFT + index * LEVEL_WIDTH
        own = sorted((dot for dot in dots if dot.level == level), key=lambda dot: dot.value)
        sideways = [0] * len(own) if paired else _sideways([scale.at(dot.value) for dot in own])
        drawn = []
        for dot, steps in zip(own, sideways, strict=True):
            x, y = left + DOTS_AT * LEVEL_WIDTH + steps * DOT_DISTANCE, scale.at(dot.value)
            places[dot.participant, level] = f"{x:.1f},{y:.1f}"
            drawn.append(DotShape(x, y, f"{dot.participant}, {level}: {dot.value:.3g}", link(dot.sources[0])))
        shapes.append(
            LevelShape(
                x=left + LEVEL_WIDTH / 2,
                name=level if len(level) <= LETTERS else f"{level[: LETTERS - 1]}…",
                full_name=level,
                participants=len(own),
                index=index,
                dots=tuple(drawn),
                mean=_mean([dot.value for dot in own], scale, left + MEAN_AT * LEVEL_WIDTH),
            )
        )
    return DotsPanel(
        title=title,
        axis=axis,
        scale=scale,
        levels=tuple(shapes),
        lines=_lines(places, levels) if paired else (),
        width=LEFT + LEVEL_WIDTH * len(levels) + RIGHT,
    )


def _sideways(heights: Sequence[float]) -> list[int]:
    """Return how many steps to the side each dot lies, so that dots of about one height are told apart."""
    found: list[int] = []
    for index, height in enumerate(heights):
        near = {found[other] for other in range(index) if abs(heights[other] - height) < DOT_DISTANCE}
        order = sorted(range(-MAX_SIDEWAYS, MAX_SIDEWAYS + 1), key=lambda step: (abs(step), step))
        found.append(next((step for step in order if step not in near), 0))
    return found


def _mean(values: Sequence[float], scale: Scale, x: float) -> MeanShape | None:
    if not values:
        return None
    mean, interval = float(np.mean(values)), mean_interval(values)
    if interval is None:
        return MeanShape(x, scale.at(mean), None, None, f"Mean {mean:.3g}")
    text = f"Mean {mean:.3g}, {CONFIDENCE:.0%} interval {interval[0]:.3g} to {interval[1]:.3g}"
    return MeanShape(x, scale.at(mean), scale.at(interval[0]), scale.at(interval[1]), text)


def _lines(places: Mapping[tuple[str, str], str], levels: Sequence[str]) -> tuple[str, ...]:
    people = dict.fromkeys(participant for participant, _ in places)
    lines = ([places[person, level] for level in levels if (person, level) in places] for person in people)
    return tuple(" ".join(points) for points in lines if len(points) > 1)
