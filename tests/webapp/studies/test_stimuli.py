"""Stimuli of a project, with their video or picture."""

import hashlib
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from inference.errors import InputError
from tests.inference import playback
from tests.webapp import clips
from tests.webapp.factories import MarkerFactory, ProjectFactory, RecordingFactory, StimulusFactory
from webapp.accounts.models import User
from webapp.analyses.execution.reaper import sweep
from webapp.audit.models import Entry
from webapp.core.errors import RequestError
from webapp.recordings.models import Project
from webapp.recordings.quota import used_bytes
from webapp.storage import media
from webapp.studies import selectors, stimuli
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


def test_a_picture_is_written_anew_counted_and_erased(
    project: Project, owner: User, media_root: Path, django_capture_on_commit_callbacks: object
) -> None:
    photo = clips.picture(".jpg")
    file = SimpleUploadedFile("C:\\beach.jpg", photo)
    stimulus = stimuli.create_stimulus(project=project, by=owner, name="Beach", length_s=4, picture=file)
    assert (stimulus.medium, stimulus.length_s, stimulus.content_type) == ("picture", 4, "image/png")
    assert stimulus.original_name == "C-beach.jpg"
    with media.local_file(stimulus.key) as path:
        kept = path.read_bytes()
    assert kept.startswith(b"\x89PNG")
    assert (stimulus.bytes, used_bytes(owner)) == (len(kept), len(kept))
    assert stimulus.sha256 == hashlib.sha256(kept).hexdigest()
    sweep()
    assert clips.everything_in(media_root)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        stimuli.delete_stimulus(stimulus=stimulus, by=owner)
    assert not clips.everything_in(media_root)


def test_a_picture_that_is_refused_leaves_nothing(project: Project, owner: User, media_root: Path) -> None:
    def add(content: bytes, length_s: float | None) -> None:
        file = SimpleUploadedFile("beach.png", content)
        stimuli.create_stimulus(project=project, by=owner, name="Beach", length_s=length_s, picture=file)

    with pytest.raises(InputError) as refused:
        add(clips.video(), 4)
    assert (refused.value.code, refused.value.file) == ("not_a_picture", "picture")
    for length_s, code in ((None, "stimulus_length"), (0, "stimulus_length")):
        with pytest.raises(RequestError) as wrong:
            add(clips.picture(), length_s)
        assert wrong.value.code == code
    User.objects.filter(pk=owner.pk).update(quota_bytes=100)
    with pytest.raises(RequestError) as too_much:
        add(clips.picture(), 4)
    assert too_much.value.code == "quota_bytes"
    assert not Stimulus.objects.exists()
    assert not clips.everything_in(media_root)


def test_they_have_an_order_without_gaps(project: Project, owner: User) -> None:
    made = [stimuli.create_stimulus(project=project, by=owner, name=name, length_s=1) for name in "bacd"]

    def order() -> str:
        listed = selectors.stimuli_of(project)
        assert [each.position for each in listed] == list(range(len(listed)))
        return "".join(each.name for each in listed)

    assert order() == "bacd"
    for name, position, expected in (("d", 0, "dbac"), ("d", 2, "badc"), ("b", 99, "adcb"), ("a", 0, "adcb")):
        stimuli.update_stimulus(stimulus=project.stimuli.get(name=name), by=owner, position=position)
        assert order() == expected
    stimuli.delete_stimulus(stimulus=made[3], by=owner)
    assert order() == "acb"
    assert Entry.objects.filter(action="stimuli_changed", owner_id=owner.pk).exists()


def test_a_file_that_is_no_video_leaves_nothing(project: Project, owner: User, media_root: Path) -> None:
    file = SimpleUploadedFile("advert.mp4", b"no video at all")
    with pytest.raises(Exception, match="not_a_video"):
        stimuli.create_stimulus(project=project, by=owner, name="Advert", video=file)
    assert not Stimulus.objects.exists()
    assert not clips.everything_in(media_root)


def test_a_video_that_no_browser_plays_leaves_nothing(
    project: Project, owner: User, media_root: Path, tmp_path: Path
) -> None:
    avi = playback.video(tmp_path, "avi", "mjpeg -pix_fmt yuvj420p", "").read_bytes()
    with pytest.raises(InputError) as refused:
        stimuli.create_stimulus(project=project, by=owner, name="Advert", video=SimpleUploadedFile("advert", avi))
    assert (refused.value.code, refused.value.file) == ("not_playable", "video")
    assert not Stimulus.objects.exists()
    assert not clips.everything_in(media_root)


@pytest.mark.parametrize(("suffix", "media_type"), [("webm", "video/webm"), ("mov", "video/mp4")])
def test_a_video_is_served_as_what_it_is(
    project: Project, owner: User, media_root: Path, tmp_path: Path, suffix: str, media_type: str
) -> None:
    codec = playback.VP8 if suffix == "webm" else playback.H264
    file = SimpleUploadedFile("advert", playback.video(tmp_path, suffix, codec, "").read_bytes())
    stimulus = stimuli.create_stimulus(project=project, by=owner, name="Advert", video=file)
    assert (stimulus.content_type, stimulus.original_name) == (media_type, "advert")
