"""What another request erases or moves between reading and writing."""

import pytest
from django.http import Http404

from tests.webapp.factories import (
    MarkerFactory,
    ParticipantFactory,
    ProjectFactory,
    RecordingFactory,
    StimulusFactory,
    VariableFactory,
)
from webapp.accounts.models import User
from webapp.core.errors import RequestError
from webapp.recordings import projects_and_tags
from webapp.recordings.models import Project, Recording
from webapp.studies import markers, participants, selectors, stimuli, transcripts, values, variables
from webapp.studies.markers import NewMarker
from webapp.studies.models import Marker, Stimulus, Variable
from webapp.studies.value_table import parse_table


def test_a_recording_that_is_erased_is_not_found(owner: User) -> None:
    recording = RecordingFactory.create(owner=owner)
    Recording.objects.filter(pk=recording.pk).delete()
    for change in (
        lambda: markers.create_markers(by=owner, source="person", markers={recording: [NewMarker(0, 1)]}),
        lambda: markers.replace_markers(recording=recording, by=owner, markers=[]),
        lambda: transcripts.replace_transcript(recording=recording, by=owner, lines=[]),
        lambda: projects_and_tags.update_recording(recording=recording, title="Gone"),
    ):
        with pytest.raises(Http404):
            change()


def test_a_project_that_is_deleted_is_not_found(owner: User) -> None:
    project = ProjectFactory.create(owner=owner)
    Project.objects.filter(pk=project.pk).delete()
    kind, unit_of = Variable.Kind.NUMBER, Variable.Unit.PARTICIPANT
    for change in (
        lambda: participants.create_participant(project=project, by=owner, code="P01"),
        lambda: variables.create_variable(project=project, by=owner, name="age", kind=kind, unit_of=unit_of),
        lambda: stimuli.create_stimulus(project=project, by=owner, name="Advert", length_s=1),
        lambda: values.set_values(project=project, by=owner, table=parse_table("participant,age\nP01,3")),
    ):
        with pytest.raises(Http404):
            change()


def test_what_is_deleted_meanwhile_is_not_found(owner: User) -> None:
    project = ProjectFactory.create(owner=owner)
    first, second = ParticipantFactory.create_batch(2, project=project)
    variable, stimulus = VariableFactory.create(project=project), StimulusFactory.create(project=project)
    marker = MarkerFactory.create(recording=RecordingFactory.create(owner=owner, project=project))
    for row in (first, variable, stimulus, marker):
        type(row).objects.filter(pk=row.pk).delete()
    for change in (
        lambda: participants.rename_participant(participant=first, by=owner, code="P99"),
        lambda: participants.merge_participants(participant=second, into=first, by=owner),
        lambda: participants.merge_participants(participant=first, into=second, by=owner),
        lambda: variables.update_variable(variable=variable, by=owner, name="other"),
        lambda: stimuli.update_stimulus(stimulus=stimulus, by=owner, name="other"),
        lambda: markers.update_marker(marker=marker, by=owner, name="other"),
    ):
        with pytest.raises(Http404):
            change()


def test_what_is_changed_meanwhile_stays(owner: User) -> None:
    project = ProjectFactory.create(owner=owner)
    variable = VariableFactory.create(project=project, levels=["a"], unit_of="participant", name="group")
    values.set_values(project=project, by=owner, table=parse_table("participant,group\nP01,b"))
    variables.update_variable(variable=variable, by=owner, name="condition")
    assert variable.levels == ["a", "b"]
    marker = MarkerFactory.create(recording=RecordingFactory.create(owner=owner, project=project), kind="event")
    Marker.objects.update(start_s=1, end_s=2)
    markers.update_marker(marker=marker, by=owner, name="smile")
    assert (marker.start_s, marker.end_s, marker.name) == (1, 2, "smile")


def test_a_stimulus_is_moved_from_where_it_is_by_now(owner: User) -> None:
    project = ProjectFactory.create(owner=owner)
    first, *_ = (StimulusFactory.create(project=project, name=name, position=n) for n, name in enumerate("abc"))
    again = Stimulus.objects.get(pk=first.pk)
    for clicked in (first, again):
        stimuli.move_stimulus(stimulus=clicked, by=owner, steps=1)
    assert [each.name for each in selectors.stimuli_of(project)] == ["b", "c", "a"]
    with pytest.raises(Http404):
        Stimulus.objects.filter(pk=first.pk).delete()
        stimuli.move_stimulus(stimulus=again, by=owner, steps=1)


def test_a_recording_that_is_moved_has_the_stimuli_and_participants_of_its_new_project(owner: User) -> None:
    before, after = ProjectFactory.create_batch(2, owner=owner)
    recording = RecordingFactory.create(owner=owner, project=before)
    StimulusFactory.create(project=before, name="Advert")
    stimulus = StimulusFactory.create(project=after, name="Advert")
    Recording.objects.update(project=after)
    with pytest.raises(RequestError) as refused:
        projects_and_tags.update_recording(
            recording=Recording(pk=recording.pk, owner=owner, project=before),
            participant=ParticipantFactory.create(project=before),
        )
    assert refused.value.code == "not_in_project"
    markers.create_markers(by=owner, source="person", markers={recording: [NewMarker(0, 1, name="Advert")]})
    assert Marker.objects.get().stimulus == stimulus
