"""A person's own timeline beside the machine's, over REST."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.webapp.factories import DURATION_S, AnalysisFactory, published
from webapp.accounts.models import User
from webapp.analyses import selectors
from webapp.analyses.models import Analysis

OWN = [(0, 4, "sad", "tears"), (4, 9.5, "undetermined", ""), (9.5, DURATION_S, "happy", "")]


@pytest.fixture
def analysis(owner: User) -> Analysis:
    return published("happy", "sad", recording__owner=owner)


def address(analysis: Analysis) -> str:
    return f"/api/v1/analyses/{analysis.pk}/corrections/"


def rows(*segments: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [dict(zip(("start_s", "end_s", "label", "note"), one, strict=False)) for one in segments]


def put(api: APIClient, analysis: Analysis, revision: int, *segments: tuple[Any, ...]) -> Any:
    return api.put(address(analysis), {"revision": revision, "segments": rows(*segments)}, format="json")


def test_before_anybody_corrects_there_is_nothing(api: APIClient, analysis: Analysis) -> None:
    answer = api.get(address(analysis))
    assert (answer.status_code, answer.json()) == (200, {"revision": 0, "by": None, "at": None, "segments": []})


def test_what_is_put_is_kept_with_who_and_when(api: APIClient, analysis: Analysis, owner: User) -> None:
    answer = put(api, analysis, 0, *OWN)
    assert answer.status_code == 200
    assert answer.json() == api.get(address(analysis)).json()
    assert answer.json()["segments"] == rows(*OWN)
    assert (answer.json()["revision"], answer.json()["by"]) == (1, owner.username)
    assert answer.json()["at"].startswith("20")


def test_the_machine_says_what_it_said(api: APIClient, analysis: Analysis) -> None:
    before = api.get(f"/api/v1/analyses/{analysis.pk}/segments/").json()
    put(api, analysis, 0, *OWN)
    assert api.get(f"/api/v1/analyses/{analysis.pk}/segments/").json() == before
    result = api.get(f"/api/v1/analyses/{analysis.pk}/export/json/").json()
    assert [one["label"] for one in result["segments"]] == ["happy", "sad"]
    assert result["corrections"]["segments"] == rows(*OWN)


@pytest.mark.parametrize(
    ("segments", "code"),
    [
        ([(0, 4, "sad"), (5, 10, "happy")], "correction_gap"),
        ([(1, 10, "sad")], "correction_gap"),
        ([(0, 9, "sad")], "correction_gap"),
        ([], "correction_gap"),
        ([(0, 6, "sad"), (5, 10, "happy")], "correction_overlap"),
        ([(5, 10, "sad"), (0, 5, "happy")], "correction_gap"),
        ([(0, 10, "bored")], "correction_label"),
        ([(0, 11, "sad")], "correction_range"),
        ([(-1, 10, "sad")], "correction_range"),
        ([(0, 5, "sad"), (5, 5, "happy"), (5, 10, "sad")], "correction_range"),
        ([(0, "nan", "sad")], "invalid"),
        ([(0, "inf", "sad")], "invalid"),
        ([(0, 10, "sad", "x" * 501)], "invalid"),
        ([(0, 10, "sad", "\0")], "invalid"),
        ([(0, "soon", "sad")], "invalid"),
    ],
)
def test_what_does_not_tile_the_recording_is_refused(
    api: APIClient, analysis: Analysis, segments: list[tuple[Any, ...]], code: str
) -> None:
    put(api, analysis, 0, *OWN)
    answer = put(api, analysis, 1, *segments)
    assert answer.json()["code"] == code
    assert answer.status_code == (400 if code == "invalid" else 422)
    assert api.get(address(analysis)).json()["segments"] == rows(*OWN)


def test_times_have_three_decimals(api: APIClient, analysis: Analysis) -> None:
    answer = put(api, analysis, 0, (0, 4.00004, "sad"), (3.9999, 10, "happy"))
    assert [one["end_s"] for one in answer.json()["segments"]] == [4.0, 10.0]


def test_two_who_correct_at_once_do_not_overwrite_each_other(api: APIClient, analysis: Analysis) -> None:
    put(api, analysis, 0, *OWN)
    answer = put(api, analysis, 0, (0, 10, "neutral"))
    assert (answer.status_code, answer.json()["code"]) == (409, "revision_conflict")
    assert api.delete(f"{address(analysis)}?revision=0").json()["code"] == "revision_conflict"
    assert put(api, analysis, 1, (0, 10, "neutral")).json()["revision"] == 2


def test_removed_corrections_are_gone_and_their_revision_never_comes_again(api: APIClient, analysis: Analysis) -> None:
    put(api, analysis, 0, *OWN)
    assert api.delete(address(analysis)).json()["code"] == "invalid"
    assert api.delete(f"{address(analysis)}?revision=1").status_code == 204
    assert api.get(address(analysis)).json()["segments"] == []
    assert "corrections" not in api.get(f"/api/v1/analyses/{analysis.pk}/export/json/").json()
    assert put(api, analysis, 1, *OWN).status_code == 409
    assert put(api, analysis, 2, *OWN).json()["revision"] == 3


def test_without_a_timeline_there_is_nothing_to_correct(api: APIClient, owner: User) -> None:
    answer = put(api, AnalysisFactory.create(recording__owner=owner), 0, *OWN)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_ready")


def test_they_are_nobody_elses(client_of: Callable[..., APIClient], stranger: User, analysis: Analysis) -> None:
    other = client_of(stranger)
    for answer in (other.get(address(analysis)), put(other, analysis, 0, *OWN), other.delete(address(analysis))):
        assert answer.status_code == 404
    assert client_of(None).get(address(analysis)).status_code == 401
    assert selectors.corrections(analysis).segments == ()


def test_the_name_goes_with_its_person(api: APIClient, analysis: Analysis, stranger: User) -> None:
    put(api, analysis, 0, *OWN)
    analysis.corrected.by = stranger
    analysis.corrected.save()
    stranger.delete()
    assert api.get(address(analysis)).json()["by"] is None
