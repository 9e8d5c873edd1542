"""Receiving in parts when something goes wrong: crashes, broken connections, two at once, nobody coming back."""

import errno
import os
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.http import Http404
from django.utils import timezone
from rest_framework.test import APIClient

from tests.webapp import clips, tus
from tests.webapp.factories import UserFactory
from webapp.accounts.models import User
from webapp.analyses.execution.reaper import ORPHAN_SECONDS, reap, sweep
from webapp.core.errors import RequestError, WebCode
from webapp.recordings import uploads
from webapp.recordings.models import Upload

MEGA = 2**20
CONTENT = os.urandom(10 * MEGA)


class ByteStream:
    """A connection that gives `content` and then does what `end` does: nothing more, by itself."""

    def __init__(self, content: bytes, end: Any = lambda: b"") -> None:
        self.content = memoryview(content)
        self.end = end

    def read(self, size: int, /) -> bytes:
        part, self.content = bytes(self.content[:size]), self.content[size:]
        return part or self.end()


def breaks() -> bytes:
    raise OSError(errno.ECONNRESET, "Connection reset by peer")


@pytest.fixture
def transfer(owner: User) -> Upload:
    return uploads.create(owner=owner, length=len(CONTENT), name="a.mp4", metadata="")


def go_on(transfer: Upload, offset: int, end: int = len(CONTENT)) -> None:
    part = CONTENT[offset:end]
    uploads.append(upload=transfer, offset=offset, size=len(part), source=ByteStream(part))


def counted(transfer: Upload) -> bytes:
    transfer.refresh_from_db()
    return transfer.path.read_bytes()[: transfer.offset]


@pytest.mark.parametrize("end", [breaks, lambda: b""])
def test_what_came_before_the_connection_broke_counts(transfer: Upload, end: Any) -> None:
    came = 6 * MEGA + 12_345
    uploads.append(upload=transfer, offset=0, size=len(CONTENT), source=ByteStream(CONTENT[:came], end))
    assert counted(transfer) == CONTENT[:came]
    go_on(transfer, came)
    assert transfer.path.read_bytes() == CONTENT


def test_a_part_with_a_checksum_that_breaks_off_counts_nothing(transfer: Upload) -> None:
    go_on(transfer, 0, MEGA)
    with pytest.raises(RequestError) as refused:
        uploads.append(
            upload=transfer,
            offset=MEGA,
            size=5 * MEGA,
            source=ByteStream(CONTENT[MEGA : 3 * MEGA], breaks),
            checksum=uploads.Checksum("sha1", bytes(20)),
        )
    assert refused.value.code is WebCode.UPLOAD_CORRUPTED
    assert counted(transfer) == CONTENT[:MEGA]
    assert transfer.path.stat().st_size == MEGA


def test_a_killed_process_loses_a_few_megabytes_at_most(transfer: Upload) -> None:
    class Killed(BaseException):
        """Nothing is cleaned up after it."""

    def kill() -> bytes:
        raise Killed

    came = 6 * MEGA
    with pytest.raises(Killed):
        uploads.append(upload=transfer, offset=0, size=len(CONTENT), source=ByteStream(CONTENT[:came], kill))
    assert counted(transfer) == CONTENT[: uploads.COMMIT_BYTES]


def test_what_a_crash_left_after_the_counted_bytes_is_cut_off(transfer: Upload) -> None:
    go_on(transfer, 0, MEGA)
    with transfer.path.open("ab") as file:
        file.write(b"written and never counted" * 1_000_000)
    go_on(transfer, MEGA, MEGA + 10)
    assert transfer.path.stat().st_size == MEGA + 10
    go_on(transfer, MEGA + 10)
    assert transfer.path.read_bytes() == CONTENT


def test_bytes_that_were_counted_and_are_lost_are_asked_for_again(transfer: Upload) -> None:
    go_on(transfer, 0, 2 * MEGA)
    os.truncate(transfer.path, MEGA)
    with pytest.raises(RequestError) as refused:
        go_on(transfer, 2 * MEGA)
    assert refused.value.code is WebCode.UPLOAD_OFFSET
    assert counted(transfer) == CONTENT[:MEGA]
    go_on(transfer, MEGA)
    assert transfer.path.read_bytes() == CONTENT


