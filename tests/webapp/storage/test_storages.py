"""Wherever media lie, everything that keeps, reads, hands out or erases them does what it does in a plain folder."""

import io
import json
import uuid
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from tests.webapp import clips, storages
from tests.webapp.factories import RecordingFactory, claimed, finished, published, silent_for, with_files
from webapp.accounts.models import User
from webapp.analyses import services, tasks
from webapp.analyses.execution import reaper
from webapp.analyses.execution.lease import LeaseLostError
from webapp.analyses.execution.publishing import publish_video
from webapp.analyses.models import Analysis, Artifact
from webapp.analyses.privacy import account_deletion, data_export
from webapp.recordings import uploads
from webapp.recordings.models import MediaFile, Upload
from webapp.storage import media

pytestmark = pytest.mark.django_db(transaction=True)
Status = Analysis.Status
KNOWN = bytes(range(256)) * 40  # what factories.finished publishes
Place = dict[str, Any]


@pytest.fixture(scope="module")
def server() -> Iterator[storages.Server]:
    with storages.server() as running:
        yield running


@pytest.fixture(params=["folder, sealed", pytest.param("bucket", marks=pytest.mark.extended), "bucket, sealed"])
def place(request: pytest.FixtureRequest, settings: Any, media_root: Path, tmp_path: Path) -> str:
    kind: str = request.param
    if kind.startswith("bucket"):
        options = request.getfixturevalue("server").bucket(uuid.uuid4().hex)
        storages.use_bucket(settings, options)
    if kind.endswith("sealed"):
        settings.ENCRYPTION_KEYS = storages.KEYS
        settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "scratch"
        settings.FILE_UPLOAD_TEMP_DIR.mkdir()
    return kind


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def sent_in_parts(owner: User, content: bytes, name: str) -> Upload:
    transfer = uploads.create(owner=owner, length=len(content), name=name, metadata="")
    half = len(content) // 2
    for start, part in ((0, content[:half]), (half, content[half:])):
        uploads.append(upload=transfer, offset=start, size=len(part), source=io.BytesIO(part))
    return transfer


def test_a_recording_is_sent_read_rendered_handed_out_taken_away_and_erased(
    place: str, api: APIClient, owner: User, media_root: Path, models: Path, settings: Any
) -> None:
    video, sound = clips.video(10), clips.wav(10)
    upload = sent_in_parts(owner, video, "visit.mp4")
    answer = api.post(
        "/api/v1/recordings/",
        {"video_upload": str(upload.pk), "audio": SimpleUploadedFile("visit.wav", sound), "consent": "true"},
        format="multipart",
    )
    assert answer.status_code == 201, answer.content
    recording = owner.recordings.get()
    kept = {file.kind: file for file in recording.files.all()}
    assert (kept["video"].file.read(), kept["audio"].file.read()) == (video, sound)
    with recording.inputs() as inputs:
        assert inputs.video.read_bytes() == video and inputs.audio is not None
    assert not inputs.video.exists()

    analysis = published("happy", "sad", recording=recording)
    tasks.render(str(analysis.pk))
    analysis.refresh_from_db()
    assert (analysis.status, analysis.error_message) == (Status.SUCCEEDED, "")
    labelled = analysis.artifacts.get(kind=Artifact.Kind.VIDEO).file.read()
    address = f"/api/v1/analyses/{analysis.pk}/video/"
    whole = api.get(address)
    assert body(whole) == labelled and whole["Content-Length"] == str(len(labelled))
    part = api.get(address, headers={"Range": "bytes=70000-70099"})
    assert (part.status_code, body(part)) == (206, labelled[70000:70100])
    assert part["X-Content-Type-Options"] == "nosniff"
    assert api.get(address, headers={"Range": "bytes=99999999-"}).status_code == 416
    assert api.get(address, headers={"If-None-Match": whole["ETag"]}).status_code == 304

    rest = sent_in_parts(owner, KNOWN, "later.mp4")
    lying = storages.everything(media_root)
    with zipfile.ZipFile(io.BytesIO(b"".join(data_export.personal_data_archive(owner)))) as taken:
        names = {Path(name).name: name for name in taken.namelist()}
        assert taken.read(names["visit.mp4"]) == video
        assert taken.read(names["video.mp4"]) == labelled
        assert taken.read(names[str(rest.pk)]) == KNOWN
    if place.endswith("sealed"):
        for content in (video, sound, labelled, KNOWN):
            for known in (content[:64], content[5000:5064], content[-64:]):
                assert not any(known in each for each in lying.values())
    if place.startswith("bucket"):
        assert {Path(name).name for name in lying if str(media_root) in name} == {rest.path.name}

    account_deletion.delete_account(user=owner)
    assert storages.everything(media_root) == {}
    assert list(media.scratch_root().iterdir()) == []


