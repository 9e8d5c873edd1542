"""Names of recordings that say whom and what they show."""

import time

import pytest

from tests.webapp.factories import ProjectFactory, RecordingFactory, VariableFactory, with_files
from webapp.accounts.models import User
from webapp.core.errors import RequestError
from webapp.recordings.models import MediaFile, Participant, Project, Recording
from webapp.studies import name_assignment, selectors
from webapp.studies.models import Variable
from webapp.studies.name_assignment import NameSource
from webapp.studies.name_pattern import Assignment, Misfit, assign

PATTERN = "{participant}_{advert}_{session}"


def said(pattern: str, name: str) -> dict[str, str] | None:
    (found,) = [each for each in assign(pattern, [name, "§§"]) if each.name == name] if name else []
    return found.values if isinstance(found, Assignment) else None


@pytest.mark.parametrize(
    ("pattern", "name", "values"),
    [
        (PATTERN, "P01_cola_2", {"participant": "P01", "advert": "cola", "session": "2"}),
        ("{participant}_*", "P01_cola_2", {"participant": "P01"}),
        ("*_{session}", "P01_cola_2", {"session": "2"}),
        ("sub-{participant}_ses-{session}", "SUB-07_ses-1", {"participant": "07", "session": "1"}),
        ("{participant} ({advert})", "Ä 1 (warm, loud)", {"participant": "Ä 1", "advert": "warm, loud"}),
        ("clip{number}", "clip12", {"number": "12"}),
        ("{participant}", "any name_at all", {"participant": "any name_at all"}),
    ],
)
def test_fields_take_what_stands_between_the_signs(pattern: str, name: str, values: dict[str, str]) -> None:
    assert assign(pattern, [name]) == [Assignment(name, values)]


def test_a_name_that_does_not_fit_says_why() -> None:
    found = assign(PATTERN, ["P01_cola_2", "P_01_cola_2", "P01", "P01__2", f"P01_{'x' * 81}_2"])
    assert [each.reason for each in found if isinstance(each, Misfit)] == [
        f"It does not look like {PATTERN}.",
        f"It does not look like {PATTERN}.",
        "Nothing stands where {advert} should be.",
        f"“{'x' * 20}…” has more than 80 characters.",
    ]


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("session", "has no field"),
        ("{}", "has no field"),
        ("", "has no field"),
        ("{a", "a brace without its other one"),
        ("{{a}}", "a brace without its other one"),
        ("{a}{b}", "nothing between them"),
        ("*{b}", "nothing between them"),
        ("{a}_{A}", "twice"),
        ("*-*-*-{a}", "more than 2 asterisks"),
        ("{a}-{b}", "fits none of the names, such as “P01_cola”"),
        ("x" * 201, "200 characters at most"),
    ],
)
def test_a_pattern_that_cannot_be_meant_is_refused_in_a_sentence(pattern: str, says: str) -> None:
    with pytest.raises(RequestError) as refused:
        assign(pattern, ["P01_cola"])
    assert (refused.value.code, refused.value.field) == ("name_pattern", "pattern")
    assert says in refused.value.message


@pytest.mark.slow
def test_no_pattern_takes_long() -> None:
    fields = "x".join(f"{{field {number}}}" for number in range(10))
    started = time.process_time()
    with pytest.raises(RequestError):
        assign(f"*x*x{fields}y", ["x" * 200] * 20)
    assert time.process_time() - started < 1


@pytest.fixture
def project(owner: User) -> Project:
    return ProjectFactory.create(owner=owner)


def titled(project: Project, *titles: str) -> list[Recording]:
    return [RecordingFactory.create(owner=project.owner, project=project, title=title) for title in titles]


def applied(
    project: Project, pattern: str = PATTERN, source: NameSource = NameSource.TITLE
) -> name_assignment.NamePlan:
    return name_assignment.assign_by_name(project=project, by=project.owner, pattern=pattern, source=source)


def test_titles_assign_participants_and_make_categories(project: Project) -> None:
    first, second, odd = titled(project, "P01_cola_1", "P02_tea_1", "holiday")
    plan = name_assignment.plan_assignment(project=project, pattern=PATTERN, source=NameSource.TITLE)
    assert plan.new_participants == ["P01", "P02"]
    assert [type(name) for name in plan.names] == [Assignment, Assignment, Misfit]
    assert not Participant.objects.exists()
    applied(project)
    codes = {recording.pk: str(recording.participant) for recording in selectors.recordings_of(project)}
    assert codes == {first.pk: "P01", second.pk: "P02", odd.pk: "None"}
    assert selectors.values_by_recording(project) == {
        first.pk: {"advert": "cola", "session": 1.0},
        second.pk: {"advert": "tea", "session": 1.0},
    }


def test_levels_are_sorted_however_the_names_arrive(project: Project) -> None:
    for title in ("P01_tea_1", "P01_cola_1", "P01_juice_1"):
        titled(project, title)
        applied(project)
    assert Variable.objects.get(name="advert").levels == ["cola", "juice", "tea"]


def test_levels_that_the_project_has_ordered_keep_their_order(project: Project) -> None:
    VariableFactory.create(project=project, name="advert", unit_of=Variable.Unit.RECORDING, levels=["tea", "cola"])
    titled(project, "P01_cola_1", "P01_juice_1", "P01_bread_1")
    applied(project)
    assert Variable.objects.get(name="advert").levels[:2] == ["tea", "cola"]


def test_the_names_of_files_count_where_they_are_meant(project: Project) -> None:
    (recording,) = titled(project, "Renamed since")
    with_files(recording, video=b"picture")
    MediaFile.objects.update(original_name="P07_cola_1.mp4")
    applied(project, source=NameSource.FILE)
    recording.refresh_from_db()
    assert str(recording.participant) == "P07"


def test_a_field_may_be_a_variable_of_participants(project: Project) -> None:
    VariableFactory.create(project=project, name="Group")
    titled(project, "P01_a_1", "P01_a_2", "P02_b_1")
    applied(project, "{participant}_{group}_*")
    found = selectors.values_by_participant(project)
    assert {each.code: found[each.pk] for each in project.participants.all()} == {
        "P01": {"Group": "a"},
        "P02": {"Group": "b"},
    }
    with pytest.raises(RequestError) as refused:
        applied(project, "*_{group}_*")
    assert "“group” is a variable of participants" in refused.value.message


def test_names_that_contradict_each_other_change_nothing(project: Project) -> None:
    VariableFactory.create(project=project, name="group")
    titled(project, "P01_a_1", "P01_b_2")
    with pytest.raises(RequestError) as refused:
        applied(project, "{participant}_{group}_{session}")
    assert refused.value.message == "Column “group”: the names of P01 say “a” and “b”: rename one."
    assert not Participant.objects.exists()
    assert Variable.objects.count() == 1
