"""Figures of comparisons: where the shapes are, and the file that they become."""

from xml.etree import ElementTree

import numpy as np
import pytest
from scipy import stats

from tests.webapp.studies.study_values import MEASURE, basis, observations
from webapp.studies.figures.comparison import MeasureFigure
from webapp.studies.figures.course import course_panel
from webapp.studies.figures.dots import dots_panels, mean_interval
from webapp.studies.figures.scale import linear_scale
from webapp.studies.figures.svg import figures_svg
from webapp.studies.statistics.compare import compare
from webapp.studies.statistics.mean_curve import mean_curve
from webapp.studies.statistics.results import MeasureResult

HIGH, LOW = [0.61, 0.52, 0.7, 0.55], [0.41, 0.5, 0.45, 0.58]


def measured(*, paired: bool) -> MeasureResult:
    (found,) = compare(observations({"a": HIGH, "b": LOW}, paired=paired), [MEASURE], basis(paired=paired)).measures
    return found


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([0.13, 0.81], ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        ([-0.2, 0.21], ["-0.2", "-0.1", "0.0", "0.1", "0.2", "0.3"]),
        ([0.301, 0.309], ["0.300", "0.302", "0.304", "0.306", "0.308", "0.310"]),
        ([12, 130], ["0", "25", "50", "75", "100", "125", "150"]),
        ([0.5, 0.5], ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    ],
)
def test_an_axis_has_round_ticks_around_its_values(values: list[float], texts: list[str]) -> None:
    scale = linear_scale(values, start=100, end=0)
    assert [tick.text for tick in scale.ticks] == texts
    assert (scale.ticks[0].at, scale.ticks[-1].at) == pytest.approx((100, 0))


def test_a_dot_lies_at_its_value_and_leads_to_its_source() -> None:
    (panel,) = dots_panels(measured(paired=False), paired=False, axis="x", link=lambda source: f"/{source.recording}/")
    low, high = sorted(level.mean.y for level in panel.levels if level.mean)
    assert [level.participants for level in panel.levels] == [4, 4]
    assert sorted(dot.y for dot in panel.levels[0].dots) == pytest.approx(
        sorted(panel.scale.at(value) for value in HIGH)
    )
    assert {dot.href for dot in panel.levels[0].dots} == {f"/a{number:02}-a-0/" for number in range(4)}
    assert low == pytest.approx(panel.scale.at(float(np.mean(HIGH))))
    assert high == pytest.approx(panel.scale.at(float(np.mean(LOW))))
    assert panel.lines == ()


def test_paired_dots_are_joined_within_a_participant() -> None:
    (panel,) = dots_panels(measured(paired=True), paired=True, axis="x")
    assert len(panel.lines) == 4
    ends = [[float(point.split(",")[1]) for point in line.split()] for line in panel.lines]
    assert sorted(ends) == pytest.approx(
        np.array(sorted([panel.scale.at(a), panel.scale.at(b)] for a, b in zip(HIGH, LOW, strict=True))), abs=0.06
    )


def test_groups_are_panels_on_one_scale() -> None:
    groups = {"P00": "staff", "P01": "staff", "P02": "students"}
    panels = dots_panels(measured(paired=True), paired=True, axis="x", groups=groups)
    assert [panel.title for panel in panels] == ["No group", "staff", "students"]
    assert [len(panel.levels[0].dots) for panel in panels] == [1, 2, 1]
    assert len({panel.scale for panel in panels}) == 1


def test_the_interval_is_students() -> None:
    found = stats.ttest_1samp(HIGH, 0).confidence_interval(0.95)
    assert mean_interval(HIGH) == pytest.approx((found.low, found.high))
    assert mean_interval(HIGH[:1]) is None


def test_a_course_has_a_gap_where_nothing_is_read() -> None:
    times = np.arange(0, 10, 0.5)
    rising = np.where((times > 3) & (times < 5), np.nan, times / 10)
    curves = {"a": mean_curve(times, {"P1": [rising], "P2": [rising + 0.1]}), "b": mean_curve(times, {"P1": [rising]})}
    panel = course_panel(curves, axis="x")
    assert panel is not None
    first, second = panel.courses
    assert first.line.count("M") == 2 and first.band.count("Z") == 2
    assert second.line.count("M") == 2 and second.band == ""
    assert course_panel({"a": mean_curve(times, {"P1": [times * np.nan]})}, axis="x") is None


def test_the_file_is_svg_with_what_names_hold_escaped() -> None:
    groups = dict.fromkeys(("P00", "P01"), "<b>&")
    panels = dots_panels(measured(paired=True), paired=True, axis="x", groups=groups)
    figure = MeasureFigure(MEASURE, "Happy", panels, None)
    root = ElementTree.fromstring(figures_svg("Happy & sad", [figure, figure]))  # noqa: S314 written here
    assert root.get("width") == str(sum(panel.width for panel in panels))
    assert root.get("height") == str(2 * panels[0].height)
    texts = {element.text for element in root.iter() if element.text}
    assert {"<b>&", "Happy & sad"} <= texts
    assert len([element for element in root.iter() if element.get("class") == "figure-dot"]) == 16
