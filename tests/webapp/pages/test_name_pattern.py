"""The page on which the names of recordings say whom and what they show."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.integration.rest import SAMPLES
from tests.webapp.factories import ProjectFactory, RecordingFactory
from webapp.accounts.models import User
from webapp.recordings.models import Participant, Project, Recording

PATTERN = "{participant}_{advert}_*"


@pytest.fixture
def project(user: User) -> Project:
    project: Project = ProjectFactory.create(owner=user, name="Adverts")
    for title in ("P01_A_1", "P02_B_1", "Interview"):
        RecordingFactory.create(owner=user, project=project, title=title)
    return project


def test_a_pattern_is_previewed_and_then_applied(owner: Client, project: Project) -> None:
    address = f"/projects/{project.pk}/name-pattern/"
    page = owner.post(address, {"pattern": PATTERN, "source": "title"}).content.decode()
    for said in (
        "2 of 3 recordings fit.",
        "New participants: P01, P02.",
        "New variable: advert.",
        "does not look like",
    ):
        assert said in page
    assert not Participant.objects.exists()
    assert owner.post(address, {"pattern": PATTERN, "source": "title", "apply": "1"}).status_code == 302
    assert project.recordings.get(title="P02_B_1").participant == Participant.objects.get(code="P02")
    assert project.recordings.get(title="P02_B_1").variable_values.get().text == "B"
    assert project.recordings.get(title="Interview").participant is None


@pytest.mark.parametrize(
    ("pattern", "said"),
    [("", "Enter a pattern"), ("{participant", "a brace without"), ("P01", "no field"), ("{a}+{b}", "fits none")],
)
def test_what_is_wrong_is_said_at_the_pattern(owner: Client, project: Project, pattern: str, said: str) -> None:
    data = {"pattern": pattern, "source": "title"}
    answer = owner.post(f"/projects/{project.pk}/name-pattern/", data)
    assert answer.status_code == 422
    error = answer.content.decode().partition('id="id_pattern_error"')[2].partition("</span>")[0]
    assert said in error
    live = owner.post(f"/projects/{project.pk}/name-pattern/", data, headers={"HX-Request": "true"})
    assert live.status_code == 200


def test_names_of_files_are_previewed_before_they_are_sent(owner: Client, project: Project) -> None:
    address = f"/projects/{project.pk}/name-pattern/preview/"
    page = owner.post(address, {"pattern": PATTERN, "name": ["P03_C_1", "clip"]}).content.decode()
    assert "<td>P03</td><td>C</td>" in page and "does not look like" in page
    page = owner.post(address, {"pattern": PATTERN, "name": ["clip"]}).content.decode()
    assert "data-error" in page and "fits none of the names" in page


def test_without_scripts_the_name_is_assigned_after_the_upload(owner: Client, project: Project) -> None:
    def sent(name: str, **fields: Any) -> Any:
        video = SimpleUploadedFile(name, (SAMPLES / "interview.mp4").read_bytes())
        return owner.post("/recordings/new/", {"video": video, "consent": "true", "name_pattern": PATTERN} | fields)

    before = Recording.objects.count()
    for answer, said in (
        (sent("P07_C_1.mp4"), "Choose a project"),
        (sent("clip.mp4", project=project.pk), "fits none of the names"),
    ):
        assert answer.status_code == 422
        assert said in answer.content.decode().partition('data-error-for="name_pattern"')[2].partition("</span>")[0]
    assert Recording.objects.count() == before
    assert sent("P07_C_1.mp4", project=project.pk).status_code == 302
    recording = Recording.objects.get(title="P07_C_1")
    assert recording.participant == Participant.objects.get(code="P07")
    assert recording.variable_values.get().text == "C"
