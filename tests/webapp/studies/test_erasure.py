"""What is erased with a recording, a project or an account."""

from tests.webapp.factories import (
    ComparisonFactory,
    MarkerFactory,
    ParticipantFactory,
    ProjectFactory,
    RecordingFactory,
    StimulusFactory,
    VariableFactory,
)
from webapp.accounts.models import User
from webapp.analyses import services
from webapp.recordings.models import Recording
from webapp.studies.models import Comparison, Marker, TranscriptLine, VariableValue


def test_a_recording_takes_its_markers_transcript_and_values(owner: User) -> None:
    project = ProjectFactory.create(owner=owner)
    erased, kept = RecordingFactory.create_batch(2, owner=owner, project=project)
    session = VariableFactory.create(project=project, unit_of="recording")
    for recording in (erased, kept):
        MarkerFactory.create(recording=recording)
        TranscriptLine.objects.create(recording=recording, start_s=0, end_s=1, text="Good morning")
        VariableValue.objects.create(variable=session, recording=recording, text="a")
    services.erase(recording=erased, by=owner)
    for model in (Marker, TranscriptLine, VariableValue):
        assert model.objects.get().recording == kept


def test_a_comparison_goes_with_the_first_of_its_recordings(owner: User) -> None:
    project = ProjectFactory.create(owner=owner)
    erased, kept = RecordingFactory.create_batch(2, owner=owner, project=project)
    ComparisonFactory.create(project=project, recording_ids=[erased.pk, kept.pk])
    other = ComparisonFactory.create(project=project, recording_ids=[kept.pk])
    services.erase(recording=erased, by=owner)
    assert Comparison.objects.get() == other


def test_a_project_takes_its_study_and_leaves_recordings_and_markers(owner: User) -> None:
    project = ProjectFactory.create(owner=owner)
    recording = RecordingFactory.create(
        owner=owner, project=project, participant=ParticipantFactory.create(project=project)
    )
    MarkerFactory.create(
        recording=recording, kind="stimulus", name="Advert", stimulus=StimulusFactory.create(project=project)
    )
    project.delete()
    recording = Recording.objects.get()
    assert (recording.project, recording.participant) == (None, None)
    marker = Marker.objects.get()
    assert (marker.name, marker.stimulus) == ("Advert", None)
