"""Variables of a project."""

from typing import Any

import pytest

from tests.webapp.factories import ParticipantFactory, ProjectFactory, VariableFactory
from webapp.accounts.models import User
from webapp.core.errors import RequestError
from webapp.recordings.models import Project
from webapp.studies import selectors, variables
from webapp.studies.models import Variable, VariableValue


@pytest.fixture
def project(owner: User) -> Project:
    return ProjectFactory.create(owner=owner)


def a_variable(project: Project, name: str = "condition", **fields: Any) -> Variable:
    about = {"kind": Variable.Kind.CATEGORY, "unit_of": Variable.Unit.PARTICIPANT} | fields
    return variables.create_variable(project=project, by=project.owner, name=name, **about)


def test_they_keep_the_order_in_which_they_were_made(project: Project) -> None:
    made = [a_variable(project, name) for name in ("z", "a", "m")]
    assert list(selectors.variables_of(project)) == made


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": "Condition"}, "name_taken"),
        ({"levels": ["a", "A"]}, "value_conflict"),
        ({"kind": Variable.Kind.NUMBER, "levels": ["a"]}, "value_conflict"),
        ({"levels": [str(number) for number in range(101)]}, "study_limit"),
    ],
)
def test_what_makes_no_sense_is_refused(project: Project, fields: dict[str, Any], code: str) -> None:
    a_variable(project)
    with pytest.raises(RequestError) as refused:
        a_variable(project, **{"name": "other"} | fields)
    assert refused.value.code == code
    assert project.variables.count() == 1


def test_there_are_not_more_than_allowed(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variables, "MAX_VARIABLES", 1)
    a_variable(project)
    with pytest.raises(RequestError) as refused:
        a_variable(project, "other")
    assert refused.value.code == "study_limit"


def test_one_with_values_keeps_what_they_need(project: Project, owner: User) -> None:
    condition = VariableFactory.create(project=project, levels=["a", "b", "unused"])
    VariableValue.objects.create(variable=condition, participant=ParticipantFactory.create(project=project), text="b")
    for fields in ({"kind": Variable.Kind.NUMBER}, {"unit_of": Variable.Unit.RECORDING}, {"levels": ["a"]}):
        with pytest.raises(RequestError) as refused:
            variables.update_variable(variable=Variable.objects.get(), by=owner, **fields)
        assert refused.value.code == "variable_in_use"
    variables.update_variable(variable=condition, by=owner, name="group", levels=["b", "a"], position=7)
    saved = Variable.objects.get()
    assert (saved.name, saved.levels, saved.position) == ("group", ["b", "a"], 7)


def test_it_is_deleted_with_its_values(project: Project, owner: User) -> None:
    condition = VariableFactory.create(project=project)
    VariableValue.objects.create(variable=condition, participant=ParticipantFactory.create(project=project), text="a")
    variables.delete_variable(variable=condition, by=owner)
    assert not VariableValue.objects.exists()
