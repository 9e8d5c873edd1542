"""The tab of participants, and whom a recording shows."""

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from tests.webapp import sharing
from tests.webapp.factories import ParticipantFactory, ProjectFactory, RecordingFactory, UserFactory, finished
from webapp.accounts.models import User
from webapp.recordings.models import Participant, Project
from webapp.studies.models import Variable, VariableValue


@pytest.fixture
def project(user: User) -> Project:
    return ProjectFactory.create(owner=user, name="Adverts")


@pytest.fixture
def ada(project: Project) -> Participant:
    return ParticipantFactory.create(project=project, code="P01")


@pytest.fixture
def age(project: Project, ada: Participant) -> Variable:
    variable = Variable.objects.create(project=project, name="age", kind="number", unit_of="participant")
    VariableValue.objects.create(variable=variable, participant=ada, number=31)
    return variable


def told(answer: Any) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def test_without_any_it_is_said_what_they_are(owner: Client, project: Project) -> None:
    page = owner.get(f"/projects/{project.pk}/participants/").content.decode()
    assert "No participants yet" in page
    assert "Add a participant" in page


def test_the_table_has_codes_recordings_and_values(owner: Client, project: Project, age: Variable) -> None:
    RecordingFactory.create(owner=project.owner, project=project, participant=Participant.objects.get())
    RecordingFactory.create(owner=project.owner, project=project)
    page = owner.get(f"/projects/{project.pk}/participants/").content.decode()
    assert '<th scope="row">P01</th>' in page
    assert '<td class="numbers">1</td>' in page
    assert "<td>31</td>" in page
    assert "1 recording shows no participant yet" in page


def test_one_is_added_once(owner: Client, project: Project, ada: Participant) -> None:
    address = f"/projects/{project.pk}/participants/"
    assert owner.post(address, {"code": " P02 "}).status_code == 302
    assert set(project.participants.values_list("code", flat=True)) == {"P01", "P02"}
    answer = owner.post(address, {"code": "p01"})
    assert answer.status_code == 422
    assert "has a participant “p01” already" in answer.content.decode()
    assert owner.post(address, {"code": ""}).status_code == 422


def test_code_and_values_are_edited_together(owner: Client, ada: Participant, age: Variable) -> None:
    answer = owner.post(f"/participants/{ada.pk}/", {"code": "P09", f"value_{age.pk}": "32.5"})
    assert answer.status_code == 302
    ada.refresh_from_db()
    assert (ada.code, ada.variable_values.get().number) == ("P09", 32.5)
    owner.post(f"/participants/{ada.pk}/", {"code": "P09", f"value_{age.pk}": ""})
    assert not ada.variable_values.exists()


def test_what_does_not_fit_changes_nothing(owner: Client, ada: Participant, age: Variable) -> None:
    ParticipantFactory.create(project=ada.project, code="P02")
    for data in ({"code": "P02", f"value_{age.pk}": "5"}, {"code": "P03", f"value_{age.pk}": "old"}):
        assert owner.post(f"/participants/{ada.pk}/", data).status_code == 422
    ada.refresh_from_db()
    assert (ada.code, ada.variable_values.get().number) == ("P01", 31)


def test_two_are_merged(owner: Client, project: Project, ada: Participant) -> None:
    recording = RecordingFactory.create(owner=project.owner, project=project, participant=ada)
    other = ParticipantFactory.create(project=project, code="P02")
    assert "1 recording and the values of P01" in owner.get(f"/participants/{ada.pk}/merge/").content.decode()
    owner.post(f"/participants/{ada.pk}/merge/", {"into": other.pk})
    recording.refresh_from_db()
    assert recording.participant == other
    assert list(project.participants.all()) == [other]


