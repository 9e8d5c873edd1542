"""Stimuli on the tab of markers: added with a file, renamed, moved and deleted."""

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.inference import playback
from tests.webapp import clips
from tests.webapp.factories import MarkerFactory, ProjectFactory, RecordingFactory, StimulusFactory
from webapp.accounts.models import User
from webapp.recordings.models import Project
from webapp.studies import selectors
from webapp.studies.models import Stimulus

pytestmark = pytest.mark.usefixtures("media_root")


@pytest.fixture
def project(user: User) -> Project:
    return ProjectFactory.create(owner=user, name="Adverts")


def add(owner: Client, project: Project, **fields: object) -> tuple[int, str]:
    answer = owner.post(f"/projects/{project.pk}/stimuli/", fields)
    return answer.status_code, answer.content.decode()


def tab(owner: Client, project: Project) -> str:
    return owner.get(f"/projects/{project.pk}/markers/").content.decode()


def picture() -> SimpleUploadedFile:
    return SimpleUploadedFile("beach.jpg", clips.picture(".jpg"), content_type="text/html")


def test_a_text_a_video_and_a_picture_are_added_and_seen(owner: Client, project: Project) -> None:
    assert add(owner, project, name="Advert A", medium="none", length_s="4.5", file=picture())[0] == 302
    video = SimpleUploadedFile("clip.mp4", clips.video(1.0))
    assert add(owner, project, name="Clip", medium="video", length_s="99", file=video)[0] == 302
    assert add(owner, project, name="Beach", medium="picture", length_s="3", file=picture())[0] == 302
    text, clip, beach = selectors.stimuli_of(project)
    assert (text.medium, text.length_s, text.bytes) == ("none", 4.5, 0)
    assert (clip.medium, clip.original_name) == ("video", "clip.mp4")
    assert clip.length_s < 2
    assert (beach.medium, beach.length_s) == ("picture", 3)
    page = tab(owner, project)
    assert f'<video src="/api/v1/projects/{project.pk}/stimuli/{clip.pk}/video/"' in page
    assert f'<img src="/api/v1/projects/{project.pk}/stimuli/{beach.pk}/picture/"' in page
    assert "shown as text · 4.5 s" in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": ""}, "Enter a name"),
        ({"medium": "video"}, "Choose a file."),
        ({"medium": "picture"}, "Choose a file."),
        ({"medium": "none"}, "Enter its length in seconds."),
        ({"medium": "picture", "file": b"png"}, "Enter its length in seconds."),
        ({"medium": "none", "length_s": "0"}, "A stimulus has a length above 0 s"),
        ({"medium": "none", "length_s": "nan"}, "This is no number of seconds."),
        ({"medium": "film"}, "Select a valid choice"),
        ({"medium": "video", "file": b"<html>"}, "This file is not a video"),
        ({"medium": "picture", "length_s": "2", "file": b"<svg/>"}, "cannot be read as a picture"),
        ({"medium": "none", "length_s": "2", "name": "TAKEN"}, "Choose another name."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_stored(
    owner: Client, project: Project, media_root: Path, fields: dict[str, object], words: str
) -> None:
    StimulusFactory.create(project=project, name="taken")
    given = {
        name: SimpleUploadedFile("a.mp4", value) if isinstance(value, bytes) else value
        for name, value in fields.items()
    }
    status, page = add(owner, project, **{"name": "New", **given})
    assert status == 422
    assert words in page
    assert project.stimuli.count() == 1
    assert not clips.everything_in(media_root)


def test_a_video_that_not_every_browser_plays_is_refused_at_its_field(
    owner: Client, project: Project, tmp_path: Path
) -> None:
    file = SimpleUploadedFile("film.mp4", playback.video(tmp_path, "mp4", "mpeg4", "aac").read_bytes())
    status, page = add(owner, project, name="Film", medium="video", file=file)
    assert status == 422
    assert "The video is MP4 with MPEG-4 Part 2 and AAC, which not every browser plays." in page
    assert not project.stimuli.exists()


def test_the_form_is_protected_although_its_files_are_read_first(user: User, project: Project) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    assert add(client, project, name="A", medium="none", length_s="1")[0] == 403
    assert not project.stimuli.exists()


def test_one_is_renamed_with_its_markers_and_gets_another_length(owner: Client, project: Project) -> None:
    stimulus = StimulusFactory.create(project=project, name="Advert", length_s=4)
    marker = MarkerFactory.create(
        recording=RecordingFactory.create(owner=project.owner, project=project), kind="stimulus", stimulus=stimulus
    )
    address = f"/stimuli/{stimulus.pk}/"
    assert 'value="Advert"' in owner.get(address).content.decode()
    assert owner.post(address, {"name": "Spot", "length_s": "5"}).status_code == 302
    stimulus.refresh_from_db()
    marker.refresh_from_db()
    assert (stimulus.name, stimulus.length_s, marker.name) == ("Spot", 5, "Spot")
    refused = owner.post(address, {"name": "Spot", "length_s": "50"})
    assert refused.status_code == 422
    assert "has 50.000 s and recording" in refused.content.decode()


def test_a_video_keeps_its_length(owner: Client, project: Project) -> None:
    stimulus = StimulusFactory.create(project=project, name="Clip", medium="video", file="recordings/x/y.mp4")
    assert "length_s" not in owner.get(f"/stimuli/{stimulus.pk}/").content.decode()
    owner.post(f"/stimuli/{stimulus.pk}/", {"name": "Spot", "length_s": "50"})
    stimulus.refresh_from_db()
    assert (stimulus.name, stimulus.length_s) == ("Spot", 5)


def test_up_and_down_move_one_and_keep_the_focus(owner: Client, project: Project) -> None:
    a, b, c = (StimulusFactory.create(project=project, name=name, position=n) for n, name in enumerate("abc"))

    def move(stimulus: Stimulus, direction: str) -> str:
        page = owner.post(f"/stimuli/{stimulus.pk}/move/", {"direction": direction}, follow=True).content.decode()
        return page.partition("autofocus")[0].rpartition('aria-label="')[2]

    assert move(c, "up").startswith("Move c up")
    assert [each.name for each in selectors.stimuli_of(project)] == ["a", "c", "b"]
    assert move(c, "up").startswith("Move c down")  # it is the first now: up is no more
    assert [each.name for each in selectors.stimuli_of(project)] == ["c", "a", "b"]
    assert move(a, "down").startswith("Move a up")
    move(b, "nowhere")
    assert [each.name for each in selectors.stimuli_of(project)] == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("fields", "lost"),
    [
        ({}, "Its length is lost"),
        ({"medium": "picture", "file": "recordings/x/y.png"}, "Its length and its picture are lost"),
        ({"medium": "video", "file": "recordings/x/y.mp4"}, "Its length and its video are lost"),
    ],
)
def test_deleting_one_says_first_what_is_lost(
    owner: Client, project: Project, fields: dict[str, str], lost: str
) -> None:
    stimulus = StimulusFactory.create(project=project, **fields)
    page = owner.get(f"/stimuli/{stimulus.pk}/delete/").content.decode()
    assert f"{lost}, and participants see it no more. 0 markers stay, with its name" in page
    owner.post(f"/stimuli/{stimulus.pk}/delete/")
    assert not Stimulus.objects.exists()
