"""A fault of the installation costs nobody an attempt, and is said with a code and no 500."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from kombu.exceptions import OperationalError as BrokerError
from rest_framework.test import APIClient

from inference.store import StoreError
from tests.webapp import clips
from tests.webapp.factories import AnalysisFactory, RecordingFactory, published, silent_for, with_files
from webapp.accounts.models import User
from webapp.analyses import selectors, services, tasks
from webapp.analyses.execution import dispatch
from webapp.analyses.execution.lease import Lease
from webapp.analyses.models import Analysis
from webapp.core import faults
from webapp.observability import metrics
from webapp.pages import display_names
from webapp.storage import media

Status = Analysis.Status
PAUSE_SECONDS = 10_000  # until what was put off is tried again
FILES = {
    errno.EROFS: (503, "storage_unavailable"),
    errno.EIO: (503, "storage_unavailable"),
    errno.ESTALE: (503, "storage_unavailable"),
    errno.ENOTCONN: (503, "storage_unavailable"),
    errno.EACCES: (503, "storage_unavailable"),
    errno.EPERM: (503, "storage_unavailable"),
    errno.EDQUOT: (507, "disk_full"),
    errno.ENOSPC: (507, "disk_full"),
}


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch, media_root: Path) -> Callable[[int], None]:
    """Let the system refuse, with this errno, to open or make anything below the media to write."""

    def broken(number: int) -> None:
        def refusing(really: Callable[..., Any]) -> Callable[..., Any]:
            def call(path: Any, *more: Any, **options: Any) -> Any:
                ours = isinstance(path, str | Path) and Path(path).is_relative_to(media_root)
                if ours and (really is not os.open or more[0] & (os.O_WRONLY | os.O_RDWR)):
                    raise OSError(number, os.strerror(number), str(path))
                return really(path, *more, **options)

            return call

        for name in ("open", "mkdir"):
            monkeypatch.setattr(os, name, refusing(getattr(os, name)))

    return broken


def a_recording(**contents: bytes) -> Any:
    recording = RecordingFactory.create()
    with_files(recording, **contents)
    return recording


def video() -> SimpleUploadedFile:
    return SimpleUploadedFile("a.mp4", clips.video(), "video/mp4")


def waits(analysis: Analysis, code: str) -> None:
    analysis.refresh_from_db()
    assert (analysis.status, analysis.attempt, analysis.error_code) == (Status.QUEUED, 0, code)
    assert "operator" in analysis.error_message or code == "unavailable"
    assert display_names.stage(analysis) == display_names.progress(analysis) == analysis.error_message


@pytest.mark.parametrize("number", FILES)
def test_what_becomes_of_a_request_when_the_media_cannot_be_written_to(
    api: APIClient, models: Path, broken: Callable[[int], None], number: int
) -> None:
    broken(number)
    answer = api.post("/api/v1/recordings/", {"consent": "true", "video": video()}, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == FILES[number]
    assert int(answer["Retry-After"]) > 0
    assert "operator" in answer.json()["detail"]


def test_the_page_says_so_too(owner: User, models: Path, broken: Callable[[int], None]) -> None:
    browser = Client(raise_request_exception=False)
    browser.force_login(owner)
    broken(errno.EROFS)
    answer = browser.post(reverse("pages:upload"), {"consent": "on", "video": video()})
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
    assert "The operator has to make it readable and writable" in answer.content.decode()


@pytest.mark.parametrize("number", FILES)
def test_an_analysis_waits_when_the_media_cannot_be_written_to(
    db: None, broken: Callable[[int], None], number: int
) -> None:
    analysis = published("happy", recording=a_recording(video=clips.video(10)))
    broken(number)
    for _ in range(4):
        tasks.render(str(analysis.pk))
        waits(analysis, FILES[number][1])
        silent_for(analysis, PAUSE_SECONDS)


def test_what_is_mended_goes_on(db: None, monkeypatch: pytest.MonkeyPatch, media_root: Path) -> None:
    analysis = published("happy", recording=a_recording(video=clips.video(10)))
    with monkeypatch.context() as patch:
        patch.setattr(media, "save", raising(OSError(errno.EROFS, "Read-only file system")))
        tasks.render(str(analysis.pk))
    waits(analysis, "storage_unavailable")
    silent_for(analysis, PAUSE_SECONDS)
    tasks.render(str(analysis.pk))
    analysis.refresh_from_db()
    assert (analysis.status, analysis.attempt, analysis.error_code, analysis.error_message) == (
        Status.SUCCEEDED,
        1,
        "",
        "",
    )


def test_a_recording_whose_files_are_away_is_waited_for(db: None, models: Path, media_root: Path) -> None:
    """As where nothing is mounted any more."""
    recording = a_recording(video=clips.video(10))
    waiting, labelled = AnalysisFactory.create(recording=recording), published("happy", recording=recording)
    away = media_root.rename(media_root.with_name("away"))
    for _ in range(4):
        work_on_both()
        for analysis in (waiting, labelled):
            waits(analysis, "storage_unavailable")
            silent_for(analysis, PAUSE_SECONDS)
    away.rename(media_root)
    tasks.render("")
    labelled.refresh_from_db()
    assert labelled.status == Status.SUCCEEDED


def work_on_both() -> None:
    tasks.analyse("")
    tasks.render("")


def test_a_file_that_is_away_is_a_fault_of_the_installation(owner: User, media_root: Path) -> None:
    browser = Client(raise_request_exception=False)
    browser.force_login(owner)
    recording = RecordingFactory.create(owner=owner)
    with_files(recording, video=clips.video())
    address = reverse("pages:original", args=[recording.pk])
    assert browser.get(address).status_code == 200
    media.delete(recording.files.get().key)
    answer = browser.get(address)
    assert answer.status_code == 503
    assert "mount or restore" in answer.content.decode()


def test_who_cancels_what_waits_is_told_no_error(db: None) -> None:
    analysis = AnalysisFactory.create(error_code="disk_full", error_message="The server has no room for this.")
    services.cancel(analysis=analysis)
    assert (analysis.status, analysis.error_code, analysis.error_message) == (Status.CANCELLED, "", "")


def raising(error: Exception) -> Any:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    return fail


OTHERS = {
    "redis is away": (redis.ConnectionError("refused"), "unavailable"),
    "redis is slow": (redis.TimeoutError("timeout"), "unavailable"),
    "redis is full": (redis.exceptions.OutOfMemoryError("command not allowed"), "unavailable"),
    "redis is a replica": (redis.exceptions.ReadOnlyError("You can't write"), "unavailable"),
    "redis has a full disk": (redis.ResponseError("MISCONF Redis is configured to save"), "unavailable"),
    "no broker": (BrokerError("refused"), "unavailable"),
    "no database": (OperationalError("the connection was lost"), "unavailable"),
    "no weights": (StoreError("weights.safetensors is not the file"), "model_unavailable"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_an_analysis_waits_for_what_is_away(db: None, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    error, code = OTHERS[name]
    analysis = published("happy")
    monkeypatch.setattr(selectors, "timeline", raising(error))
    tasks.render(str(analysis.pk))
    waits(analysis, code)


@pytest.mark.parametrize("name", OTHERS)
def test_a_request_is_told_what_is_away(api: APIClient, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    error, code = OTHERS[name]
    monkeypatch.setattr("webapp.recordings.selectors.recordings_of", raising(error))
    answer = api.get("/api/v1/recordings/")
    assert (answer.status_code, answer.json()["code"]) == (503, code)
    assert int(answer["Retry-After"]) > 0


@pytest.mark.parametrize(
    "error",
    [
        PermissionError(errno.EACCES, "Permission denied", "/etc/shadow"),
        OSError("no process can be started to read the file"),
        FileNotFoundError(errno.ENOENT, "No such file or directory"),
        redis.ResponseError("wrong number of arguments"),
        ZeroDivisionError(),
        None,
    ],
)
def test_what_is_no_fault_of_the_installation(error: Exception | None) -> None:
    assert faults.installation_fault(error) is None


def test_what_a_program_is_told_when_redis_is_full(api: APIClient, full_redis: None) -> None:
    answer = api.get("/api/v1/recordings/")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


def test_nothing_is_lost_when_redis_is_full(
    owner: User, models: Path, full_redis: None, django_capture_on_commit_callbacks: Any
) -> None:
    """The reaper repeats the message."""
    browser = Client()
    browser.force_login(owner)
    with django_capture_on_commit_callbacks(execute=True):
        answer = browser.post(reverse("pages:upload"), {"consent": "on", "video": video()})
    assert answer.status_code == 302
    analysis = Analysis.objects.get()
    assert (analysis.status, analysis.attempt) == (Status.QUEUED, 0)
    dispatch.enqueue(analysis.pk, published=True)
    metrics.ATTEMPTS.labels(step="read", outcome="done").inc()


def test_an_analysis_waits_for_the_database_to_come_back(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    analysis = published("happy", recording=a_recording(video=clips.video(10)))
    really, tries = Lease.defer, []

    def defer(lease: Lease, *about: str) -> None:
        tries.append(about)
        if len(tries) < 3:
            raise OperationalError("the connection was lost")
        really(lease, *about)

    monkeypatch.setattr(Lease, "defer", defer)
    monkeypatch.setattr(
        "webapp.analyses.execution.worker.connection", type("Connection", (), {"close": lambda self: None})()
    )
    monkeypatch.setattr(selectors, "timeline", raising(OperationalError("the connection was lost")))
    tasks.render(str(analysis.pk))
    assert len(tries) == 3
    waits(analysis, "unavailable")
