"""The tab of quality: what is known of recordings, thresholds, and what follows from them."""

from typing import Any

import pytest
from django.test import Client

from tests.webapp import sharing
from tests.webapp.factories import ParticipantFactory, ProjectFactory, UserFactory, published
from webapp.accounts.models import User
from webapp.analyses.models import Analysis
from webapp.audit.models import Action, Entry
from webapp.recordings.models import Project
from webapp.studies.models import QualityThresholds
from webapp.studies.thresholds import set_thresholds, thresholds_of

EMPTY = dict.fromkeys(("face_share", "face_size", "voice_share", "mean_confidence"), "")


@pytest.fixture
def project(user: User) -> Project:
    return ProjectFactory.create(owner=user, name="Adverts")


@pytest.fixture
def analyses(project: Project) -> list[Analysis]:
    """The face is seen all of the time in one recording, and half of it in the other; a voice is heard in a quarter."""
    about: dict[str, Any] = {"recording__owner": project.owner, "recording__project": project}
    person = ParticipantFactory.create(project=project, code="P01")
    return [
        published("happy", **about, recording__title="Seen", recording__participant=person),
        published("happy", "undetermined", **about, recording__title="Turned away"),
    ]


def address(project: Project) -> str:
    return f"/projects/{project.pk}/quality/"


def test_without_timelines_it_is_said_when_there_is_more(owner: Client, project: Project) -> None:
    assert "No timelines yet" in owner.get(address(project)).content.decode()


def test_each_recording_has_its_shares(owner: Client, project: Project, analyses: list[Analysis]) -> None:
    page = owner.get(address(project)).content.decode()
    rows = [row for row in page.split("<tr>") if "/analyses/" in row]
    seen, away = (next(row for row in rows if title in row) for title in ("Seen", "Turned away"))
    assert ">100 %<" in seen and ">25 %<" in seen and "P01" in seen and ">80 %<" in seen
    assert ">50 %<" in away
    assert "below-cell" not in page and "Below a threshold" not in page


def test_thresholds_mark_filter_and_leave_out(owner: Client, project: Project, analyses: list[Analysis]) -> None:
    answer = owner.post(address(project), EMPTY | {"face_share": "60", "voice_share": "25"})
    assert answer.status_code == 302
    assert thresholds_of(project.pk) == {"face_share": 0.6, "voice_share": 0.25}
    page = owner.get(address(project)).content.decode()
    assert page.count("below-cell") == 1
    below = owner.get(f"{address(project)}?below=1").content.decode()
    assert "Turned away" in below and "Seen" not in below
    said = "Below the project’s threshold of face share"
    assert said in owner.get(f"/analyses/{analyses[1].pk}/").content.decode()
    assert said not in owner.get(f"/analyses/{analyses[0].pk}/").content.decode()
    owner.post(address(project), EMPTY)
    assert thresholds_of(project.pk) == {}
    assert Entry.objects.filter(action=Action.THRESHOLDS_CHANGED, object_id=str(project.pk)).exists()
    assert said not in owner.get(f"/analyses/{analyses[1].pk}/").content.decode()


@pytest.mark.parametrize("value", ["-1", "101", "half", "nan"])
def test_a_threshold_is_a_percentage(owner: Client, project: Project, value: str) -> None:
    answer = owner.post(address(project), EMPTY | {"face_share": value})
    assert answer.status_code == 422
    assert "Enter a percentage from 0 to 100." in answer.content.decode()
    assert not QualityThresholds.objects.exists()


def test_who_is_shown_the_project_sees_thresholds_and_sets_none(project: Project, analyses: list[Analysis]) -> None:
    set_thresholds(project=project, by=project.owner, face_share=0.6)
    reader, client = UserFactory.create(), Client()
    sharing.with_person(project, reader)
    client.force_login(reader)
    page = client.get(address(project)).content.decode()
    assert "Least face share: 60 %" in page and "<form" not in page.split("<main")[1]
    assert client.post(address(project), EMPTY).status_code == 404
    assert "left out of comparisons" in client.get(f"/analyses/{analyses[1].pk}/").content.decode()


def test_strangers_find_nothing(stranger: Client, project: Project) -> None:
    assert stranger.get(address(project)).status_code == 404


def test_more_recordings_ask_no_more_of_the_database(
    owner: Client, project: Project, analyses: list[Analysis], django_assert_num_queries: Any
) -> None:
    owner.get(address(project))
    with django_assert_num_queries(13):
        owner.get(address(project))
    published("sad", recording__owner=project.owner, recording__project=project)
    with django_assert_num_queries(13):
        owner.get(address(project))
