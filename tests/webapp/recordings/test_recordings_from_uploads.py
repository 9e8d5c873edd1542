"""Recordings of files that came in parts: used once, whole, by their owner alone; and what a MAT file holds."""

import os
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from rest_framework.test import APIClient

from inference import validation
from tests.webapp import clips, tus
from webapp.accounts.models import User
from webapp.analyses.execution.reaper import reap
from webapp.recordings.models import MediaFile, Recording, Upload
from webapp.storage import media

pytestmark = pytest.mark.usefixtures("models")
URL = "/api/v1/recordings/"
NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def video() -> bytes:
    return clips.video()


@pytest.fixture(scope="module")
def long_video() -> bytes:
    """Long enough for EEG."""
    return clips.video(20, fps=1, sound=False)


@pytest.fixture
def submit(api: APIClient, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """POST recordings/, with what follows once the transaction is over."""
    monkeypatch.setattr("webapp.analyses.execution.dispatch.enqueue", lambda *_, **__: None)

    def send(key: str | None = None, **fields: Any) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            return api.post(
                URL, {"consent": "true", **fields}, format="multipart", headers={"Idempotency-Key": key} if key else {}
            )

    return send


def test_a_recording_is_made_of_uploads_which_are_then_gone(
    api: APIClient, submit: Any, long_video: bytes, media_root: Path
) -> None:
    contents = {"video": long_video, "audio": clips.wav(20), "eeg": clips.mat(eeg=clips.eeg(), fs=100.0)}
    names = {"video": "visit 3.mp4", "audio": "voice.wav", "eeg": "brain.mat"}
    uploads = {f"{kind}_upload": tus.whole(api, content, names[kind]) for kind, content in contents.items()}
    inodes = {transfer.path.stat().st_ino for transfer in Upload.objects.all()}
    answer = submit(**uploads)
    assert answer.status_code == 201, answer.json()
    assert answer.json()["title"] == "visit 3"
    files = {file.kind: file for file in MediaFile.objects.all()}
    assert {kind: file.file.read() for kind, file in files.items()} == contents
    assert {kind: file.original_name for kind, file in files.items()} == names
    assert {(media.root() / file.key).stat().st_ino for file in files.values()} == inodes  # moved, not copied
    assert not Upload.objects.exists()
    assert sorted(clips.everything_in(media_root)) == sorted(media.root() / file.key for file in files.values())


def test_some_files_may_come_with_the_request(api: APIClient, submit: Any, video: bytes) -> None:
    answer = submit(video_upload=tus.whole(api, video), audio=SimpleUploadedFile("a.wav", clips.wav()))
    assert answer.status_code == 201, answer.json()
    assert {each["kind"] for each in answer.json()["files"]} == {"video", "audio"}


@pytest.mark.parametrize("name", ["€" * 200 + ".mp4", ".mp4", "no suffix", "می‌خواهم.mp4", ""])
def test_an_upload_may_have_any_name(api: APIClient, submit: Any, video: bytes, media_root: Path, name: str) -> None:
    assert submit(video_upload=tus.whole(api, video, name)).status_code == 201
    (kept,) = clips.everything_in(media_root)
    assert kept.is_relative_to(media_root / "recordings")


def test_what_is_refused_leaves_the_uploads_so_that_the_wrong_file_alone_comes_anew(
    api: APIClient, submit: Any, video: bytes, media_root: Path
) -> None:
    good, wrong = tus.whole(api, video), tus.whole(api, clips.wav(2), "voice.wav")
    answer = submit(video_upload=good, audio_upload=wrong)
    assert (answer.status_code, answer.json()["code"]) == (422, "audio_length")
    assert not Recording.objects.exists()
    assert {str(transfer.pk) for transfer in Upload.objects.all()} == {good, wrong}
    assert sorted(clips.everything_in(media_root)) == sorted(transfer.path for transfer in Upload.objects.all())
    assert submit(video_upload=good, audio_upload=tus.whole(api, clips.wav(1), "voice.wav")).status_code == 201
    assert [str(transfer.pk) for transfer in Upload.objects.all()] == [wrong]


@pytest.mark.parametrize("wrong", [{"consent": "false"}, {"purpose": "other"}])
def test_what_nobody_agreed_to_can_be_corrected_and_is_else_gone_within_the_hour(
    api: APIClient, submit: Any, video: bytes, media_root: Path, wrong: dict[str, str]
) -> None:
    upload, other = tus.whole(api, video), tus.whole(api, video)
    before, ends = timezone.now(), set()
    for _ in range(2):  # asking again prolongs nothing
        answer = submit(video_upload=upload, **wrong)
        assert answer.json()["code"] in {"consent_missing", "purpose_note_missing"}
        assert "within an hour" in answer.json()["detail"]
        ends.add(Upload.objects.get(pk=upload).expires_at)
    (end,) = ends
    assert timezone.now() < end < before + timedelta(hours=1)
    assert Upload.objects.get(pk=other).expires_at > before + timedelta(days=6)
    assert submit(video_upload=upload).status_code == 201

    assert submit(video_upload=other, **wrong).status_code == 400
    Upload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))  # as if the hour were over
    assert submit(video_upload=other).json()["code"] == "upload_unknown"
    reap()
    assert not Upload.objects.exists()
    assert not any((media_root / "incoming").iterdir())