def test_what_belongs_to_nothing_is_removed(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    analysis = finished("happy")
    monkeypatch.setattr(reaper, "ORPHAN_SECONDS", -1)
    with_files(analysis.recording, video=b"a video")
    MediaFile.objects.all().delete()
    assert len(list(media.list_keys())) == 2
    reaper.sweep()
    assert list(media.list_keys()) == [analysis.artifacts.get().key]


def test_a_file_that_is_lost_is_no_storage_that_is_away(place: str) -> None:
    lost = finished("happy").artifacts.get().key
    media.delete(lost)
    for asked in (media.storage().open, media.storage().open_raw, media.storage().stat):
        with pytest.raises(FileNotFoundError):
            asked(lost)


def test_nobody_else_gets_a_file(place: str, client_of: Callable[..., APIClient], stranger: User) -> None:
    analysis = finished("happy")
    assert client_of(stranger).get(f"/api/v1/analyses/{analysis.pk}/video/").status_code == 404


def test_a_lost_lease_leaves_nothing_in_the_storage(place: str, tmp_path: Path) -> None:
    analysis = published("happy")
    lease = claimed(analysis, published=True)
    assert services.cancel(analysis=analysis)
    made = tmp_path / "labelled.mp4"
    made.write_bytes(KNOWN)
    with pytest.raises(LeaseLostError):
        publish_video(lease, made)
    assert all(
        name.endswith(str(analysis.recording_id)) for name in media.list_keys()
    )  # the folder, with nothing in it


@pytest.fixture
def away(settings: Any) -> Iterator[storages.Server]:
    """A bucket whose server can be stopped."""
    with storages.server() as running:
        storages.use_bucket(settings, running.bucket("media"))
        yield running


def test_nothing_is_lost_while_the_bucket_is_away(
    away: storages.Server, api: APIClient, owner: User, models: Path, media_root: Path
) -> None:
    analysis = published("happy", recording=RecordingFactory.create(owner=owner))
    done = finished("happy", recording=RecordingFactory.create(owner=owner))
    with_files(analysis.recording, video=clips.video(10))
    upload = sent_in_parts(owner, clips.video(2), "visit.mp4")
    away.stop()

    sent = {"video_upload": str(upload.pk), "consent": "true"}
    for answer in (
        api.post("/api/v1/recordings/", sent, format="multipart"),
        api.get(f"/api/v1/analyses/{done.pk}/video/"),
    ):
        assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
        assert json.loads(answer.content)["code"] == "storage_unavailable"
        assert int(answer["Retry-After"]) > 0
    assert api.get("/readyz").json()["failing"][-1] == "storage"
    assert owner.recordings.count() == 2 and Upload.objects.get().finished

    tasks.render(str(analysis.pk))
    analysis.refresh_from_db()
    assert (analysis.status, analysis.attempt, analysis.error_code) == (Status.QUEUED, 0, "storage_unavailable")
    assert list(media.scratch_root().iterdir()) == [upload.path]

    reaper.sweep()

    away.start()
    away.bucket("media")
    with_files(RecordingFactory.create(), eeg=b"")
    MediaFile.objects.filter(kind="video").delete()
    with_files(analysis.recording, video=clips.video(10))
    assert api.post("/api/v1/recordings/", sent, format="multipart").status_code == 201
    silent_for(analysis, 3600)
    reaper.reap()
    tasks.render(str(analysis.pk))
    analysis.refresh_from_db()
    assert (analysis.status, analysis.error_message) == (Status.SUCCEEDED, "")
