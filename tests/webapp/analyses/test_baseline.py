"""The neutral span that the owner of a recording marks, over REST and on the page."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from inference.types import UNDETERMINED
from tests.webapp.factories import DURATION_S, AnalysisFactory, published
from webapp.accounts.models import User
from webapp.analyses.models import Analysis, NeutralBaseline
from webapp.analyses.services import erase
from webapp.audit.models import Action, Entry

NOTHING = dict.fromkeys(("start_s", "end_s", "by", "at"))


@pytest.fixture
def analysis(owner: User) -> Analysis:
    """Sad for 5 s, then undetermined, then happy."""
    return published("sad", "sad", UNDETERMINED, "happy", recording__owner=owner)


def address(analysis: Analysis) -> str:
    return f"/api/v1/analyses/{analysis.pk}/baseline/"


def put(api: APIClient, analysis: Analysis, start_s: Any, end_s: Any) -> Any:
    return api.put(address(analysis), {"start_s": start_s, "end_s": end_s}, format="json")


def test_a_span_is_marked_changed_and_removed(api: APIClient, analysis: Analysis, owner: User) -> None:
    assert api.get(address(analysis)).json() == NOTHING
    answer = put(api, analysis, 0, 5)
    assert answer.status_code == 200
    assert answer.json() == api.get(address(analysis)).json()
    assert (answer.json()["start_s"], answer.json()["end_s"], answer.json()["by"]) == (0, 5, owner.username)
    assert put(api, analysis, 0, 4.5).json()["end_s"] == 4.5
    assert api.delete(address(analysis)).status_code == 204
    assert api.delete(address(analysis)).status_code == 204
    assert api.get(address(analysis)).json() == NOTHING
    done = [Action.BASELINE_CHANGED] * 3
    assert [*Entry.objects.filter(object_id=str(analysis.pk)).values_list("action", flat=True)] == done


def test_the_export_has_relative_probabilities_beside_the_models(api: APIClient, analysis: Analysis) -> None:
    before = api.get(f"/api/v1/analyses/{analysis.pk}/export/json/").json()
    put(api, analysis, 0, 5)
    result = api.get(f"/api/v1/analyses/{analysis.pk}/export/json/").json()
    first, _, nobody, last = result["segments"]
    assert (result["baseline"]["start_s"], result["baseline"]["end_s"]) == (0, 5)
    assert first["relative"] == pytest.approx(dict.fromkeys(("neutral", "happy", "sad"), 1 / 3), abs=1e-5)
    assert last["relative"]["happy"] > last["relative"]["neutral"] > last["relative"]["sad"]
    assert "relative" not in nobody
    for segment in result["segments"]:
        segment.pop("relative", None)
    assert result["segments"] == before["segments"] and result["windows"] == before["windows"]


def test_segments_have_probabilities_relative_to_it(api: APIClient, analysis: Analysis) -> None:
    segments = f"/api/v1/analyses/{analysis.pk}/segments/"
    before = api.get(segments)
    assert {each["relative"] for each in before.json()["results"]} == {None}
    put(api, analysis, 0, 5)
    after = api.get(segments, headers={"If-None-Match": before["ETag"]})
    assert after.status_code == 200
    exported = api.get(f"/api/v1/analyses/{analysis.pk}/export/json/").json()["segments"]
    for segment, same in zip(after.json()["results"], exported, strict=True):
        assert segment["relative"] == pytest.approx(same.get("relative"), abs=1e-5)
    assert api.get(segments, headers={"If-None-Match": after["ETag"]}).status_code == 304


@pytest.mark.parametrize(
    ("start_s", "end_s", "code"),
    [
        (4, DURATION_S + 1, "baseline_range"),
        (3, 3, "baseline_range"),
        (0, 1, "baseline_short"),
        (5.1, 7.6, "baseline_undetermined"),
    ],
)
def test_a_span_that_cannot_be_used_is_refused(
    api: APIClient, analysis: Analysis, start_s: float, end_s: float, code: str
) -> None:
    answer = put(api, analysis, start_s, end_s)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert api.get(address(analysis)).json() == NOTHING


@pytest.mark.parametrize("wrong", ["x", None, "nan"])
def test_what_is_no_time_is_refused(api: APIClient, analysis: Analysis, wrong: Any) -> None:
    assert put(api, analysis, wrong, 5).status_code in (400, 422)


def test_before_there_is_a_timeline_nothing_can_be_marked(api: APIClient, owner: User) -> None:
    answer = put(api, AnalysisFactory.create(recording__owner=owner), 0, 5)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_ready")


def test_it_is_the_owners_to_mark(
    client_of: Callable[[User | None], APIClient], analysis: Analysis, stranger: User
) -> None:
    assert put(client_of(stranger), analysis, 0, 5).status_code == 404
    assert client_of(stranger).delete(address(analysis)).status_code == 404
    assert not NeutralBaseline.objects.exists()


def test_it_is_erased_with_the_recording(api: APIClient, analysis: Analysis) -> None:
    put(api, analysis, 0, 5)
    erase(recording=analysis.recording)
    assert not NeutralBaseline.objects.exists()


@pytest.fixture
def page(client: Client, owner: User, analysis: Analysis) -> Callable[[str], str]:
    client.force_login(owner)
    result = reverse("pages:result", args=[analysis.pk])
    return lambda query: client.get(f"{result}{query}").content.decode()


def test_the_page_marks_switches_and_removes(client: Client, analysis: Analysis, page: Callable[[str], str]) -> None:
    save = reverse("pages:baseline", args=[analysis.pk])
    assert "Mark as neutral" in page("") and "Relative to baseline" not in page("?relative=1")
    assert client.post(save, {"start_s": "0", "end_s": "5"}).url.endswith("?relative=1#baseline")  # type: ignore[attr-defined]
    as_read, relative = page(""), page("?relative=1")
    assert "Relative to baseline" in as_read and 'id="relative-note"' not in as_read
    assert 'id="relative-note"' in relative
    assert relative.count("33 %") > as_read.count("33 %")
    client.post(save, {"action": "remove"})
    assert not NeutralBaseline.objects.exists()


def test_the_page_says_what_is_wrong_with_a_span(
    client: Client, analysis: Analysis, page: Callable[[str], str]
) -> None:
    save = reverse("pages:baseline", args=[analysis.pk])
    client.post(save, {"start_s": "0", "end_s": "1"})
    assert "the length of a window" in page("")
    client.post(save, {"start_s": "soon", "end_s": ""})
    assert "in seconds" in page("")
    assert not NeutralBaseline.objects.exists()
