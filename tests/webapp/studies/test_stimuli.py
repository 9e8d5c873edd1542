"""Stimuli of a project, with their video."""

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.webapp import clips
from tests.webapp.factories import MarkerFactory, ProjectFactory, RecordingFactory, StimulusFactory
from webapp.accounts.models import User
from webapp.analyses.execution.reaper import sweep
from webapp.core.errors import RequestError
from webapp.recordings.models import Project
from webapp.recordings.quota import used_bytes
from webapp.storage import media
from webapp.studies import stimuli
from webapp.studies.models import Marker, Stimulus


@pytest.fixture
def project(owner: User) -> Project:
    return ProjectFactory.create(owner=owner)


def test_a_new_one_finds_its_markers(project: Project, owner: User) -> None:
    recording = RecordingFactory.create(owner=owner, project=project)
    marker = MarkerFactory.create(recording=recording, kind="stimulus", name="ADVERT")
    stimulus = stimuli.create_stimulus(project=project, by=owner, name="Advert", length_s=5)
    marker.refresh_from_db()
    assert marker.stimulus == stimulus
    stimuli.update_stimulus(stimulus=stimulus, by=owner, name="Spot")
    assert Marker.objects.get().name == "Spot"
    stimuli.delete_stimulus(stimulus=stimulus, by=owner)
    assert (Marker.objects.get().name, Marker.objects.get().stimulus) == ("Spot", None)


def test_it_is_not_longer_than_a_recording_that_has_it(project: Project, owner: User) -> None:
    recording = RecordingFactory.create(owner=owner, project=project, title="First clip")
    MarkerFactory.create(recording=recording, kind="stimulus", name="Advert")
    with pytest.raises(RequestError) as refused:
        stimuli.create_stimulus(project=project, by=owner, name="Advert", length_s=11)
    assert refused.value.code == "stimulus_length"
    assert "“First clip”" in refused.value.message
    stimulus = stimuli.create_stimulus(project=project, by=owner, name="Advert", length_s=10)
    with pytest.raises(RequestError):
        stimuli.update_stimulus(stimulus=stimulus, by=owner, length_s=10.5)
    assert Stimulus.objects.get().length_s == 10


def test_a_name_is_unique_and_a_length_needed(project: Project, owner: User) -> None:
    StimulusFactory.create(project=project, name="Advert")
    for fields, code in (({"name": "ADVERT", "length_s": 1}, "name_taken"), ({"name": "Other"}, "stimulus_length")):
        with pytest.raises(RequestError) as refused:
            stimuli.create_stimulus(project=project, by=owner, **fields)
        assert refused.value.code == code


def test_a_video_is_checked_stored_counted_and_erased(
    project: Project, owner: User, media_root: Path, django_capture_on_commit_callbacks: object
) -> None:
    video = clips.video()
    file = SimpleUploadedFile("advert.mp4", video)
    stimulus = stimuli.create_stimulus(project=project, by=owner, name="Advert", video=file)
    assert stimulus.length_s > 0
    assert (stimulus.original_name, stimulus.bytes, used_bytes(owner)) == ("advert.mp4", len(video), len(video))
    with media.local_file(stimulus.key) as path:
        assert path.read_bytes() == video
    sweep()
    assert clips.everything_in(media_root)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        project.delete()
    assert not clips.everything_in(media_root)


def test_a_file_that_is_no_video_leaves_nothing(project: Project, owner: User, media_root: Path) -> None:
    file = SimpleUploadedFile("advert.mp4", b"no video at all")
    with pytest.raises(Exception, match="not_a_video"):
        stimuli.create_stimulus(project=project, by=owner, name="Advert", video=file)
    assert not Stimulus.objects.exists()
    assert not clips.everything_in(media_root)