def test_what_is_sent_for_a_forbidden_purpose_is_gone_at_once(
    api: APIClient, submit: Any, video: bytes, media_root: Path, client_of: Any, stranger: User
) -> None:
    upload, others = tus.whole(api, video), tus.whole(client_of(stranger), video)
    for named in (upload, others):
        answer = submit(video_upload=named, purpose="workplace")
        assert (answer.status_code, answer.json()["code"]) == (422, "purpose_forbidden")
        assert "are removed." in answer.json()["detail"]
    assert [str(transfer.pk) for transfer in Upload.objects.all()] == [others]
    assert clips.everything_in(media_root) == [Upload.objects.get().path]


def test_a_failure_of_ours_leaves_the_uploads(
    api: APIClient, submit: Any, video: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = tus.whole(api, video)
    with monkeypatch.context() as patch:
        patch.setattr("webapp.analyses.models.Analysis.objects.create", lambda **_: 1 / 0)
        assert submit(video_upload=upload).status_code == 500
    assert Upload.objects.get().path.read_bytes() == video
    assert submit(video_upload=upload).status_code == 201


def test_an_upload_that_is_not_complete_is_waited_for(api: APIClient, submit: Any, video: bytes) -> None:
    address = tus.begin(api, len(video))["Location"]
    tus.send(api, address, 0, video[:500])
    upload = address.split("/")[-2]
    answer = submit(video_upload=upload)
    assert (answer.status_code, answer.json()["code"]) == (409, "upload_incomplete")
    assert list(answer.json()["errors"]) == ["video_upload"]
    assert str(len(video) - 500) in answer.json()["detail"]
    tus.send(api, address, 500, video[500:])
    assert submit(video_upload=upload).status_code == 201


def test_an_upload_that_is_not_there_is_said_at_its_field(
    api: APIClient, submit: Any, stranger: User, client_of: Any, video: bytes
) -> None:
    others = tus.whole(client_of(stranger), video)
    mine = tus.whole(api, video)
    lost = [submit(video_upload=upload) for upload in (NOWHERE, others)]
    for answer in [*lost, submit(video_upload=mine, audio_upload=NOWHERE)]:
        assert (answer.status_code, answer.json()["code"]) == (400, "upload_unknown")
    assert [list(answer.json()["errors"]) for answer in lost] == [["video_upload"]] * 2
    assert Upload.objects.count() == 2
    assert not Recording.objects.exists()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "video"),
        ({"video_upload": "visit 3"}, "video_upload"),
        ({"video_upload": NOWHERE, "video": b"x"}, "video"),
        ({"video_upload": NOWHERE, "eeg_upload": NOWHERE, "eeg": b"x"}, "eeg"),
    ],
)
def test_each_file_is_named_once(submit: Any, fields: dict[str, Any], field: str) -> None:
    sent = {
        name: SimpleUploadedFile(name, value) if isinstance(value, bytes) else value for name, value in fields.items()
    }
    answer = submit(**sent)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["errors"]) == [field]


