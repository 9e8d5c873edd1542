"""A figure as an SVG file by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from django.template.loader import render_to_string

from webapp.studies.figures.course import CoursePanel
from webapp.studies.figures.dots import DotsPanel


@dataclass(frozen=True)
class _Placed:
    x: int
    panel: DotsPanel


def figure_svg(name: str, dots: Sequence[DotsPanel], course: CoursePanel | None) -> str:
    """Return the panels of dots side by side, and the mean courses below them."""
    lefts = [0, *accumulate(panel.width for panel in dots)]
    below = max((panel.height for panel in dots), default=0)
    return render_to_string(
        "studies/figures/figure.svg",
        {
            "name": name,
            "width": max(lefts[-1], course.width if course else 0),
            "height": below + (course.height if course else 0),
            "dots": [_Placed(x, panel) for x, panel in zip(lefts, dots, strict=False)],
            "course": course,
            "course_y": below,
        },
    )
