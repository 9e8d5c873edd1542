"""Odd recordings over REST and on the page: taken, or refused on upload with the code of what is wrong."""

from html import unescape
from pathlib import Path
from typing import Any, cast

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from rest_framework.test import APIClient

from tests.inference import recordings, sounds
from tests.inference.clips import silent
from tests.webapp import clips
from tests.webapp.pages.test_upload import complaints
from webapp.accounts.models import User
from webapp.recordings.models import Recording

pytestmark = pytest.mark.usefixtures("models")
URL, PAGE = "/api/v1/recordings/", "/recordings/new/"


def part(path: Path) -> SimpleUploadedFile:
    return SimpleUploadedFile(path.name, path.read_bytes())


@pytest.fixture
def visitor(owner: User, client: Client) -> Client:
    client.force_login(owner)
    return client


@pytest.mark.parametrize("kind", recordings.READ)
def test_a_recording_that_players_show_is_taken(kind: str, api: APIClient, tmp_path: Path) -> None:
    seconds, make = recordings.READ[kind]
    answer = api.post(URL, {"consent": "true", "video": part(make(tmp_path))}, format="multipart")
    assert answer.status_code == 201, answer.json()
    assert answer.json()["duration_s"] == pytest.approx(seconds, abs=0.1)


@pytest.mark.parametrize("kind", recordings.REFUSED)
def test_a_recording_that_they_show_in_part_is_refused(
    kind: str, api: APIClient, visitor: Client, tmp_path: Path, media_root: Path
) -> None:
    code, make = recordings.REFUSED[kind]
    clip = make(tmp_path)
    answer = api.post(URL, {"consent": "true", "video": part(clip)}, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    shown = visitor.post(PAGE, {"consent": "true", "video": part(clip)})
    assert answer.json()["detail"] in _unescaped(shown)
    assert not Recording.objects.exists()
    assert clips.everything_in(media_root) == []


@pytest.mark.parametrize(
    "shape",
    [
        "floats of 16-bit integers",
        "ten samples that are no numbers",
        "one of 32 channels",
        "sizes of a pipe",
        "no size",
        "a placeholder for its size",
        "an ID3v1 tag behind",
        "four bytes behind",
        "big-endian",
        "BW64",
        "24 bits in 32",
    ],
)
def test_a_voice_in_any_shape_is_taken(shape: str, api: APIClient, tmp_path: Path) -> None:
    voice = SimpleUploadedFile("voice.wav", sounds.READ[shape]())
    video = part(silent(tmp_path / "clip.mp4", sounds.SECONDS))
    answer = api.post(URL, {"consent": "true", "video": video, "audio": voice}, format="multipart")
    assert answer.status_code == 201, answer.json()


def test_too_many_tracks_are_refused_on_upload(api: APIClient, visitor: Client, tmp_path: Path) -> None:
    data = sounds.tracks(*[sounds.voice()] * 65)
    video = silent(tmp_path / "clip.mp4", sounds.SECONDS)
    fields = {"consent": "true", "video": part(video), "audio": SimpleUploadedFile("voice.wav", data)}
    answer = api.post(URL, fields, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (422, "audio_channels")
    assert "65 channels" in answer.json()["detail"]
    fields |= {"video": part(video), "audio": SimpleUploadedFile("voice.wav", data)}
    assert answer.json()["detail"] in _unescaped(visitor.post(PAGE, fields))


BROKEN_SOUNDS = {
    "two sounds": lambda: sounds.wav(sounds.integers(16)) * 2,
    "a page behind": lambda: sounds.wav(sounds.integers(16), behind=b"<html>" * 9),
    "nothing": lambda: b"",
    "a video's name": lambda: clips.video(),
}


@pytest.mark.parametrize("what", BROKEN_SOUNDS)
def test_an_error_stands_at_the_file_that_it_is_about(
    what: str, api: APIClient, visitor: Client, tmp_path: Path
) -> None:
    def fields() -> dict[str, Any]:
        sound = SimpleUploadedFile("voice.wav", BROKEN_SOUNDS[what]())
        return {"consent": "true", "video": part(tmp_path / "clip.mp4"), "audio": sound}

    silent(tmp_path / "clip.mp4", sounds.SECONDS)
    assert api.post(URL, fields(), format="multipart").json()["field"] == "audio"
    assert set(complaints(cast(HttpResponse, visitor.post(PAGE, fields())))) == {"audio"}
    assert not Recording.objects.exists()


def _unescaped(answer: Any) -> str:
    return unescape(answer.content.decode())