def test_no_room_on_the_disk_loses_nothing(transfer: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on(transfer, 0, MEGA)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(RequestError) as refused:
            go_on(transfer, MEGA)
    assert refused.value.code is WebCode.DISK_FULL
    assert counted(transfer) == CONTENT[:MEGA]
    go_on(transfer, MEGA)
    assert transfer.path.read_bytes() == CONTENT


def test_what_is_removed_while_it_comes_is_not_written_to(transfer: Upload, media_root: Path) -> None:
    def removed() -> bytes:
        Upload.objects.all().delete()
        transfer.path.unlink()
        return b""

    with pytest.raises(Http404):
        uploads.append(upload=transfer, offset=0, size=len(CONTENT), source=ByteStream(CONTENT[:MEGA], removed))
    assert not Upload.objects.exists()
    assert clips.everything_in(media_root) == []


def test_no_transaction_is_open_while_bytes_come(transactional_db: None) -> None:
    transfer = uploads.create(owner=UserFactory.create(), length=len(CONTENT), name="a.mp4", metadata="")
    found: list[str] = []

    def look() -> bytes:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id_if_assigned()::text")
            found.append(f"{connection.in_atomic_block} {cursor.fetchone()[0]}")
        return b""

    uploads.append(upload=transfer, offset=0, size=len(CONTENT), source=ByteStream(CONTENT[: 5 * MEGA], look))
    assert found == ["False None"]


class TestTwoAtOnce:
    @pytest.fixture
    def held(self, transactional_db: None) -> Iterator[Upload]:
        """An upload to which somebody is just sending, until the test ends."""
        owner = UserFactory.create()
        transfer = uploads.create(owner=owner, length=len(CONTENT), name="a.mp4", metadata="")
        begun, over = threading.Event(), threading.Event()

        def wait() -> bytes:
            begun.set()
            over.wait(60)
            return b""

        def send() -> None:
            mine = Upload.objects.get()
            uploads.append(upload=mine, offset=0, size=len(CONTENT), source=ByteStream(CONTENT[:100], wait))
            connection.close()

        thread = threading.Thread(target=send)
        thread.start()
        assert begun.wait(60)
        yield transfer
        over.set()
        thread.join()
        assert counted(transfer) == CONTENT[:100]

    def test_the_second_part_is_refused(self, held: Upload, client_of: Any) -> None:
        api = client_of(held.owner)
        answer = tus.send(api, f"{tus.URL}{held.pk}/", 0, CONTENT[:500])
        assert (answer.status_code, answer.json()["code"]) == (423, "upload_busy")
        assert tus.ask(api, f"{tus.URL}{held.pk}/")["Upload-Offset"] == "0"


def aged(path: Path) -> None:
    old = time.time() - ORPHAN_SECONDS - 60
    os.utime(path, (old, old))


def test_an_upload_that_nobody_goes_on_with_is_removed_and_a_live_one_is_not(
    transfer: Upload, owner: User, media_root: Path
) -> None:
    go_on(transfer, 0, 100)
    forgotten = uploads.create(owner=owner, length=5, name="b.mp4", metadata="")
    for each in (transfer, forgotten):
        aged(each.path)
    Upload.objects.filter(pk=forgotten.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    reap()
    sweep()
    assert Upload.objects.get() == transfer
    assert clips.everything_in(media_root) == [transfer.path]
    assert counted(transfer) == CONTENT[:100]


def test_a_file_whose_upload_is_gone_is_swept_up(transfer: Upload, media_root: Path) -> None:
    aged(transfer.path)
    Upload.objects.all().delete()
    sweep()
    assert clips.everything_in(media_root) == []


def test_finished_uploads_wait_for_their_recording(api: APIClient) -> None:
    upload = tus.whole(api, b"all of it")
    transfer = Upload.objects.get(pk=upload)
    aged(transfer.path)
    sweep()
    assert counted(transfer) == b"all of it"


def test_a_part_without_a_byte_prolongs_nothing(transfer: Upload) -> None:
    go_on(transfer, 0)
    soon = timezone.now() + timedelta(minutes=5)
    Upload.objects.update(expires_at=soon)
    go_on(transfer, len(CONTENT))
    assert Upload.objects.get().expires_at == soon
