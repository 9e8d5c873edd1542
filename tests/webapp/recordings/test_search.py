"""Looking for recordings, and for analyses, segments and files by the recordings that they belong to."""

import csv
import io
import zipfile
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tests.webapp.factories import AnalysisFactory, finished, with_files
from webapp.accounts.models import User
from webapp.analyses.filters import MAX_IDS, MAX_WORDS
from webapp.analyses.models import Analysis
from webapp.recordings import projects_and_tags
from webapp.recordings.models import MAX_TAGS, MediaFile, Project, Recording

API = "/api/v1/"


@pytest.fixture
def project(owner: User) -> Project:
    return projects_and_tags.create_project(owner=owner, name="Pilot")


@pytest.fixture
def library(owner: User, project: Project) -> None:
    anna = finished("happy", "happy", "sad", recording__owner=owner, recording__title="Anna, first visit").recording
    projects_and_tags.update_recording(recording=anna, project=project, tags=["Left-handed", "Adult"])
    with_files(anna, video=b"a")
    MediaFile.objects.update(original_name="DSC_0042.MOV")
    ben = finished("sad", recording__owner=owner, recording__title="Ben 100%").recording
    projects_and_tags.update_recording(recording=ben, tags=["adult"])
    AnalysisFactory.create(recording__owner=owner, recording__title="Carla", model_name="intermediate-attention-5")
    Recording.objects.filter(title="Carla").update(created_at=datetime(2026, 3, 31, 23, 30, tzinfo=UTC))


def titles(api: APIClient, **query: Any) -> set[str]:
    answer = api.get(f"{API}recordings/", query)
    assert answer.status_code == 200, answer.json()
    return {row["title"].split()[0].strip(",") for row in answer.json()["results"]}


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"search": "anna"}, {"Anna"}),
        ({"search": "visit ANNA"}, {"Anna"}),
        ({"search": "dsc_0042"}, {"Anna"}),
        ({"search": "handed visit"}, {"Anna"}),
        ({"search": "adult"}, {"Anna", "Ben"}),
        ({"search": "anna ben"}, set()),
        ({"search": "%"}, {"Ben"}),
        ({"search": "dscX0042"}, set()),
        ({"tag": "ADULT"}, {"Anna", "Ben"}),
        ({"tag": "adult, left-handed"}, {"Anna"}),
        ({"tag": "adul"}, set()),
        ({"tag": "adult,Adult,ADULT"}, {"Anna", "Ben"}),
        ({"tag": "adult,"}, set()),
        ({"tag": ",".join(["adult"] * MAX_TAGS)}, {"Anna", "Ben"}),
        ({"search": " ".join(["anna"] * MAX_WORDS)}, {"Anna"}),
        ({"project": "none"}, {"Ben", "Carla"}),
        ({"label": "sad"}, {"Ben"}),
        ({"status": "queued"}, {"Carla"}),
        ({"model": "intermediate-attention-5"}, {"Carla"}),
        ({"model": "intermediate-attention-8@1"}, {"Anna", "Ben"}),
        ({"model": "intermediate-attention-8@2"}, set()),
        ({"created_after": "2026-03-31", "created_before": "2026-03-31"}, {"Carla"}),
        ({"created_before": "2026-03-31T00:00:00Z"}, set()),
        ({"created_before": "2026-03-30"}, set()),
        ({"created_before": "2026-03-31T18:00:00-18:27"}, {"Carla"}),
        ({"label": "happy", "tag": "adult", "search": "first"}, {"Anna"}),
        ({}, {"Anna", "Ben", "Carla"}),
    ],
)
def test_recordings_are_found(api: APIClient, query: dict[str, str], found: set[str]) -> None:
    assert titles(api, **query) == found


@pytest.mark.usefixtures("library")
def test_the_analysis_that_is_shown_counts(api: APIClient, owner: User) -> None:
    anna = owner.recordings.get(title__startswith="Anna")
    finished("sad", recording=anna)
    assert titles(api, label="sad") == {"Anna", "Ben"}
    assert titles(api, label="happy") == set()
    AnalysisFactory.create(recording=anna, status=Analysis.Status.CANCELLED)
    assert titles(api, label="sad") == {"Anna", "Ben"}
    assert titles(api, status="cancelled") == set()


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("query", [{"search": "handed"}, {"tag": "left-handed"}, {"project": ""}])
def test_the_same_words_find_analyses_segments_and_files(
    api: APIClient, project: Project, query: dict[str, str]
) -> None:
    query = {name: value or str(project.pk) for name, value in query.items()}
    anna = str(Recording.objects.get(title__startswith="Anna").pk)
    assert [row["recording"] for row in api.get(f"{API}analyses/", query).json()["results"]] == [anna]
    assert {row["recording"] for row in api.get(f"{API}segments/", query).json()["results"]} == {anna}
    with zipfile.ZipFile(io.BytesIO(api.get(f"{API}exports/", query | {"formats": "csv"}).getvalue())) as file:
        rows = list(csv.DictReader(io.StringIO(file.read("manifest.csv").decode(), newline="")))
    assert [row["recording"] for row in rows] == [anna]


@pytest.mark.usefixtures("library")
def test_a_title_can_be_what_the_order_goes_by(api: APIClient) -> None:
    rows = api.get(f"{API}recordings/", {"ordering": "-title"}).json()["results"]
    assert [row["title"][0] for row in rows] == ["C", "B", "A"]


@pytest.mark.parametrize(
    "query",
    [
        {"project": "Pilot"},
        {"status": "asleep"},
        {"created_before": "soon"},
        {"created_after": "2026-02-30"},
        {"created_before": "2026-02-30"},
        {"created_after": "0001-01-01T00:00:00+01:00"},
        {"search": "a\x00b"},
        {"search": "anna " * (MAX_WORDS + 1)},
        {"search": "a" * 201},
        {"tag": "adult," * MAX_TAGS},
        {"recording": ",".join([str(UUID(int=0))] * (MAX_IDS + 1))},
    ],
)
def test_what_cannot_be_looked_for_is_named(api: APIClient, query: dict[str, str]) -> None:
    answer = api.get(f"{API}recordings/", query)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["errors"]) == list(query)


@pytest.mark.usefixtures("library")
def test_many_tags_are_looked_for_in_one_subquery(api: APIClient) -> None:
    with CaptureQueriesContext(connection) as captured:
        assert titles(api, tag=",".join(f"tag {number}" for number in range(MAX_TAGS))) == set()
    assert captured[-1]["sql"].count("recordings_recording_tags") < MAX_TAGS


@pytest.mark.usefixtures("library")
def test_nothing_of_somebody_else_is_found(client_of: Any, stranger: User, project: Project) -> None:
    theirs = client_of(stranger)
    for path in ("recordings", "analyses", "segments"):
        for query in ({"search": "anna"}, {"tag": "adult"}, {"project": str(project.pk)}, {"project": "none"}):
            assert theirs.get(f"{API}{path}/", query).json()["results"] == []
