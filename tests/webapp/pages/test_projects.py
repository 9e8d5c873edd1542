"""The page of projects and tags, and what a single recording is called and belongs to."""

import io
import zipfile

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from inference.export import WRITERS
from tests.integration.rest import SAMPLES
from tests.webapp.factories import RecordingFactory, finished
from webapp.accounts.models import User
from webapp.recordings import projects_and_tags
from webapp.recordings.models import Project, Recording, Tag


@pytest.fixture
def project(user: User) -> Project:
    return projects_and_tags.create_project(owner=user, name="Pilot")


@pytest.fixture
def tag(user: User) -> Tag:
    return projects_and_tags.create_tag(owner=user, name="adult")


def test_without_any_it_is_said_what_they_are_for(owner: Client) -> None:
    page = owner.get("/projects/").content.decode()
    assert "No project yet" in page
    assert "No tag yet" in page


def test_a_project_is_made_changed_and_deleted_and_its_recordings_stay(owner: Client, user: User) -> None:
    owner.post("/projects/new/", {"name": "Pilot", "description": "Twelve interviews."})
    project = Project.objects.get()
    RecordingFactory.create(owner=user, project=project)
    page = owner.get("/projects/").content.decode()
    assert "Twelve interviews." in page
    assert "1 recording<" in page
    owner.post(f"/projects/{project.pk}/", {"name": "Main", "description": ""})
    project.refresh_from_db()
    assert (project.name, project.description) == ("Main", "")
    assert (
        "1 recording and everything made from it stay" in owner.get(f"/projects/{project.pk}/delete/").content.decode()
    )
    assert Project.objects.exists()
    owner.post(f"/projects/{project.pk}/delete/")
    assert not Project.objects.exists()
    assert Recording.objects.get().project is None


@pytest.mark.usefixtures("project", "tag")
@pytest.mark.parametrize(
    ("path", "name"), [("projects", "PILOT"), ("tags", "Adult"), ("tags", "a,b"), ("projects", "")]
)
def test_a_name_that_cannot_be_is_said_at_its_field(owner: Client, path: str, name: str) -> None:
    answer = owner.post(f"/{path}/new/", {"name": name, "description": "Kept."})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="id_name_error" role="alert"></span>' not in page
    assert f'value="{name}"' in page or not name
    assert Project.objects.count() == Tag.objects.count() == 1


def test_a_tag_is_made_renamed_and_deleted(owner: Client, user: User) -> None:
    owner.post("/tags/new/", {"name": "adlut"})
    tag = Tag.objects.get()
    recording = RecordingFactory.create(owner=user)
    tag.recordings.add(recording)
    owner.post(f"/tags/{tag.pk}/", {"name": "adult"})
    assert [each.name for each in recording.tags.all()] == ["adult"]
    assert "1 recording has this tag" in owner.get(f"/tags/{tag.pk}/delete/").content.decode()
    owner.post(f"/tags/{tag.pk}/delete/")
    assert not recording.tags.exists()


def test_somebody_elses_are_not_there(stranger: Client, project: Project, tag: Tag) -> None:
    for path in (f"projects/{project.pk}", f"projects/{project.pk}/delete", f"tags/{tag.pk}", f"tags/{tag.pk}/delete"):
        assert stranger.get(f"/{path}/").status_code == stranger.post(f"/{path}/", {"name": "x"}).status_code == 404
    assert stranger.get(f"/projects/{project.pk}/zip/").status_code == 404
    assert Project.objects.get().name + Tag.objects.get().name == "Pilotadult"


def test_a_whole_project_comes_as_a_zip(owner: Client, user: User, project: Project) -> None:
    answer = owner.get(f"/projects/{project.pk}/zip/")
    assert answer["Location"] == "/projects/"
    assert "has a timeline yet" in str(next(iter(get_messages(answer.wsgi_request))))
    finished("sad", recording__owner=user, recording__title="Elsewhere")
    finished("happy", recording__owner=user, recording__title="Inside", recording__project=project)
    with zipfile.ZipFile(io.BytesIO(owner.get(f"/projects/{project.pk}/zip/").getvalue())) as file:
        inside = [f"001-Inside/timeline.{writer.extension}" for writer in WRITERS.values()]
        assert file.namelist() == [*inside, "manifest.csv"]


def test_title_project_and_tags_of_a_recording_are_changed(owner: Client, user: User, project: Project) -> None:
    recording = RecordingFactory.create(owner=user)
    projects_and_tags.update_recording(recording=recording, tags=["pilot", "adult"])
    page = owner.get(f"/recordings/{recording.pk}/edit/").content.decode()
    assert 'value="adult, pilot"' in page or 'value="pilot, adult"' in page
    sent = {"title": "Anna, first visit", "project": str(project.pk), "tags": "Adult, left-handed,"}
    assert owner.post(f"/recordings/{recording.pk}/edit/", sent).status_code == 302
    recording.refresh_from_db()
    assert (recording.title, recording.project) == ("Anna, first visit", project)
    assert {tag.name for tag in recording.tags.all()} == {"adult", "left-handed"}
    answer = owner.post(f"/recordings/{recording.pk}/edit/", sent | {"title": " ", "tags": "kept"})
    assert (answer.status_code, 'value="kept"' in answer.content.decode()) == (422, True)
    recording.refresh_from_db()
    assert recording.title == "Anna, first visit"


def test_a_recording_is_put_into_a_project_as_it_is_sent(owner: Client, project: Project) -> None:
    page = owner.get(f"/recordings/new/?project={project.pk}").content.decode()
    assert f'<option value="{project.pk}" selected>Pilot</option>' in page
    video = SimpleUploadedFile("interview.mp4", (SAMPLES / "interview.mp4").read_bytes())
    owner.post("/recordings/new/", {"video": video, "consent": "true", "project": str(project.pk)})
    assert Recording.objects.get().project == project
    assert "id_project" not in Client().get("/login/").content.decode()


def test_who_has_no_project_is_not_asked_for_one(owner: Client) -> None:
    assert "id_project" not in owner.get("/recordings/new/?project=nonsense").content.decode()
