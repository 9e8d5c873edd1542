"""The tab on which conditions are compared, and saved comparisons."""

import re
from typing import Any

import pytest
from django.test import Client

from tests.webapp import sharing
from tests.webapp.factories import (
    ParticipantFactory,
    ProjectFactory,
    UserFactory,
    VariableFactory,
    published,
)
from webapp.accounts.models import User
from webapp.pages.studies.comparison_form import parse_levels
from webapp.recordings.models import Project
from webapp.studies.comparison_files import FORMATS
from webapp.studies.models import Comparison, Variable, VariableValue
from webapp.studies.thresholds import set_thresholds

SHOWN = {"a": (("happy", "happy"), ("happy", "sad"), ("happy", "happy", "sad")), "b": (("sad",), ("sad", "neutral"))}


@pytest.fixture
def project(user: User) -> Project:
    return ProjectFactory.create(owner=user, name="Adverts")


@pytest.fixture
def condition(project: Project) -> Variable:
    """Three participants in condition a and two in b, of groups x and y."""
    condition = VariableFactory.create(project=project, name="condition")
    group = VariableFactory.create(project=project, name="group", levels=["x", "y"])
    for level, people in SHOWN.items():
        for number, labels in enumerate(people):
            person = ParticipantFactory.create(project=project, code=f"{level}{number}")
            published(
                *labels,
                recording__owner=project.owner,
                recording__project=project,
                recording__participant=person,
                recording__title=f"Interview {person}",
            )
            VariableValue.objects.create(variable=condition, participant=person, text=level)
            VariableValue.objects.create(variable=group, participant=person, text="xy"[number % 2])
    return condition


def asked(condition: Variable, **more: Any) -> dict[str, Any]:
    return {"factor": str(condition.pk), "kinds": "mean_probability", "labels": "happy"} | more


def address(project: Project) -> str:
    return f"/projects/{project.pk}/compare/"


def saved(owner: Client, condition: Variable, **more: Any) -> Comparison:
    answer = owner.post(address(condition.project), asked(condition, name="Happiness", **more))
    found = Comparison.objects.get()
    assert answer.status_code == 302 and answer["Location"] == f"{address(condition.project)}{found.pk}/"
    return found


def test_it_is_said_what_is_needed_first(owner: Client, project: Project) -> None:
    assert "No recording of this project has been analysed" in owner.get(address(project)).content.decode()
    published("happy", recording__owner=project.owner, recording__project=project)
    page = owner.get(address(project)).content.decode()
    assert "Add a variable or mark stimuli first" in page


def test_the_answer_has_a_figure_tests_and_a_paragraph(owner: Client, condition: Variable) -> None:
    answer = owner.get(address(condition.project), asked(condition))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert page.count('class="figure-dot"') == 5
    assert "5 participants. Condition: a, b, unpaired" in page
    assert "Nobody is left out" in page
    assert 'id="methods">Readings of the model' in page
    assert "All recordings" not in page and "An estimate." in page


def test_a_dot_leads_to_the_recording_at_the_moment(owner: Client, condition: Variable) -> None:
    page = owner.get(address(condition.project), asked(condition, kinds="peak")).content.decode()
    found = re.findall(r'<a class="figure-link" href="(/analyses/[^"]+)#t=(\d+\.\d\d)"', page)
    assert len(found) == 5
    assert {seconds for _, seconds in found} > {"0.10"}
    assert owner.get(found[0][0]).status_code == 200


def test_groups_have_panels(owner: Client, condition: Variable) -> None:
    group = Variable.objects.get(name="group")
    page = owner.get(address(condition.project), asked(condition, group=group.pk)).content.decode()
    assert re.findall(r'class="figure-title"[^>]*>(\w)<', page) == ["x", "y"]


def test_several_measures_are_adjusted_together(owner: Client, condition: Variable) -> None:
    page = owner.get(
        address(condition.project), asked(condition, kinds=["mean_probability", "valence"], labels=["happy", "sad"])
    ).content.decode()
    assert page.count("figure-panels") == 3
    assert "p, Holm" in page


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"paired": "on"}, "2 or more are needed in each condition"),
        ({"labels": []}, "Choose a label"),
        ({"kinds": []}, "Choose a measure."),
        ({"baseline": "on"}, "5 of 5 for this reason: No baseline"),
        ({"factor": "x"}, "Select a valid choice"),
        ({"kinds": ["mean_probability", "time_share", "peak"], "labels": ["happy", "sad", "neutral"]}, ""),
        (
            {"kinds": ["mean_probability", "peak", "latency_s", "valence"], "labels": ["happy", "sad", "neutral"] * 2},
            "Compare at most 12",
        ),
    ],
)
def test_what_cannot_be_compared_is_said(owner: Client, condition: Variable, sent: dict[str, Any], says: str) -> None:
    answer = owner.get(address(condition.project), asked(condition, **sent))
    page = answer.content.decode()
    assert answer.status_code == (422 if says else 200)
    assert says in page and ('id="comparison"' in page) != bool(says)


