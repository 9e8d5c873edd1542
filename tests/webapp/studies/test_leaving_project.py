"""A recording that leaves a project loses what is of the project, and whoever moves it is told."""

import pytest

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
from webapp.studies.models import Marker, VariableValue


@pytest.fixture
def project(owner: User) -> Project:
    return ProjectFactory.create(owner=owner)


def a_recording(project: Project) -> Recording:
    """With everything that it can have of a study."""
    participant = ParticipantFactory.create(project=project)
    recording = RecordingFactory.create(owner=project.owner, project=project, participant=participant)
    VariableValue.objects.create(
        variable=VariableFactory.create(project=project, unit_of="recording"), recording=recording, text="a"
    )
    MarkerFactory.create(
        recording=recording, kind="stimulus", name="Advert", stimulus=StimulusFactory.create(project=project)
    )
    return recording


def left(recording: Recording) -> tuple[bool, int, bool, str]:
    recording.refresh_from_db()
    marker = recording.markers.get()
    return (
        recording.participant is not None,
        recording.variable_values.count(),
        marker.stimulus is not None,
        marker.name,
    )


@pytest.mark.parametrize("to_another", [True, False])
def test_it_loses_participant_values_and_links_to_stimuli(project: Project, to_another: bool) -> None:
    full, plain = a_recording(project), RecordingFactory.create(owner=project.owner, project=project)
    target = ProjectFactory.create(owner=project.owner) if to_another else None
    lost = projects_and_tags.move_to_project(recordings=[full, plain], project=target)
    assert lost == {"participant": 1, "variables": 1, "stimuli": 1}
    assert left(full) == (False, 0, False, "Advert")
    assert full.project == target


def test_one_that_stays_where_it_is_loses_nothing(project: Project) -> None:
    recording = a_recording(project)
    assert projects_and_tags.move_to_project(recordings=[recording], project=project) == {}
    assert projects_and_tags.update_recording(recording=recording, project=project, title="Another") == {}
    assert left(recording) == (True, 1, True, "Advert")


def test_one_that_is_edited_loses_the_same(project: Project) -> None:
    recording = a_recording(project)
    lost = projects_and_tags.update_recording(recording=recording, project=None, title="Alone")
    assert lost == {"participant": 1, "variables": 1, "stimuli": 1}
    assert left(recording) == (False, 0, False, "Advert")


def test_a_participant_is_of_the_recordings_project(project: Project, owner: User) -> None:
    recording = RecordingFactory.create(owner=owner, project=project)
    stranger = ParticipantFactory.create(project=ProjectFactory.create(owner=owner))
    with pytest.raises(RequestError) as refused:
        projects_and_tags.update_recording(recording=recording, participant=stranger)
    assert (refused.value.code, refused.value.field) == ("not_in_project", "participant")
    recording.refresh_from_db()
    projects_and_tags.update_recording(recording=recording, project=stranger.project, participant=stranger)
    recording.refresh_from_db()
    assert recording.participant == stranger
    assert not Marker.objects.exists()
