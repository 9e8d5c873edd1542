"""Lists: narrowed down, put in order, page by page, and at the same price however long they are."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from inference.types import UNDETERMINED
from tests.webapp.factories import AnalysisFactory, RecordingFactory, finished, published
from webapp.accounts.models import User
from webapp.analyses.models import Analysis

API = "/api/v1/"


def listed(api: APIClient, path: str, **query: Any) -> list[dict[str, Any]]:
    answer = api.get(API + path, query)
    assert answer.status_code == 200, answer.json()
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


@pytest.fixture
def happy(owner: User) -> Analysis:
    return finished("happy", "happy", "sad", recording__owner=owner)


@pytest.fixture
def waiting(owner: User) -> Analysis:
    analysis: Analysis = AnalysisFactory.create(
        recording__owner=owner, model_name="intermediate-attention-5", model_version="2"
    )
    return analysis


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in rows]


def test_analyses_come_newest_first(api: APIClient, happy: Analysis, waiting: Analysis) -> None:
    assert ids(listed(api, "analyses/")) == [str(waiting.pk), str(happy.pk)]
    assert ids(listed(api, "analyses/", ordering="created_at")) == [str(happy.pk), str(waiting.pk)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"status": "succeeded"}, ["happy"]),
        ({"status": "queued"}, ["waiting"]),
        ({"model": "intermediate-attention-5"}, ["waiting"]),
        ({"model": "intermediate-attention-5@2"}, ["waiting"]),
        ({"model": "intermediate-attention-5@1"}, []),
        ({"label": "happy"}, ["happy"]),
        ({"label": "sad"}, []),
        ({"status": "succeeded", "label": "happy", "ordering": "-created_at"}, ["happy"]),
        ({}, ["waiting", "happy"]),
    ],
)
def test_analyses_can_be_narrowed_down(
    api: APIClient, happy: Analysis, waiting: Analysis, query: dict[str, str], found: list[str]
) -> None:
    known = {"happy": str(happy.pk), "waiting": str(waiting.pk)}
    assert ids(listed(api, "analyses/", **query)) == [known[name] for name in found]


def test_analyses_of_a_time_can_be_found(api: APIClient, happy: Analysis, waiting: Analysis) -> None:
    Analysis.objects.filter(pk=happy.pk).update(created_at=happy.created_at - timedelta(days=2))
    yesterday = (happy.created_at - timedelta(days=1)).isoformat()
    assert ids(listed(api, "analyses/", created_after=yesterday)) == [str(waiting.pk)]
    assert ids(listed(api, "analyses/", created_before=yesterday)) == [str(happy.pk)]


def test_analyses_of_a_recording_can_be_found(api: APIClient, happy: Analysis, waiting: Analysis) -> None:
    assert ids(listed(api, "analyses/", recording=waiting.recording_id)) == [str(waiting.pk)]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("analyses/", {"status": "asleep"}),
        ("analyses/", {"created_after": "yesterday"}),
        ("analyses/", {"recording": "mine"}),
        ("analyses/", {"ordering": "mood"}),
        ("recordings/", {"ordering": "owner"}),
        ("segments/", {"ordering": "-analysis"}),
        ("segments/", {"min_confidence": "high"}),
    ],
)
def test_a_filter_that_makes_no_sense_is_named(api: APIClient, path: str, query: dict[str, str]) -> None:
    answer = api.get(API + path, query)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["errors"]) == list(query)


def test_segments_are_found_across_all_analyses(api: APIClient, happy: Analysis, owner: User) -> None:
    other = published("sad", UNDETERMINED, recording__owner=owner)
    rows = listed(api, "segments/")
    assert [row["label"] for row in rows] == [UNDETERMINED, "sad", "sad", "happy", "happy"]
    sad = listed(api, "segments/", label="sad")
    assert [row["analysis"] for row in sad] == [str(other.pk), str(happy.pk)]
    assert [row["recording"] for row in sad] == [str(other.recording_id), str(happy.recording_id)]
    assert [row["analysis"] for row in listed(api, "segments/", min_duration=4)] == [str(other.pk)] * 2
    assert UNDETERMINED not in [row["label"] for row in listed(api, "segments/", min_confidence=0.5)]
    assert listed(api, "segments/", min_confidence=0.9) == []
    assert len(listed(api, "segments/", recording=happy.recording_id)) == 3
    assert listed(api, "segments/", label="happy", ordering="duration_s")[0]["duration_s"] == pytest.approx(3.333)


@pytest.mark.parametrize(
    "path",
    ["analyses/", "segments/", "segments/?ordering=confidence", "segments/?ordering=-confidence", "{}/segments/"],
)
def test_pages_hold_every_row_once(api: APIClient, owner: User, path: str) -> None:
    for labels in (("happy", "sad", "neutral"), ("sad", "happy"), ("neutral",) * 4):
        analysis = published(*labels, recording__owner=owner)
    path = path.format(f"analyses/{analysis.pk}")
    every = api.get(f"{API}{path}").json()["results"]
    assert len(every) >= 3
    found: list[Any] = []
    page = api.get(f"{API}{path}{'&' if '?' in path else '?'}page_size=2")
    while True:
        found += page.json()["results"]
        assert len(page.json()["results"]) <= 2
        if not page.json()["next"]:
            break
        page = api.get(page.json()["next"])
    assert found == every


@pytest.mark.parametrize("cursor", ["nonsense", "cD1ub25zZW5zZQ==", "bz0tMQ=="])
@pytest.mark.parametrize("path", ["analyses/", "segments/", "recordings/"])
def test_a_cursor_written_by_hand_is_not_found(api: APIClient, happy: Analysis, path: str, cursor: str) -> None:
    answer = api.get(API + path, {"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


LISTS: dict[str, tuple[int, Callable[[Analysis], str]]] = {
    "recordings": (4, lambda analysis: "recordings/"),
    "analyses": (2, lambda analysis: "analyses/"),
    "segments": (1, lambda analysis: "segments/"),
    "one timeline": (3, lambda analysis: f"analyses/{analysis.pk}/segments/"),
    "one analysis' windows": (3, lambda analysis: f"analyses/{analysis.pk}/windows/"),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_longer_list_costs_no_more_queries(api: APIClient, owner: User, name: str) -> None:
    queries, path = LISTS[name]
    analysis = finished(*["happy", "sad"] * 10, recording__owner=owner)
    for _ in range(5):
        finished("happy", recording=RecordingFactory.create(owner=owner))
    with CaptureQueriesContext(
        connection,
    ) as captured:
        rows = api.get(API + path(analysis)).json()["results"]
    assert len(rows) >= 6
    assert len(captured) == queries, [query["sql"] for query in captured]
