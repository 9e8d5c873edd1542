"""The files of a comparison: figures, values, report."""

import csv
import io
import re

import numpy as np
import pytest

from tests.webapp.studies.study_values import MEASURE, basis, observations, simulated
from webapp.studies.comparison_files import CSV_COLUMNS, FORMATS
from webapp.studies.measure_names import measure_name
from webapp.studies.statistics.compare import compare
from webapp.studies.statistics.results import ComparisonResult, LeftOut


@pytest.fixture
def result() -> ComparisonResult:
    left_out = [LeftOut(name="<Interview>", reason="No participant is assigned")]
    return compare(simulated(3, effect=2), [MEASURE], basis(), left_out=left_out)


def test_the_values_are_those_that_are_compared(result: ComparisonResult) -> None:
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"].write("A name", result))))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert len(rows) == 12
    for level in result.measures[0].levels:
        values = [float(row["value"]) for row in rows if row["condition"] == level.level]
        assert len(values) == level.participants
        assert np.mean(values) == pytest.approx(level.mean, abs=1e-12)
    assert {row["observations"] for row in rows} == {"2"}


def test_a_name_is_no_formula_and_a_negative_value_stays_a_number() -> None:
    found = compare(observations({"=a": [-0.5, -0.25], "b": [0.5, 0.25]}, paired=False), [MEASURE], basis("=a", "b"))
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"].write("", found))))
    assert {row["condition"] for row in rows} == {"'=a", "b"}
    assert sorted(float(row["value"]) for row in rows) == [-0.5, -0.25, 0.25, 0.5]


def test_the_report_says_all_of_it_without_anything_from_elsewhere(result: ComparisonResult) -> None:
    page = FORMATS["html"].write("Happy & glad", result)
    assert "Happy &amp; glad" in page and "&lt;Interview&gt;" in page and "<Interview>" not in page
    assert result.methods.split(".")[0] in page
    assert "An estimate." in page
    (pair,) = result.measures[0].pairs
    assert f"{pair.difference:.3g}" in page and f"{pair.test.p:.3f}" in page
    assert page.count("figure-dot") == 12
    assert not re.search(r"<script|src=|https?://(?!www\.w3\.org)", page)


@pytest.mark.parametrize(
    ("measure", "name"),
    [
        ("mean_probability_happy", "Mean probability of happy"),
        ("latency_s_sad", "Latency of sad (s)"),
        ("valence", "Valence"),
        ("unknown", "unknown"),
    ],
)
def test_measures_have_names(measure: str, name: str) -> None:
    assert measure_name(measure) == name


@pytest.mark.slow
def test_three_conditions_have_a_row_for_each_two() -> None:
    found = compare(simulated(1, effect=3, levels="abc"), [MEASURE, MEASURE], basis("a", "b", "c"))
    page = FORMATS["html"].write("Three", found)
    for named in ("a against b", "a against c", "b against c"):
        assert page.count(named) == 2
    assert "F = " in page and "p, Holm" in page
