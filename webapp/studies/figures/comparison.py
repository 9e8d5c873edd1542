"""All figures of a comparison."""

from collections.abc import Mapping
from dataclasses import dataclass

from webapp.studies.figures.course import CoursePanel, course_panel
from webapp.studies.figures.dots import DotsPanel, Link, dots_panels
from webapp.studies.measure_names import measure_name
from webapp.studies.statistics.results import ComparisonResult


@dataclass(frozen=True)
class MeasureFigure:
    """The figure of one measure: panels of dots, and the mean courses where it has any."""

    measure: str
    name: str
    dots: tuple[DotsPanel, ...]
    course: CoursePanel | None


def measure_figures(
    result: ComparisonResult, *, link: Link = lambda _: "", groups: Mapping[str, str] | None = None
) -> list[MeasureFigure]:
    """Return a figure for each measure; with `groups` {participant: group} its dots are panels of groups."""
    figures = []
    for one in result.measures:
        name = measure_name(one.measure) + (", relative" if result.basis.baseline else "")
        courses = {curve.level: curve.course for curve in result.curves if curve.measure == one.measure}
        ordered = {level: courses[level] for level in result.basis.levels if level in courses}
        figures.append(
            MeasureFigure(
                measure=one.measure,
                name=name,
                dots=dots_panels(one, paired=result.basis.paired, axis=name, link=link, groups=groups),
                course=course_panel(ordered, axis=name) if ordered else None,
            )
        )
    return figures
