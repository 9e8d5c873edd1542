"""Projects and tags over REST: made, renamed, removed; recordings put into them, at upload and later."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import Http404
from rest_framework.test import APIClient

from tests.webapp import clips
from tests.webapp.factories import RecordingFactory
from webapp.accounts.models import User
from webapp.recordings import projects_and_tags, services
from webapp.recordings.models import Project, Recording, Tag

API = "/api/v1/"
KINDS = pytest.mark.parametrize("kind", ["projects", "tags"])


@pytest.fixture
def recording(owner: User) -> Recording:
    recording: Recording = RecordingFactory.create(owner=owner)
    return recording


def patch(api: APIClient, recording: Recording, **fields: Any) -> Any:
    return api.patch(f"{API}recordings/{recording.pk}/", fields)


@KINDS
def test_one_is_made_renamed_and_removed(api: APIClient, kind: str) -> None:
    made = api.post(f"{API}{kind}/", {"name": "Pilot"})
    assert (made.status_code, made.json()["name"], made.json()["count"]) == (201, "Pilot", 0)
    address = f"{API}{kind}/{made.json()['id']}/"
    assert api.patch(address, {"name": "Main study"}).json()["name"] == "Main study"
    assert [each["name"] for each in api.get(f"{API}{kind}/").json()["results"]] == ["Main study"]
    assert api.delete(address).status_code == 204
    assert api.get(address).status_code == 404


@KINDS
def test_names_are_once_whatever_their_case(api: APIClient, kind: str) -> None:
    api.post(f"{API}{kind}/", {"name": "Öl"})
    other = api.post(f"{API}{kind}/", {"name": "Water"}).json()
    for answer in (
        api.post(f"{API}{kind}/", {"name": "ÖL"}),
        api.patch(f"{API}{kind}/{other['id']}/", {"name": "öl"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")
        assert list(answer.json()["errors"]) == ["name"]
    assert api.patch(f"{API}{kind}/{other['id']}/", {"name": "WATER"}).status_code == 200


@KINDS
def test_two_people_may_use_one_name(
    api: APIClient, client_of: Callable[[User], APIClient], stranger: User, kind: str
) -> None:
    assert {one.post(f"{API}{kind}/", {"name": "Pilot"}).status_code for one in (api, client_of(stranger))} == {201}


@pytest.mark.parametrize(
    ("kind", "name"), [("projects", ""), ("projects", "x" * 101), ("tags", " "), ("tags", "x" * 41), ("tags", "a,b")]
)
def test_a_name_that_is_none_is_refused(api: APIClient, kind: str, name: str) -> None:
    answer = api.post(f"{API}{kind}/", {"name": name})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["errors"]) == ["name"]


def test_a_removed_project_leaves_its_recordings(api: APIClient, owner: User, recording: Recording) -> None:
    project = projects_and_tags.create_project(owner=owner, name="Pilot")
    assert patch(api, recording, project=str(project.pk)).json()["project"] == str(project.pk)
    assert api.get(f"{API}projects/{project.pk}/").json()["count"] == 1
    api.delete(f"{API}projects/{project.pk}/")
    assert api.get(f"{API}recordings/{recording.pk}/").json()["project"] is None


def test_title_and_tags_are_changed_and_the_rest_stays(api: APIClient, recording: Recording) -> None:
    answer = patch(api, recording, tags=["pilot", "Left-handed", "PILOT"])
    assert sorted(name.lower() for name in answer.json()["tags"]) == ["left-handed", "pilot"]
    assert Tag.objects.count() == 2
    answer = patch(api, recording, title="Anna, first visit")
    assert answer.json()["title"] == "Anna, first visit"
    assert len(answer.json()["tags"]) == 2
    assert patch(api, recording, tags=["left-HANDED"]).json()["tags"] == ["Left-handed"]
    assert patch(api, recording, tags=[]).json()["tags"] == []


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"project": str(uuid4())}, "project"),
        ({"project": "Pilot"}, "project"),
        ({"tags": ["a,b"]}, "tags"),
        ({"tags": ["x" * 41]}, "tags"),
        ({"tags": "pilot"}, "tags"),
    ],
)
def test_what_cannot_be_is_refused_as_a_whole(
    api: APIClient, recording: Recording, fields: dict[str, Any], named: str
) -> None:
    answer = patch(api, recording, **{"title": "Another"} | fields)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["errors"]) == [named]
    recording.refresh_from_db()
    assert recording.title == "An interview"


def test_nobody_puts_anything_into_somebody_elses_project(api: APIClient, stranger: User, recording: Recording) -> None:
    theirs = projects_and_tags.create_project(owner=stranger, name="Theirs")
    answer = patch(api, recording, project=str(theirs.pk))
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["project"])
    sent = {"video": SimpleUploadedFile("a.mp4", clips.video()), "consent": "true", "project": str(theirs.pk)}
    assert api.post(f"{API}recordings/", sent, format="multipart").status_code == 400
    assert Recording.objects.count() == 1
    assert Recording.objects.get().project is None


@pytest.mark.usefixtures("models")
def test_a_recording_is_put_into_a_project_as_it_is_sent(api: APIClient, owner: User) -> None:
    one, other = (str(projects_and_tags.create_project(owner=owner, name=name).pk) for name in ("One", "Other"))

    def send(project: str) -> Any:
        sent = {"video": SimpleUploadedFile("a.mp4", clips.video()), "consent": "true", "project": project}
        return api.post(f"{API}recordings/", sent, format="multipart", headers={"Idempotency-Key": "once"})

    assert [send(one).json()["project"] for _ in range(2)] == [one, one]
    assert send(other).json()["code"] == "idempotency_key_reused"
    assert Project.objects.get(pk=one).recordings.count() == 1


@pytest.mark.usefixtures("models")
def test_a_recording_whose_project_is_deleted_while_it_is_checked_is_in_none(
    api: APIClient, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = projects_and_tags.create_project(owner=owner, name="Pilot")
    store = services.store_files

    def delete_and_store(**options: Any) -> Any:
        projects_and_tags.delete_project(project=project)
        return store(**options)

    monkeypatch.setattr(services, "store_files", delete_and_store)
    sent = {"video": SimpleUploadedFile("a.mp4", clips.video()), "consent": "true", "project": str(project.pk)}
    answer = api.post(f"{API}recordings/", sent, format="multipart")
    assert (answer.status_code, answer.json()["project"]) == (201, None)
    connection.check_constraints()


def test_one_that_is_deleted_meanwhile_cannot_be_renamed(owner: User) -> None:
    project = Project.objects.create(owner=owner, name="Pilot")
    tag = Tag.objects.create(owner=owner, name="pilot")
    for row in (project, tag):
        type(row).objects.filter(pk=row.pk).delete()
    with pytest.raises(Http404):
        projects_and_tags.update_project(project=project, name="Main study")
    with pytest.raises(Http404):
        projects_and_tags.update_tag(tag=tag, name="main")
