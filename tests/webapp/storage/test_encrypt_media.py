"""Sealed media: an installation takes on a key, changes it, loses it; somebody tampers with a file."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from rest_framework.test import APIClient

from tests.webapp import clips, storages
from tests.webapp.factories import RecordingFactory, finished, with_files
from webapp.accounts.models import User
from webapp.analyses import tasks
from webapp.analyses.models import Analysis, Artifact
from webapp.core import checks
from webapp.core.errors import RequestError, WebCode
from webapp.operation import media_encryption
from webapp.recordings.models import MediaFile, Recording
from webapp.storage import encrypted_file, media
from webapp.storage.encrypted_storage import EncryptedStorage

OLD, NEW = storages.KEYS[0], bytes(reversed(range(32)))
CONTENT = os.urandom(200_000)


@pytest.fixture
def recording(owner: User) -> Recording:
    """Of before there was a key."""
    analysis = finished("happy", recording=RecordingFactory.create(owner=owner))
    with_files(analysis.recording, video=CONTENT)
    return analysis.recording


def sealed_by(key: bytes) -> int:
    found = 0
    for name in media.list_keys():
        with media.storage().open_raw(name) as file:
            found += encrypted_file.header_key_id(file.read(encrypted_file.HEADER_BYTES)) == encrypted_file.key_id(key)
    return found


def contents() -> list[bytes]:
    files = [*MediaFile.objects.values_list("file", flat=True), *Artifact.objects.values_list("file", flat=True)]
    return sorted(media.storage().open(name).read() for name in files)


def test_an_installation_takes_on_a_key_and_changes_it(recording: Recording, settings: Any, media_root: Path) -> None:
    before = contents()
    settings.ENCRYPTION_KEYS = (OLD,)
    assert contents() == before
    call_command("encrypt_media")
    assert (contents(), sealed_by(OLD)) == (before, 2)
    assert not any(CONTENT[:64] in each for each in storages.everything(media_root).values())
    settings.ENCRYPTION_KEYS = (NEW, OLD)
    assert contents() == before
    call_command("encrypt_media")
    settings.ENCRYPTION_KEYS = (NEW,)
    assert (contents(), sealed_by(NEW)) == (before, 2)
    names = set(media.list_keys())
    call_command("encrypt_media")
    assert set(media.list_keys()) == names


def test_sealing_goes_on_where_it_was_broken_off(
    recording: Recording, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, settings.ENCRYPTION_KEYS = contents(), (OLD,)
    save, calls = EncryptedStorage.save_raw, []

    def once(*arguments: Any) -> None:
        calls.append(1)
        if len(calls) > 1:
            raise KeyboardInterrupt
        save(*arguments)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(EncryptedStorage, "save_raw", once)
        call_command("encrypt_media")
    assert (contents(), sealed_by(OLD)) == (before, 1)
    assert len(media_encryption.pending()) == 1
    call_command("encrypt_media")
    assert (contents(), sealed_by(OLD)) == (before, 2)


def test_a_file_that_is_erased_meanwhile_does_not_come_back(recording: Recording, settings: Any) -> None:
    settings.ENCRYPTION_KEYS = (OLD,)
    file = recording.files.get()
    waits = next(each for each in media_encryption.pending() if each.name == file.key)
    file.delete()
    assert not media_encryption.encrypt_file(waits)
    assert sealed_by(OLD) == 0


def test_without_a_key_nothing_is_sealed(recording: Recording) -> None:
    with pytest.raises(CommandError, match="no key"):
        call_command("encrypt_media")


@pytest.fixture
def sealed(recording: Recording, settings: Any) -> Recording:
    settings.ENCRYPTION_KEYS = (OLD,)
    call_command("encrypt_media")
    return recording


@pytest.mark.parametrize("keys", [(), (NEW,)])
def test_without_its_key_a_file_is_no_garbage(
    sealed: Recording, settings: Any, api: APIClient, models: Path, keys: tuple[bytes, ...]
) -> None:
    settings.ENCRYPTION_KEYS = keys
    analysis = sealed.analyses.get()
    answer = api.get(reverse("api:video", args=[analysis.pk]))
    assert (answer.status_code, json.loads(answer.content)["code"]) == (503, "media_key")
    Analysis.objects.filter(pk=analysis.pk).update(status="queued")
    tasks.render(str(analysis.pk))
    analysis.refresh_from_db()
    assert (analysis.status, analysis.error_code) == ("queued", "media_key")
    if keys:
        with pytest.raises(CommandError, match="media_key") as told:
            call_command("encrypt_media")
        assert told.value.returncode == 3


def test_tampering_is_told_and_ends_the_analysis(
    sealed: Recording, api: APIClient, models: Path, media_root: Path
) -> None:
    for name in media.list_keys():
        with (media_root / name).open("r+b") as file:
            file.seek(encrypted_file.HEADER_BYTES + 100)
            file.write(b"tampered")
    analysis = sealed.analyses.get()
    answer = api.get(reverse("api:video", args=[analysis.pk]))
    assert (answer.status_code, json.loads(answer.content)["code"]) == (500, "media_damaged")
    Analysis.objects.filter(pk=analysis.pk).update(status="queued")
    tasks.render(str(analysis.pk))
    analysis.refresh_from_db()
    assert (analysis.status, analysis.error_code) == ("failed", "media_damaged")


def test_nginx_hands_out_no_sealed_file(sealed: Recording, settings: Any, api: APIClient) -> None:
    settings.X_ACCEL_PREFIX = "/media/"
    answer: Any = api.get(reverse("api:video", args=[sealed.analyses.get().pk]))
    assert "X-Accel-Redirect" not in answer
    assert b"".join(answer.streaming_content) == bytes(range(256)) * 40


CRASH = """
import sys, time
from pathlib import Path
import django
django.setup()
from django.conf import settings
from webapp.storage import media
settings.FILE_UPLOAD_TEMP_DIR = sys.argv[1]
with media.scratch_dir() as place:
    (place / "copy.mp4").write_bytes(b"in the clear")
    print("here", flush=True)
    time.sleep(600)
