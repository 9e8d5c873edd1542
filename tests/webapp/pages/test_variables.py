"""The tab of variables, and the page on which a table is pasted."""

from typing import Any

import pytest
from django.test import Client

from tests.webapp import sharing
from tests.webapp.factories import ParticipantFactory, ProjectFactory, RecordingFactory, UserFactory
from webapp.accounts.models import User
from webapp.recordings.models import Project
from webapp.studies.models import Variable, VariableValue

TABLE = "participant\tage\tcondition\nP01\t31\tA\nP02\t28\tB"


@pytest.fixture
def project(user: User) -> Project:
    return ProjectFactory.create(owner=user, name="Adverts")


@pytest.fixture
def advert(project: Project) -> Variable:
    levels = ["A", "B"]
    return Variable.objects.create(project=project, name="advert", kind="category", unit_of="recording", levels=levels)


def test_without_any_it_is_said_what_they_are_for(owner: Client, project: Project) -> None:
    page = owner.get(f"/projects/{project.pk}/variables/").content.decode()
    assert "No variables yet" in page
    assert f"/projects/{project.pk}/variables/table/" in page


def test_one_is_defined_with_its_levels(owner: Client, project: Project, advert: Variable) -> None:
    address = f"/projects/{project.pk}/variables/"
    data = {"name": "condition", "kind": "category", "unit_of": "participant", "levels": "control\r\n\r\n treated "}
    assert owner.post(address, data).status_code == 302
    assert Variable.objects.get(name="condition").levels == ["control", "treated"]
    for wrong, said in (
        ({"name": "ADVERT"}, "has a variable “ADVERT” already"),
        ({"name": "{a}"}, "no braces"),
        ({"name": "n", "kind": "number"}, "A number has no levels"),
    ):
        answer = owner.post(address, data | wrong)
        assert answer.status_code == 422
        assert said in answer.content.decode()


def test_what_has_values_keeps_its_kind_and_their_levels(owner: Client, project: Project, advert: Variable) -> None:
    recording = RecordingFactory.create(owner=project.owner, project=project, title="Interview")
    VariableValue.objects.create(variable=advert, recording=recording, text="B")
    page = owner.get(f"/projects/{project.pk}/variables/").content.decode()
    assert "Interview" in page and "<td>B</td>" in page and "1 value" in page
    page = owner.get(f"/variables/{advert.pk}/").content.decode()
    assert 'name="kind"' not in page
    answer = owner.post(f"/variables/{advert.pk}/", {"name": "advert", "levels": "A"})
    assert "keep this level" in answer.content.decode()
    owner.post(f"/variables/{advert.pk}/", {"name": "spot", "levels": "B\nA"})
    advert.refresh_from_db()
    assert (advert.name, advert.levels) == ("spot", ["B", "A"])


def test_before_one_is_deleted_it_is_said_what_is_lost(owner: Client, advert: Variable) -> None:
    assert "It has 0 values, which are lost." in owner.get(f"/variables/{advert.pk}/delete/").content.decode()
    owner.post(f"/variables/{advert.pk}/delete/")
    assert not Variable.objects.exists()


def test_a_table_is_previewed_and_then_set(owner: Client, project: Project) -> None:
    ParticipantFactory.create(project=project, code="P01")
    address = f"/projects/{project.pk}/variables/table/"
    page = owner.post(address, {"table": TABLE}).content.decode()
    for said in (
        "4 values set",
        "1 new participant: P02",
        "New variable age: number of the participant",
        "Set 4 values",
    ):
        assert said in page
    assert not Variable.objects.exists()
    assert owner.post(address, {"table": TABLE, "apply": "1"}).status_code == 302
    assert VariableValue.objects.get(participant__code="P02", variable__name="age").number == 28


def test_a_table_is_as_large_as_over_rest(owner: Client, project: Project) -> None:
    address = f"/projects/{project.pk}/variables/table/"
    page = owner.get(address).content.decode()
    assert "maxlength" not in page.partition("<textarea")[2].partition(">")[0]  # which would cut off what is pasted
    table = "participant,age\nP01,30\n"
    assert owner.post(address, {"table": table + "\n" * 4_000_000, "apply": "1"}).status_code == 302
    assert VariableValue.objects.get().number == 30
    answer = owner.post(address, {"table": table + "\n" * 5_000_000, "apply": "1"})
    assert answer.status_code == 422
    assert "The table has more than 5,000,000 characters: send it in parts." in answer.content.decode()


def test_what_does_not_fit_is_said_with_row_and_column_and_nothing_is_set(owner: Client, project: Project) -> None:
    Variable.objects.create(project=project, name="age", kind="number", unit_of="participant")
    address = f"/projects/{project.pk}/variables/table/"
    for how in ({}, {"apply": "1"}):
        answer = owner.post(address, {"table": TABLE.replace("31", "old"), **how})
        assert answer.status_code == 422
        assert "Row 2, column “age”: “old” is no number" in answer.content.decode()
    assert 'name="apply"' not in owner.post(address, {"table": TABLE.replace("31", "old")}).content.decode()
    assert "needs a header" in owner.post(address, {"table": "participant"}).content.decode()
    assert not VariableValue.objects.exists()


def test_whom_a_project_is_shared_with_reads_only(project: Project, advert: Variable) -> None:
    reader = UserFactory.create()
    sharing.with_person(project, reader)
    client = Client()
    client.force_login(reader)
    page = client.get(f"/projects/{project.pk}/variables/").content.decode()
    assert "advert" in page
    assert "Define a variable" not in page and "Paste a table" not in page
    assert client.get(f"/projects/{project.pk}/variables/table/").status_code == 404


def test_more_recordings_ask_no_more_of_the_database(
    owner: Client, project: Project, advert: Variable, django_assert_num_queries: Any
) -> None:
    address = f"/projects/{project.pk}/variables/"
    RecordingFactory.create(owner=project.owner, project=project)
    owner.get(address)
    with django_assert_num_queries(10):
        owner.get(address)
    for _ in range(4):
        recording = RecordingFactory.create(owner=project.owner, project=project)
        VariableValue.objects.create(variable=advert, recording=recording, text="A")
    with django_assert_num_queries(10):
        owner.get(address)