def test_recordings_below_a_threshold_are_left_out(owner: Client, condition: Variable) -> None:
    set_thresholds(project=condition.project, by=condition.project.owner, mean_confidence=0.85)
    answer = owner.get(address(condition.project), asked(condition))
    assert answer.status_code == 422
    assert "5 of 5 for this reason: Below the project&#x27;s threshold of mean confidence." in answer.content.decode()
    set_thresholds(project=condition.project, by=condition.project.owner, mean_confidence=0.75)
    assert owner.get(address(condition.project), asked(condition)).status_code == 200


def test_a_saved_one_stays_as_it_is(owner: Client, condition: Variable) -> None:
    found = saved(owner, condition)
    before = owner.get(f"{address(condition.project)}{found.pk}/").content.decode()
    VariableValue.objects.filter(variable=condition).delete()
    after = owner.get(f"{address(condition.project)}{found.pk}/").content.decode()
    methods = re.search(r'id="methods">([^<]+)', before)
    assert methods and methods[1] in after
    assert after.count('class="figure-dot"') == 5
    listed = owner.get(address(condition.project)).content.decode()
    assert "Happiness" in listed and f"{found.pk}/" in listed


def test_saving_needs_a_name(owner: Client, condition: Variable) -> None:
    answer = owner.post(address(condition.project), asked(condition, name=" "))
    assert answer.status_code == 422
    assert "Enter a name." in answer.content.decode()
    assert not Comparison.objects.exists()


def test_one_is_deleted_after_a_question(owner: Client, condition: Variable) -> None:
    found = saved(owner, condition)
    assert "Delete “Happiness”?" in owner.get(f"/comparisons/{found.pk}/delete/").content.decode()
    assert Comparison.objects.exists()
    assert owner.post(f"/comparisons/{found.pk}/delete/")["Location"] == address(condition.project)
    assert not Comparison.objects.exists()


@pytest.mark.parametrize("may_download", [False, True])
def test_who_is_shown_the_project_compares_and_saves_nothing(
    owner: Client, condition: Variable, may_download: bool
) -> None:
    found = saved(owner, condition)
    reader, client = UserFactory.create(), Client()
    sharing.with_person(condition.project, reader, may_download=may_download)
    client.force_login(reader)
    page = client.get(address(condition.project), asked(condition)).content.decode()
    assert page.count('class="figure-dot"') == 5
    assert "Save it" not in page and "/delete/" not in page
    assert client.post(address(condition.project), asked(condition, name="Mine")).status_code == 404
    assert client.get(f"/comparisons/{found.pk}/delete/").status_code == 404
    shown = client.get(f"{address(condition.project)}{found.pk}/").content.decode()
    for format in FORMATS:
        assert (f"/comparisons/{found.pk}/{format}/" in shown) == may_download


def test_strangers_find_nothing(owner: Client, stranger: Client, condition: Variable) -> None:
    found = saved(owner, condition)
    assert stranger.get(address(condition.project)).status_code == 404
    assert stranger.get(f"{address(condition.project)}{found.pk}/").status_code == 404
    other = ProjectFactory.create(owner=condition.project.owner)
    assert owner.get(f"{address(other)}{found.pk}/").status_code == 404


def test_more_saved_ones_ask_no_more_of_the_database(
    owner: Client, condition: Variable, django_assert_num_queries: Any
) -> None:
    saved(owner, condition)
    owner.get(address(condition.project))
    with django_assert_num_queries(9):
        owner.get(address(condition.project))
    Comparison.objects.bulk_create(
        Comparison(**{**Comparison.objects.values().get(), "id": f"00000000-0000-4000-8000-00000000000{number}"})
        for number in range(3)
    )
    with django_assert_num_queries(9):
        owner.get(address(condition.project))


def test_a_condition_with_a_comma_is_chosen_in_quotation_marks(owner: Client, condition: Variable) -> None:
    condition.levels = ["a, calm", "b"]
    condition.save()
    VariableValue.objects.filter(variable=condition, text="a").update(text="a, calm")
    page = owner.get(address(condition.project), asked(condition, levels='"a, calm",b'))
    assert page.context["result"].basis.levels == ("a, calm", "b")
    assert 'value="&quot;a, calm&quot;,b"' in page.content.decode()


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("", ()),
        (" a , b,, ", ("a", "b")),
        ('b, "a, calm"', ("b", "a, calm")),
        ('6" disc, "the ""first"""', ('6" disc', 'the "first"')),
        ('a,\n"b', ("a", "b")),
    ],
)
def test_conditions_are_separated_by_commas(text: str, levels: tuple[str, ...]) -> None:
    assert parse_levels(text) == levels