"""


def test_copies_of_a_process_that_was_killed_go_and_those_of_a_living_one_stay(
    db: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = scratch = tmp_path / "scratch"
    scratch.mkdir()
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    process = subprocess.Popen(
        [sys.executable, "-c", CRASH, str(scratch)], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout and process.stdout.readline() == "here\n"
        monkeypatch.setattr(media, "ABANDONED_SECONDS", -1)
        media.delete_abandoned()
        assert clips.everything_in(scratch)
        process.send_signal(signal.SIGKILL)
        process.wait()
        with media.scratch_dir() as place:
            assert list(scratch.iterdir()) == [place]
    finally:
        process.kill()


def test_copies_have_a_limit(sealed: Recording, settings: Any, models: Path) -> None:
    name = sealed.files.get().key
    settings.TMP_BYTES = len(CONTENT) - 1
    with pytest.raises(RequestError) as refused, media.local_file(name):
        pass
    assert refused.value.code is WebCode.DISK_FULL
    settings.TMP_BYTES = len(CONTENT)
    with media.local_file(name) as path:
        assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, set()),
        ({"S3": {"region_name": "eu"}}, {"emotrace.E001"}),
        ({"S3": {"bucket_name": "b", "access_key": "a"}}, {"emotrace.E002"}),
        ({"TMP_BYTES": 1}, {"emotrace.E004"}),
        ({"ENCRYPTION_KEYS": (OLD,)}, {"emotrace.W001"}),
    ],
)
def test_settings_that_make_no_sense_are_told(settings: Any, changed: dict[str, Any], expected: set[str]) -> None:
    for name, value in changed.items():
        setattr(settings, name, settings.S3 | value if name == "S3" else value)
    assert {each.id for each in checks.check_settings()} == expected
