"""Values of variables, pasted from a spreadsheet."""

from typing import Any

import pytest

from tests.webapp.factories import ParticipantFactory, ProjectFactory, RecordingFactory, VariableFactory
from webapp.accounts.models import User
from webapp.core.errors import RequestError
from webapp.recordings.models import MediaFile, Participant, Project
from webapp.studies import selectors, values
from webapp.studies.models import Variable, VariableValue
from webapp.studies.value_table import parse_numbers, parse_table


@pytest.fixture
def project(owner: User) -> Project:
    return ProjectFactory.create(owner=owner)


def pasted(project: Project, text: str) -> values.Plan:
    return values.set_values(project=project, by=project.owner, table=parse_table(text))


def by_code(project: Project) -> dict[str, dict[str, Any]]:
    found = selectors.values_by_participant(project)
    return {participant.code: found.get(participant.pk, {}) for participant in project.participants.order_by("code")}


@pytest.mark.parametrize("sign", ["\t", ";", ","])
def test_a_table_makes_participants_variables_and_levels(project: Project, sign: str) -> None:
    text = "participant,condition,age\nP01,warm,31\n\nP02,cold,45.5\nP03,warm,\n".replace(",", sign)
    plan = values.plan_values(project=project, table=parse_table(text))
    assert plan.new_participants == ["P01", "P02", "P03"]
    assert [(variable.name, variable.kind) for variable in plan.new_variables] == [
        ("condition", "category"),
        ("age", "number"),
    ]
    assert plan.new_levels == {"condition": ["warm", "cold"]}
    assert len(plan.changes) == 5
    assert not Participant.objects.exists()
    pasted(project, text)
    assert by_code(project) == {
        "P01": {"condition": "warm", "age": 31.0},
        "P02": {"condition": "cold", "age": 45.5},
        "P03": {"condition": "warm"},
    }
    assert Variable.objects.get(name="condition").levels == ["warm", "cold"]


def test_pasting_again_changes_only_what_differs(project: Project) -> None:
    pasted(project, "participant\tgroup\tage\nP01\ta\t30\nP02\tb\t40")
    plan = pasted(project, "participant\tGroup\tAge\np01\tA\t\nP02\tnew\t40")
    assert [(change.unit, change.variable, change.old, change.new) for change in plan.changes] == [
        ("P02", "group", "b", "new"),
        ("P01", "age", 30.0, None),
    ]
    assert plan.unchanged == 2
    assert by_code(project) == {"P01": {"group": "a"}, "P02": {"group": "new", "age": 40.0}}
    assert Variable.objects.get(name="group").levels == ["a", "b", "new"]
    assert Participant.objects.count() == 2


def test_recordings_are_named_by_title_or_id(project: Project, owner: User) -> None:
    first = RecordingFactory.create(owner=owner, project=project, title="First clip")
    twins = RecordingFactory.create_batch(2, owner=owner, project=project, title="Twin")
    pasted(project, f"recording;session\nfirst clip;1\n{twins[0].pk};2\n")
    assert selectors.values_by_recording(project) == {first.pk: {"session": 1.0}, twins[0].pk: {"session": 2.0}}
    plan = values.plan_values(project=project, table=parse_table("recording;session\nTwin;1\nNo such;2"))
    assert [problem.message for problem in plan.problems] == [
        "Row 2: 2 recordings are called “Twin”: name them by their ids.",
        "Row 3: the project has no recording “No such”: name it by its title or id.",
    ]


def test_recordings_are_named_by_their_files(project: Project, owner: User) -> None:
    recording = RecordingFactory.create(owner=owner, project=project, title="Renamed")
    MediaFile.objects.create(recording=recording, kind=MediaFile.Kind.VIDEO, original_name="P07_b.mp4", bytes=1)
    pasted(project, "file;session\nP07_b.mp4;3\n")
    assert selectors.values_by_recording(project) == {recording.pk: {"session": 3.0}}


def test_a_recording_has_the_values_of_its_participant(project: Project, owner: User) -> None:
    participant = ParticipantFactory.create(project=project, code="P01")
    recording = RecordingFactory.create(owner=owner, project=project, participant=participant, title="clip")
    pasted(project, "participant;group\nP01;a")
    pasted(project, "recording;session\nclip;2")
    assert selectors.values_by_recording(project) == {recording.pk: {"group": "a", "session": 2.0}}


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1", "-2.5", ".5", "1e3"], [1.0, -2.5, 0.5, 1000.0]),
        (["1,5", "2,25"], [1.5, 2.25]),
        (["0,125", "1,250"], [0.125, 1.25]),
        (["1,5", "12,345"], [1.5, 12.345]),
        (["1,234"], [None]),
        (["1.5", "2,5"], [1.5, None]),
        (["1.234,5", "1 234"], [None, None]),
        (["nan", "inf", "1e999", "0x10", "1_0", "١"], [None, None, None, None, None, None]),
    ],
)
def test_a_comma_is_a_decimal_sign_only_where_nothing_else_is_possible(
    cells: list[str], numbers: list[float | None]
) -> None:
    assert parse_numbers(cells) == numbers


def test_an_ambiguous_comma_is_a_problem_with_its_row_and_column(project: Project) -> None:
    plan = values.plan_values(project=project, table=parse_table("participant\tage\nP01\t1,234\nP02\t5,678"))
    assert [problem.message for problem in plan.problems] == [
        "Row 2, column “age”: “1,234” is no number, or its comma is ambiguous: write it with a point.",
        "Row 3, column “age”: “5,678” is no number, or its comma is ambiguous: write it with a point.",
    ]


def test_a_bad_row_stores_nothing(project: Project) -> None:
    VariableFactory.create(project=project, name="age", kind="number", levels=[])
    with pytest.raises(RequestError) as refused:
        pasted(project, "participant,age,new\nP01,31,a\nP02,old,b")
    assert (refused.value.code, refused.value.message) == (
        "value_table",
        "Row 3, column “age”: “old” is no number, or its comma is ambiguous: write it with a point.",
    )
    assert not VariableValue.objects.exists()
    assert not Participant.objects.exists()
    assert Variable.objects.get().name == "age"


def test_a_variable_of_other_units_is_a_problem(project: Project) -> None:
    VariableFactory.create(project=project, name="session", unit_of="recording")
    with pytest.raises(RequestError) as refused:
        pasted(project, "participant,session\nP01,1")
    assert "“session” is a variable of the recording" in refused.value.message


def test_a_text_with_too_many_levels_is_a_problem(project: Project) -> None:
    rows = "\n".join(f"P{number},remark {number}" for number in range(101))
    with pytest.raises(RequestError) as refused:
        pasted(project, f"participant,remark\n{rows}")
    assert "101 levels" in refused.value.message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "needs a header"),
        ("participant\nP01", "needs a header"),
        ("name,age\nP01,3", "The first column is called “name”"),
        ("participant,age\nP01", "Row 2 has 1 cells and the header 2"),
        ("participant,age\n,3", "Row 2 does not say which participant"),
        ("participant,age\nP01,3\np01,4", "Rows 2 and 3 are both of “p01”"),
        ("participant,age,AGE\nP01,3,4", "two columns"),
        ("participant,{age}\nP01,3", "no braces"),
        ("participant,\nP01,3", "needs a name"),
        ("participant,age\nP01,\0", "NUL"),
        ('participant,age\nP01,"3', "cannot be read"),
    ],
)
def test_a_table_that_is_none_is_refused_in_a_sentence(text: str, says: str) -> None:
    with pytest.raises(RequestError) as refused:
        parse_table(text)
    assert refused.value.code == "value_table"
    assert says in refused.value.message
