"""Figures as an SVG file by themselves."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.template.loader import render_to_string

from webapp.studies.figures.comparison import MeasureFigure
from webapp.studies.figures.course import CoursePanel
from webapp.studies.figures.dots import DotsPanel


@dataclass(frozen=True)
class _Placed:
    """A panel with where it is."""

    x: int
    y: int
    panel: DotsPanel | CoursePanel

    @property
    def template(self) -> str:
        """What draws it."""
        return f"studies/figures/_{'dots' if isinstance(self.panel, DotsPanel) else 'course'}.svg"


def figures_svg(name: str, figures: Sequence[MeasureFigure]) -> str:
    """Return the figures below one another, each with its panels of dots side by side and its courses below them."""
    placed: list[_Placed] = []
    y = 0
    for figure in figures:
        x = 0
        for panel in figure.dots:
            placed.append(_Placed(x, y, panel))
            x += panel.width
        y += max((panel.height for panel in figure.dots), default=0)
        if figure.course:
            placed.append(_Placed(0, y, figure.course))
            y += figure.course.height
    width = max((one.x + one.panel.width for one in placed), default=0)
    return render_to_string(
        "studies/figures/figures.svg", {"name": name, "width": width, "height": y, "placed": placed}
    )
