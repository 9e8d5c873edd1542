"""The changes from one emotion to another, and the agreement of two readers."""

from dataclasses import replace

import numpy as np
import pytest

from inference.timeline.agreement import Agreement, correction_agreement, grid_agreement, transitions
from inference.timeline.arrays import LabelIndices
from inference.timeline.sampling import UNCOVERED
from inference.types import UNDETERMINED, Correction, Corrections, Evidence, Segment
from tests.webapp.factories import a_timeline


def segments(*labels: str) -> list[Segment]:
    return [Segment(at, at + 1, label, 0.8, {}, Evidence(1.0, 1.0, 0.0)) for at, label in enumerate(labels)]


def path(*values: int) -> LabelIndices:
    return np.array(values, dtype=np.int64)


def test_changes_are_counted_the_most_frequent_first() -> None:
    found = transitions(segments("sad", "happy", "sad", UNDETERMINED, "sad", "happy"))
    assert [(change.before, change.after, change.count) for change in found] == [
        ("sad", "happy", 2),
        ("happy", "sad", 1),
        ("sad", UNDETERMINED, 1),
        (UNDETERMINED, "sad", 1),
    ]


def test_two_segments_with_one_label_are_no_change() -> None:
    assert transitions(segments("sad", "sad")) == ()
    assert transitions(segments("sad")) == ()


def test_kappa_is_that_of_a_textbook_table() -> None:
    # Both yes 20, both no 15, only the first yes 5, only the second yes 10: agreement 0.7, by chance 0.5.
    one = path(*[1] * 20, *[0] * 15, *[1] * 5, *[0] * 10)
    other = path(*[1] * 20, *[0] * 15, *[0] * 5, *[1] * 10)
    found = grid_agreement(one, other, 2)
    assert found is not None
    assert found.observed == pytest.approx(0.7)
    assert found.kappa == pytest.approx(0.4)
    assert found.seconds == pytest.approx(10.0)
    assert found.strength == "fair"


def test_readers_that_always_agree_and_that_never_do() -> None:
    same = grid_agreement(path(0, 1, 2), path(0, 1, 2), 3)
    assert same is not None
    assert same.observed == pytest.approx(1)
    assert same.kappa == pytest.approx(1)
    assert same.strength == "almost perfect"
    never = grid_agreement(path(0, 1), path(1, 0), 2)
    assert never is not None
    assert never.observed == 0
    assert never.kappa == pytest.approx(-1)
    assert never.strength == "no better than chance"


def test_kappa_says_nothing_where_both_know_one_label_only() -> None:
    found = grid_agreement(path(1, 1, 1), path(1, 1, 1), 3)
    assert found is not None
    assert found.observed == pytest.approx(1)
    assert found.kappa is None
    assert found.strength == ""


def test_only_time_that_both_read_counts() -> None:
    undetermined = 2
    found = grid_agreement(path(0, 0, UNCOVERED, undetermined, 1), path(0, 1, 0, 0, UNCOVERED), 2)
    assert found is not None
    assert found.seconds == pytest.approx(0.4)
    assert found.observed == pytest.approx(0.5)
    assert grid_agreement(path(UNCOVERED, 0), path(0, undetermined), 2) is None


@pytest.mark.parametrize(
    ("kappa", "strength"),
    [
        (0.0, "no better than chance"),
        (0.01, "slight"),
        (0.5, "moderate"),
        (0.8, "substantial"),
        (1.0, "almost perfect"),
    ],
)
def test_a_kappa_has_a_name(kappa: float, strength: str) -> None:
    assert Agreement(1.0, 0.5, kappa).strength == strength


def test_a_person_is_compared_with_the_machine_over_all_the_time() -> None:
    read = a_timeline("happy", UNDETERMINED)  # five seconds each
    own = (Correction(0, 4, "happy"), Correction(4, 8, UNDETERMINED), Correction(8, 10, "sad"))
    found = correction_agreement(replace(read, corrections=Corrections(1, "somebody", "", own)))
    assert found is not None
    assert found.seconds == pytest.approx(10)
    assert found.observed == pytest.approx(0.7)
    assert found.kappa == pytest.approx((0.7 - 0.4) / (1 - 0.4))
    assert correction_agreement(read) is None