def test_an_upload_is_used_once(api: APIClient, submit: Any, video: bytes) -> None:
    upload = tus.whole(api, video)
    assert submit(video_upload=upload).status_code == 201
    assert submit(video_upload=upload).json()["code"] == "upload_unknown"
    assert Recording.objects.count() == 1


def test_an_upload_that_another_request_uses_meanwhile_makes_no_second_recording(
    api: APIClient, submit: Any, video: bytes, media_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload, check = tus.whole(api, video), validation.check_inputs

    def slow(*args: Any) -> Any:
        Upload.objects.all().delete()
        return check(*args)

    monkeypatch.setattr(validation, "check_inputs", slow)
    assert submit(video_upload=upload).json()["code"] == "upload_unknown"
    assert not Recording.objects.exists()
    assert not list((media_root / "recordings").glob("*/*"))


def test_a_request_whose_answer_was_lost_can_be_repeated(api: APIClient, submit: Any, video: bytes) -> None:
    upload = tus.whole(api, video)
    first, second = (submit("key-1", video_upload=upload, title="A").json() for _ in range(2))
    assert first == second
    assert Recording.objects.count() == 1
    other = submit("key-1", video_upload=upload, title="B")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def outline(api: APIClient, content: bytes) -> Any:
    return api.get(f"{tus.URL}{tus.whole(api, content, 'brain.mat')}/eeg/")


def test_a_mat_file_tells_its_trials_rate_and_channels(api: APIClient) -> None:
    answer = outline(api, clips.mat(seg1=np.zeros((10_000, 30, 3), dtype=np.float32)))
    assert answer.status_code == 200
    told = answer.json()
    assert (told["shape"], told["trials"], told["sfreq"], told["seconds"]) == ([10_000, 30, 3], 3, 500.0, 20.0)
    assert (told["channels"][0], len(told["channels"])) == ("Fp1", 30)


def test_a_plain_mat_file_tells_what_it_knows(api: APIClient) -> None:
    told = outline(api, clips.mat(eeg=clips.eeg(21), fs=100.0)).json()
    unnamed = {"channels": None, "channel_order": "assumed", "unit": None}
    assert told == {"shape": [30, 2100], "trials": None, "sfreq": 100.0, "seconds": 21.0, **unnamed}
    told = outline(api, clips.mat(eeg=clips.eeg(21))).json()
    assert told == {"shape": [30, 2100], "trials": None, "sfreq": None, "seconds": None, **unnamed}


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"no matrix at all" * 100, 415, "not_mat"),
        (b"", 422, "empty_file"),
        (os.urandom(5000), 415, "not_mat"),
        (clips.mat(eeg=clips.eeg(channels=12)), 422, "eeg_channels"),
        (clips.mat(eeg=clips.eeg(), fs=100.0, srate=200.0), 422, "eeg_sampling_rate"),
        (clips.mat(eeg=np.array([{"a": 1}], dtype=object)), 422, "mat_objects"),
    ],
)
def test_a_file_that_holds_no_eeg_says_why(api: APIClient, content: bytes, status: int, code: str) -> None:
    answer = outline(api, content)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"


def test_half_a_mat_file_is_not_looked_into(api: APIClient, stranger: User, client_of: Any) -> None:
    address = tus.begin(api, 5000, "brain.mat")["Location"]
    answer = api.get(f"{address}eeg/")
    assert (answer.status_code, answer.json()["code"]) == (409, "upload_incomplete")
    assert client_of(stranger).get(f"{address}eeg/").status_code == 404
    assert api.get(f"{tus.URL}{uuid.uuid4()}/eeg/").status_code == 404
