"""Sending a recording: what comes in is kept whole or not at all."""

import base64
import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import redis
from celery import Celery, current_app
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from rest_framework.test import APIClient

from tests.webapp import clips
from tests.webapp.factories import UserFactory
from webapp.accounts.models import User
from webapp.analyses import services
from webapp.analyses.models import Analysis
from webapp.recordings.models import Recording
from webapp.recordings.services import NewRecording, RecordingFiles
from webapp.storage import media

pytestmark = pytest.mark.usefixtures("models")
URL = "/api/v1/recordings/"


def part(content: bytes, name: str = "interview.mp4") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def send(api: APIClient, key: str | None = None, **fields: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return api.post(URL, {"consent": "true", **fields}, format="multipart", headers=headers)


@pytest.fixture(scope="module")
def video() -> bytes:
    return clips.video()


@pytest.fixture(scope="module")
def long_video() -> bytes:
    """Long enough for EEG."""
    return clips.video(20, fps=1, sound=False)


def test_a_recording_is_kept_and_its_first_analysis_queued(api: APIClient, video: bytes, media_root: Path) -> None:
    answer = send(api, video=part(video), title="Anna, first visit")
    assert answer.status_code == 201, answer.json()
    created = answer.json()
    assert created["title"] == "Anna, first visit"
    assert created["duration_s"] == pytest.approx(1.0, abs=0.1)
    assert (created["width"], created["height"]) == (clips.SIDE, clips.SIDE)
    assert [each["id"] for each in created["analyses"]] == [created["analysis"]["id"]]
    assert created["analysis"]["status"] == "queued"
    assert created["analysis"]["model_name"] == "intermediate-attention-8"
    assert [each["kind"] for each in created["files"]] == ["video"]
    assert created["files"][0]["original_name"] == "interview.mp4"

    recording = Recording.objects.get(pk=created["id"])
    assert recording.consent_at is not None and recording.consent_version
    kept = recording.files.get()
    assert kept.file.read() == video
    path = media.root() / kept.key
    assert clips.everything_in(media_root) == [path]
    assert "interview" not in str(path)
    assert path.stat().st_mode & 0o077 == 0


def test_a_large_file_is_moved_and_not_copied(api: APIClient, video: bytes, media_root: Path, settings: Any) -> None:
    settings.FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
    answer = send(api, video=part(video))
    assert answer.status_code == 201, answer.json()
    assert [path.read_bytes() for path in clips.everything_in(media_root)] == [video]


def test_the_worker_is_sent_an_id_and_nothing_else(
    api: APIClient, video: bytes, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    queue = redis.Redis.from_url(settings.REDIS_URL)
    queue.delete(settings.INFERENCE_QUEUE)
    with django_capture_on_commit_callbacks(execute=True):
        answer = send(api, video=part(video))
    (message,) = queue.lrange(settings.INFERENCE_QUEUE, 0, -1)
    queue.delete(settings.INFERENCE_QUEUE)
    arguments, options, _ = json.loads(base64.b64decode(json.loads(message)["body"]))
    assert (arguments, options) == ([answer.json()["analysis"]["id"]], {})


def test_without_a_broker_the_recording_is_kept_for_the_reaper_to_announce(
    api: APIClient, video: bytes, tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> None:
    ours = current_app._get_current_object()
    Celery(broker=f"redis+socket://{tmp_path}/nobody.sock").set_current()
    try:
        with django_capture_on_commit_callbacks(execute=True):
            answer = send(api, video=part(video))
    finally:
        ours.set_current()
    assert answer.status_code == 201
    assert Analysis.objects.get().status == "queued"


def test_video_with_sound_and_eeg_is_read_by_the_fusion(api: APIClient, long_video: bytes) -> None:
    answer = send(
        api,
        video=part(long_video),
        audio=part(clips.wav(20), "voice.wav"),
        eeg=part(clips.mat(eeg=clips.eeg()), "brain.mat"),
        eeg_sfreq="100",
    )
    assert answer.status_code == 201, answer.json()
    created = answer.json()
    assert created["has_eeg"] is True
    assert created["analysis"]["model_name"] == "fusion-cnn-5"
    eeg = next(each for each in created["files"] if each["kind"] == "eeg")
    assert (eeg["eeg_sfreq"], eeg["eeg_trial"]) == (100.0, None)


def test_a_video_without_sound_is_accepted(api: APIClient) -> None:
    answer = send(api, video=part(clips.video(sound=False)))
    assert answer.status_code == 201
    assert answer.json()["has_audio"] is False


def test_the_file_name_is_the_title_where_none_is_given(api: APIClient, video: bytes) -> None:
    assert send(api, video=part(video, "visit 3.mp4")).json()["title"] == "visit 3"


@pytest.mark.parametrize("name", ["../../etc/passwd", "a" * 250 + ".mp4", "€" * 200 + ".mp4", ".mp4", "no suffix"])
def test_a_file_may_have_any_name(api: APIClient, video: bytes, media_root: Path, name: str) -> None:
    assert send(api, video=part(video, name)).status_code == 201
    (kept,) = clips.everything_in(media_root)
    assert kept.is_relative_to(media_root / "recordings")


def objects() -> bytes:
    return clips.mat(eeg=np.array([{"a": 1}, {"b": 2}], dtype=object))


def not_finite() -> np.ndarray:
    values = clips.eeg()
    values[3, 100] = np.nan
    return values


def with_eeg(content: bytes, **more: str) -> dict[str, Any]:
    return {"video": part(clips.video(20, fps=1, sound=False)), "eeg": part(content, "brain.mat"), **more}


EAV = np.zeros((10_000, 30, 2), dtype=np.float32)
BAD: dict[str, tuple[int, str, Any]] = {
    "an empty file": (422, "empty_file", lambda: {"video": part(b"")}),
    "no video": (415, "not_a_video", lambda: {"video": part(b"hello, this is text" * 100)}),
    "a truncated MP4": (422, "truncated_video", lambda: {"video": part(clips.video(4)[:-3000])}),
    "no picture track": (422, "no_picture", lambda: {"video": part(clips.video(picture=False))}),
    "no frames": (
        422,
        "zero_length",
        lambda: {"video": part(clips.no_frames())},
    ),
    "sound that is none": (
        415,
        "not_audio",
        lambda: {"video": part(clips.video()), "audio": part(b"no sound", "a.wav")},
    ),
    "sound of another length": (
        422,
        "audio_length",
        lambda: {"video": part(clips.video()), "audio": part(clips.wav(2), "a.wav")},
    ),
    "MAT that is none": (415, "not_mat", lambda: with_eeg(b"no matrix at all" * 100)),
    "MAT with objects": (422, "mat_objects", lambda: with_eeg(objects())),
    "a wrong number of channels": (
        422,
        "eeg_channels",
        lambda: with_eeg(clips.mat(eeg=clips.eeg(channels=12)), eeg_sfreq="100"),
    ),
    "NaN in the EEG": (422, "eeg_not_finite", lambda: with_eeg(clips.mat(eeg=not_finite()), eeg_sfreq="100")),
    "a trial that is not there": (422, "eeg_trial", lambda: with_eeg(clips.mat(seg=EAV), eeg_trial="3")),
    "no sampling rate": (422, "eeg_sampling_rate", lambda: with_eeg(clips.mat(eeg=clips.eeg()))),
    "an unknown model": (400, "unknown_model", lambda: {"video": part(clips.video()), "model": "oracle"}),
    "a model for another recording": (
        400,
        "model_unsuited",
        lambda: {"video": part(clips.video()), "model": "fusion-cnn-5"},
    ),
    "no consent": (400, "consent_missing", lambda: {"video": part(clips.video()), "consent": "false"}),
    "no file at all": (400, "invalid", lambda: {"title": "nothing"}),
    "a rate that is no number": (400, "invalid", lambda: {"video": part(clips.video()), "eeg_sfreq": "fast"}),
}


def is_refused(answer: Any, status: int, code: str, media_root: Path) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.json()
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert len(answer.json()["detail"]) > 10
    assert not Recording.objects.exists()
    assert not Analysis.objects.exists()
    assert clips.everything_in(media_root) == []
    assert list((media_root / "incoming").iterdir()) == []


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_refused_and_leaves_nothing(api: APIClient, media_root: Path, what: str) -> None:
    status, code, fields = BAD[what]
    is_refused(send(api, **fields()), status, code, media_root)


def test_consent_that_is_not_given_is_missing(api: APIClient, video: bytes, media_root: Path) -> None:
    is_refused(api.post(URL, {"video": part(video)}, format="multipart"), 400, "consent_missing", media_root)


def test_a_longer_recording_than_allowed_is_refused(
    api: APIClient, video: bytes, media_root: Path, settings: Any
) -> None:
    settings.LIMITS = type(settings.LIMITS)(max_seconds=0.5)
    is_refused(send(api, video=part(video)), 422, "too_long", media_root)


def test_a_larger_file_than_allowed_is_refused(api: APIClient, video: bytes, media_root: Path, settings: Any) -> None:
    settings.LIMITS = type(settings.LIMITS)(max_bytes=len(video) - 1)
    is_refused(send(api, video=part(video)), 413, "too_large", media_root)


def test_a_far_too_large_request_is_refused_before_it_is_read(api: APIClient, media_root: Path, settings: Any) -> None:
    settings.LIMITS = type(settings.LIMITS)(max_bytes=10)
    answer = api.generic("POST", URL, "not even multipart" * 100_000, content_type="multipart/form-data; boundary=x")
    is_refused(answer, 413, "too_large", media_root)


def test_too_long_fields_are_refused_as_too_large(
    api: APIClient, video: bytes, media_root: Path, settings: Any
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    is_refused(send(api, video=part(video), title="x" * 150), 413, "too_large", media_root)


def test_a_body_that_is_cut_off_is_refused(api: APIClient, media_root: Path) -> None:
    body = '--x\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\nabc'
    answer = api.generic("POST", URL, body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 400
    assert clips.everything_in(media_root) == []


def test_a_failure_of_ours_leaves_nothing(
    api: APIClient, video: bytes, media_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Analysis.objects, "create", lambda **_: 1 / 0)
    is_refused(send(api, video=part(video)), 500, "internal_error", media_root)


def test_the_same_request_with_the_same_key_is_done_once(api: APIClient, video: bytes, media_root: Path) -> None:
    first, second = (send(api, "key-1", video=part(video)).json() for _ in range(2))
    assert first == second
    assert Recording.objects.count() == Analysis.objects.count() == 1
    assert len(clips.everything_in(media_root)) == 1


def test_a_retry_gives_the_first_analysis_even_after_another(api: APIClient, video: bytes) -> None:
    first = send(api, "key-1", video=part(video)).json()
    services.rerun(recording=Recording.objects.get())
    assert send(api, "key-1", video=part(video)).json()["analysis"]["id"] == first["analysis"]["id"]


def test_another_request_with_the_same_key_is_refused(api: APIClient, video: bytes) -> None:
    send(api, "key-1", video=part(video))
    answer = send(api, "key-1", video=part(video), title="another one")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert Recording.objects.count() == 1


def test_two_people_may_use_the_same_key(api: APIClient, stranger: User, client_of: Any, video: bytes) -> None:
    send(api, "key-1", video=part(video))
    assert send(client_of(stranger), "key-1", video=part(video)).status_code == 201
    assert Recording.objects.count() == 2


def test_without_a_key_each_request_is_one_of_its_own(api: APIClient, video: bytes) -> None:
    for _ in range(2):
        assert send(api, video=part(video)).status_code == 201
    assert Recording.objects.count() == 2


@pytest.mark.usefixtures("transactional_db")
def test_the_same_request_at_the_same_moment_is_done_once(
    video: bytes, media_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "webapp.recordings.check_slots.WAIT_SECONDS", 60
    )  # each has its turn, on whatever machine this is
    owner = UserFactory.create()
    found: list[Analysis] = []
    together = threading.Barrier(4)

    def submit() -> None:
        together.wait()
        try:
            new = NewRecording(files=RecordingFiles(part(video)), consent=True, idempotency_key="key-1")
            found.append(services.submit(owner=owner, new=new))
        finally:
            connection.close()

    threads = [threading.Thread(target=submit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({each.pk for each in found}) == 1
    assert len(found) == 4
    assert Recording.objects.count() == 1
    assert len(clips.everything_in(media_root)) == 1
