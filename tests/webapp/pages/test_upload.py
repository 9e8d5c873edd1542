"""The upload page: what is wrong is said at its field, and nothing is left of what was refused."""

import html
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from inference.types import Limits
from tests.integration.rest import SAMPLES
from webapp.analyses.models import Analysis
from webapp.recordings.models import MediaFile, Recording
from webapp.storage import media

PATH = "/recordings/new/"


def sample(name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, (SAMPLES / name).read_bytes())


def send(client: Client, **fields: Any) -> Any:
    return client.post(PATH, {"video": sample("interview.mp4"), "consent": "true"} | fields)


def complaints(answer: HttpResponse) -> dict[str, str]:
    """What the page says is wrong, by field."""
    places = re.findall(r'data-error-for="([^"]+)"[^>]*>([^<]*)<', answer.content.decode())
    return {field: html.unescape(words).strip() for field, words in places if words.strip()}


def left() -> list[Path]:
    return [path for path in media.root().rglob("*") if path.is_file()]


def test_a_recording_leads_to_its_result(owner: Client) -> None:
    answer = send(owner, title="First", model="intermediate-attention-5")
    analysis = Analysis.objects.get()
    assert answer["Location"] == f"/analyses/{analysis.pk}/"
    assert analysis.recording.title == "First"
    assert analysis.model_name == "intermediate-attention-5"


def test_sound_and_eeg_are_taken_along(owner: Client) -> None:
    answer = send(owner, audio=sample("interview.wav"), eeg=sample("interview_eeg.mat"), eeg_trial="1")
    assert answer.status_code == 302, complaints(answer)
    assert {file.kind for file in Recording.objects.get().files.all()} == set(MediaFile.Kind)
    assert Analysis.objects.get().model_name == "fusion-cnn-5"


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"video": ""}, "video", "Choose the file"),
        ({"video": SimpleUploadedFile("a.mp4", b"")}, "video", "empty"),
        ({"video": SimpleUploadedFile("a.mp4", b"no film at all" * 99)}, "video", "video"),
        ({"audio": SimpleUploadedFile("a.wav", b"no sound at all" * 99)}, "audio", "sound"),
        ({"audio": SimpleUploadedFile("a.wav", b"")}, "audio", "empty"),
        ({"eeg": SimpleUploadedFile("a.mat", b"no matrix at all" * 99)}, "eeg", "MAT"),
        ({"eeg": "sample", "eeg_trial": "999"}, "eeg_trial", "999"),
        ({"eeg_trial": "first"}, "eeg_trial", "not a number"),
        ({"eeg_sfreq": "fast"}, "eeg_sfreq", "not a number"),
        ({"model": "crystal-ball"}, "model", "crystal-ball"),
        ({"model": "fusion-cnn-5"}, "model", "without EEG"),
        ({"consent": ""}, "consent", "Tick the box"),
        ({"purpose": "education"}, "purpose", "Article 5(1)(f)"),
        ({"purpose": "other"}, "purpose_note", "in a few words"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(owner: Client, fields: dict[str, Any], field: str, words: str) -> None:
    if fields.get("eeg") == "sample":
        fields = fields | {"eeg": sample("interview_eeg.mat")}
    before = left()
    answer = send(owner, title="Kept title", **fields)
    assert answer.status_code == 422
    assert list(complaints(answer)) == [field]
    assert words.lower() in complaints(answer)[field].lower()
    assert 'value="Kept title"' in answer.content.decode()
    assert not Recording.objects.exists()
    assert left() == before


def test_a_file_over_the_limit_is_refused_at_its_field(owner: Client, settings: Any) -> None:
    settings.LIMITS = Limits(max_bytes=1000)
    answer = send(owner)
    assert list(complaints(answer)) == ["video"]
    assert not Recording.objects.exists()


def test_a_video_over_the_limit_of_length_is_refused(owner: Client, settings: Any) -> None:
    settings.LIMITS = Limits(max_seconds=5)
    assert "video" in complaints(send(owner))


def test_the_page_offers_each_model_that_reads_recordings(owner: Client) -> None:
    page = owner.get(PATH).content.decode()
    choices = re.findall(r'name="model" value="([^"]*)"([^>]*)', page)
    assert [name for name, _ in choices] == ["", "intermediate-attention-8", "intermediate-attention-5", "fusion-cnn-5"]
    assert [name for name, rest in choices if "checked" in rest] == [""]
    assert "checked" not in re.findall(r'<input[^>]*name="consent"[^>]*>', page)[0].replace("form-check", "")