def test_before_one_is_deleted_it_is_said_what_is_lost(owner: Client, ada: Participant, age: Variable) -> None:
    recording = RecordingFactory.create(owner=ada.project.owner, project=ada.project, participant=ada)
    page = owner.get(f"/participants/{ada.pk}/delete/").content.decode()
    assert "The code and 1 value of variables are lost" in page
    assert "1 recording stays" in page
    owner.post(f"/participants/{ada.pk}/delete/")
    recording.refresh_from_db()
    assert recording.participant is None
    assert not Participant.objects.exists()


def test_a_recording_gets_its_participant_and_values(owner: Client, project: Project) -> None:
    recording = RecordingFactory.create(owner=project.owner, project=project)
    advert = Variable.objects.create(
        project=project, name="advert", kind="category", unit_of="recording", levels=["A", "B"]
    )
    answer = owner.post(f"/recordings/{recording.pk}/values/", {"code": "P07", f"value_{advert.pk}": "B"})
    assert answer.status_code == 302
    recording.refresh_from_db()
    assert (recording.participant and recording.participant.code, recording.variable_values.get().text) == ("P07", "B")
    page = owner.get(f"/recordings/{recording.pk}/values/").content.decode()
    assert '<option value="P07">' in page


def test_a_recording_outside_of_projects_has_to_get_one_first(owner: Client, user: User) -> None:
    recording = RecordingFactory.create(owner=user)
    answer = owner.get(f"/recordings/{recording.pk}/values/")
    assert answer.status_code == 302
    assert "is in no project" in told(answer)


def test_chosen_recordings_get_one_participant(owner: Client, project: Project) -> None:
    recordings = [finished("happy", recording__owner=project.owner, recording__project=project).recording for _ in "ab"]
    chosen = {"recording": [recording.pk for recording in recordings]}
    assert "Code of the participant" in owner.post("/recordings/chosen/participant/", chosen).content.decode()
    owner.post("/recordings/chosen/participant/", chosen | {"code": "P01", "sure": "1"})
    assert project.recordings.filter(participant__code="P01").count() == 2
    stray = finished("happy", recording__owner=project.owner).recording
    answer = owner.post("/recordings/chosen/participant/", {"recording": [stray.pk], "code": "P01", "sure": "1"})
    assert "Participants are of a project" in answer.content.decode()


def test_whom_a_project_is_shared_with_reads_only(project: Project, ada: Participant, age: Variable) -> None:
    reader = UserFactory.create()
    sharing.with_person(project, reader)
    client = Client()
    client.force_login(reader)
    page = client.get(f"/projects/{project.pk}/participants/").content.decode()
    assert "P01" in page and "Shared by owner" in page
    assert "Add a participant" not in page and "Edit P01" not in page
    assert client.post(f"/projects/{project.pk}/participants/", {"code": "P02"}).status_code == 404
    assert client.get(f"/participants/{ada.pk}/").status_code == 404
    assert f"?project={project.pk}" in client.get("/shared/").content.decode()
    assert "Adverts" in client.get(f"/shared/?project={project.pk}").content.decode()
    assert client.get("/shared/?project=x").status_code == 404


def test_a_recording_alone_is_shared_without_its_participant(owner: Client, project: Project, ada: Participant) -> None:
    analysis = finished("happy", recording__owner=project.owner, recording__project=project, recording__participant=ada)
    assert "Participant: P01" in owner.get(f"/analyses/{analysis.pk}/").content.decode()
    reader = UserFactory.create()
    sharing.with_person(analysis.recording, reader)
    client = Client()
    client.force_login(reader)
    assert "P01" not in client.get(f"/analyses/{analysis.pk}/").content.decode()


def test_more_participants_ask_no_more_of_the_database(
    owner: Client, project: Project, age: Variable, django_assert_num_queries: Any
) -> None:
    address = f"/projects/{project.pk}/participants/"
    owner.get(address)
    with django_assert_num_queries(8):
        owner.get(address)
    for number in range(2, 6):
        ParticipantFactory.create(project=project, code=f"P0{number}")
    with django_assert_num_queries(8):
        owner.get(address)
