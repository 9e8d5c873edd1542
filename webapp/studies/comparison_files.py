"""A comparison as files: its figures as SVG, its values as CSV, and a report as HTML."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass

from django.template.loader import render_to_string

from inference.export.html_report import POLICY
from inference.export.table import defused
from webapp.studies.figures.comparison import measure_figures
from webapp.studies.figures.svg import figures_svg
from webapp.studies.statistics.results import ComparisonResult

CSV_COLUMNS = ("measure", "participant", "condition", "value", "observations", "recordings")


@dataclass(frozen=True)
class ComparisonFile:
    """A format: its media type, and what writes a comparison under a name."""

    content_type: str
    write: Callable[[str, ComparisonResult], str]


def _svg(name: str, result: ComparisonResult) -> str:
    return figures_svg(name, measure_figures(result))


def _csv(_name: str, result: ComparisonResult) -> str:
    """Return a row for each measure, participant and condition: what the tests compare."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for one in result.measures:
        for dot in one.dots:
            recordings = dict.fromkeys(source.recording for source in dot.sources)
            about = (defused(one.measure), defused(dot.participant), defused(dot.level))
            writer.writerow([*about, repr(dot.value), len(dot.sources), " ".join(recordings)])
    return text.getvalue()


def _html(name: str, result: ComparisonResult) -> str:
    """Return a page without scripts and external content."""
    context = {
        "policy": POLICY,
        "name": name,
        "result": result,
        "has_mixed_models": any(one.mixed_model for one in result.measures),
        "figures": figures_svg(name, measure_figures(result)),
    }
    return render_to_string("studies/report.html", context)


FORMATS = {
    "svg": ComparisonFile("image/svg+xml", _svg),
    "csv": ComparisonFile("text/csv; charset=utf-8", _csv),
    "html": ComparisonFile("text/html; charset=utf-8", _html),
}
