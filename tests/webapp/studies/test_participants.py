"""Participants of a project: created, renamed, merged, deleted and assigned to recordings."""

from uuid import uuid4

import pytest

from tests.webapp.factories import ParticipantFactory, ProjectFactory, RecordingFactory, VariableFactory
from webapp.accounts.models import User
from webapp.audit.models import Action, Entry
from webapp.core.errors import RequestError
from webapp.recordings.models import Participant, Project, Recording
from webapp.studies import limits, participants, selectors
from webapp.studies.models import VariableValue


@pytest.fixture
def project(owner: User) -> Project:
    return ProjectFactory.create(owner=owner)


def test_a_code_is_unique_in_its_project_ignoring_case(project: Project, owner: User) -> None:
    first = participants.create_participant(project=project, by=owner, code="P01")
    with pytest.raises(RequestError) as refused:
        participants.create_participant(project=project, by=owner, code="p01")
    assert (refused.value.code, refused.value.field) == ("name_taken", "code")
    other = participants.create_participant(project=ProjectFactory.create(owner=owner), by=owner, code="P01")
    with pytest.raises(RequestError):
        participants.rename_participant(
            participant=participants.create_participant(project=project, by=owner, code="P02"), by=owner, code="P01"
        )
    participants.rename_participant(participant=first, by=owner, code="p01")
    assert Participant.objects.get(pk=first.pk).code == "p01"
    assert other.code == "P01"


def test_a_change_is_in_the_audit_log(project: Project, owner: User) -> None:
    for code in ("a", "b"):
        participants.create_participant(project=project, by=owner, code=code)
    entry = Entry.objects.get(action=Action.PARTICIPANTS_CHANGED)
    assert (entry.actor_id, entry.kind, entry.object_id) == (owner.pk, "project", str(project.pk))


def test_recordings_are_assigned_by_code_and_missing_participants_made(project: Project, owner: User) -> None:
    known = ParticipantFactory.create(project=project, code="P01")
    first, second, third = RecordingFactory.create_batch(3, owner=owner, project=project, participant=known)
    created = participants.assign_recordings(
        project=project, by=owner, codes={first.pk: "p01", second.pk: "P02", third.pk: ""}
    )
    assert [participant.code for participant in created] == ["P02"]
    found = {recording.pk: recording.participant for recording in Recording.objects.all()}
    assert found == {first.pk: known, second.pk: created[0], third.pk: None}
    counts = {each.code: each.count for each in selectors.participants_of(project)}  # type: ignore[attr-defined]
    assert counts == {"P01": 1, "P02": 1}


def test_one_recording_that_is_not_there_stops_all(project: Project, owner: User) -> None:
    mine = RecordingFactory.create(owner=owner, project=project)
    elsewhere = RecordingFactory.create(owner=owner)
    for pk in (uuid4(), elsewhere.pk):
        with pytest.raises(RequestError) as refused:
            participants.assign_recordings(project=project, by=owner, codes={mine.pk: "P01", pk: "P02"})
        assert refused.value.code == "not_in_project"
        assert str(pk) in refused.value.message
    assert not Participant.objects.exists()


def test_there_are_not_more_than_allowed(project: Project, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(participants, "MAX_PARTICIPANTS", 2)
    recordings = RecordingFactory.create_batch(3, owner=owner, project=project)
    codes = {recording.pk: f"P{number}" for number, recording in enumerate(recordings)}
    with pytest.raises(RequestError) as refused:
        participants.assign_recordings(project=project, by=owner, codes=codes)
    assert refused.value.code == "study_limit"
    assert not Participant.objects.exists()
    assert limits.MAX_PARTICIPANTS == 10_000


def test_merging_moves_recordings_and_values(project: Project, owner: User) -> None:
    gone, stays = (ParticipantFactory.create(project=project, code=code) for code in ("P1", "P01"))
    recording = RecordingFactory.create(owner=owner, project=project, participant=gone)
    age, group = (VariableFactory.create(project=project, kind=kind) for kind in ("number", "category"))
    VariableValue.objects.create(variable=age, participant=gone, number=30)
    for participant in (gone, stays):
        VariableValue.objects.create(variable=group, participant=participant, text="a")
    participants.merge_participants(participant=gone, into=stays, by=owner)
    assert Participant.objects.get() == stays
    assert Recording.objects.get(pk=recording.pk).participant == stays
    assert selectors.values_by_participant(project) == {stays.pk: {age.name: 30.0, group.name: "a"}}


def test_participants_who_contradict_each_other_do_not_merge(project: Project, owner: User) -> None:
    one, other = (ParticipantFactory.create(project=project, code=code) for code in ("P1", "P2"))
    group = VariableFactory.create(project=project, name="group")
    for participant, level in ((one, "a"), (other, "b")):
        VariableValue.objects.create(variable=group, participant=participant, text=level)
    with pytest.raises(RequestError) as refused:
        participants.merge_participants(participant=one, into=other, by=owner)
    assert refused.value.code == "value_conflict"
    assert "“group” is “a” of P1 and “b” of P2" in refused.value.message
    with pytest.raises(RequestError):
        participants.merge_participants(participant=one, into=ParticipantFactory.create(), by=owner)
    assert project.participants.count() == 2


def test_recordings_of_a_deleted_participant_stay(project: Project, owner: User) -> None:
    participant = ParticipantFactory.create(project=project)
    recording = RecordingFactory.create(owner=owner, project=project, participant=participant)
    participants.delete_participant(participant=participant, by=owner)
    assert Recording.objects.get() == recording
    assert Recording.objects.get().participant is None
