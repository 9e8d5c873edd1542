"""Receiving a file in parts: each part goes on where the one before it ended, however that ended.

No transaction is open while bytes come in. A lock on the file keeps two parts from being written at once, and each
step that is written down says WHERE the row still is: what was removed meanwhile is not written to.
"""

import hashlib
import logging
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import Http404
from django.utils import timezone

from inference.errors import Code, InputError
from webapp.accounts import services as accounts
from webapp.accounts.models import User
from webapp.core import faults
from webapp.core.errors import RequestError, WebCode
from webapp.core.isolation import log_and_continue
from webapp.recordings import quota
from webapp.recordings.models import Transfer
from webapp.recordings.selectors import transfers_of
from webapp.storage import media

ALGORITHMS = ("sha1", "sha256")
COMMIT_BYTES = 4 * 2**20  # what a killed process loses at most of what it received
# For so long a refused request may be corrected. With the reaper's round its uploads are gone within the hour.
CORRECTION_TIME = timedelta(minutes=55)

logger = logging.getLogger(__name__)


class Source(Protocol):
    """The body of a request: fewer bytes than asked for, or none, where it ends."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class Checksum:
    """What the bytes of one part must give; `algorithm` is one of ALGORITHMS."""

    algorithm: str
    digest: bytes


def create(*, owner: User, length: int, name: str, metadata: str) -> Transfer:
    """Begin an upload of `length` bytes.

    Raises InputError(TOO_LARGE), RequestError(QUOTA_UPLOADS | QUOTA_BYTES | DISK_FULL).
    """
    limit = settings.LIMITS.max_bytes
    if length > limit:
        sizes = f"The file has {length / 1e6:.0f} MB; {limit / 1e6:.0f} MB are allowed."
        raise InputError(Code.TOO_LARGE, f"{sizes} Shorten the recording.")
    transfer = Transfer(owner=owner, name=name, metadata=metadata, length=length, expires_at=_expiry())
    with transaction.atomic():
        quota.require_upload(owner=accounts.locked(owner), length=length)
        media.create_partial(transfer.part)
        transfer.save()
    return transfer


def append(*, transfer: Transfer, offset: int, size: int, source: Source, checksum: Checksum | None = None) -> None:
    """Write the `size` bytes that `source` gives after the first `offset`, and count them in `transfer`.

    Where the source breaks off, what came until then counts. With a checksum, all of it counts or nothing.
    Raises RequestError(UPLOAD_BUSY | UPLOAD_OFFSET | UPLOAD_OVERRUN | UPLOAD_CORRUPTED | DISK_FULL),
    and Http404 where the upload was removed meanwhile.
    """
    with _alone(transfer) as file:
        # A process that was killed may have left more than it had counted.
        file.truncate(min(transfer.offset, file.seek(0, os.SEEK_END)))
        held = file.seek(0, os.SEEK_END)
        _count(transfer, held)
        if offset != held:
            raise RequestError(
                WebCode.UPLOAD_OFFSET,
                f"The upload stands at byte {held}, not at {offset}. Ask with HEAD and go on there.",
            )
        if offset + size > transfer.length:
            raise RequestError(
                WebCode.UPLOAD_OVERRUN,
                f"{size} bytes after the first {offset} are more than the {transfer.length} that were announced. "
                "Send the rest alone, or begin another upload.",
            )
        quota.require_disk(size)
        try:
            if checksum is None:
                _receive(transfer, file, source, size)
            else:
                _receive_whole(transfer, file, source, size, checksum)
        except OSError as error:
            if error.errno not in faults.FULL:
                raise
            raise RequestError(
                WebCode.DISK_FULL, "The server has no room for more. Nothing is lost: go on when there is room again."
            ) from error


def finished(*, owner: User, uploads: Mapping[str, UUID]) -> dict[str, Transfer]:
    """The owner's uploads by the fields that name them.

    Raises RequestError(UPLOAD_UNKNOWN | UPLOAD_INCOMPLETE) for the first field whose upload cannot be used.
    """
    found = transfers_of(owner).in_bulk(uploads.values())
    for field, pk in uploads.items():
        if pk not in found:
            raise unknown(pk, field)
        require_finished(found[pk], field)
    return {field: found[pk] for field, pk in uploads.items()}


def unknown(pk: UUID, field: str | None = None) -> RequestError:
    return RequestError(
        WebCode.UPLOAD_UNKNOWN, f"There is no upload {pk}: it has expired or was used. Send the file again.", field
    )


def require_finished(transfer: Transfer, field: str | None = None) -> None:
    """Raise RequestError(UPLOAD_INCOMPLETE) where bytes are missing."""
    if not transfer.finished:
        missing = transfer.length - transfer.offset
        raise RequestError(
            WebCode.UPLOAD_INCOMPLETE,
            f"The upload {transfer.pk} is not complete: {missing} bytes are missing. Send them first.",
            field,
        )


def consume(*, transfers: Collection[Transfer]) -> None:
    """Forget uploads that belong to a recording now, with their files, once the transaction around this is over.

    Raises RequestError(UPLOAD_UNKNOWN) where another recording took one of them meanwhile.
    """
    if not _forget(transfers):
        raise RequestError(WebCode.UPLOAD_UNKNOWN, "An upload was used or removed meanwhile. Send the file again.")


def terminate(*, transfer: Transfer) -> None:
    """Remove an upload with what came of it. Raises Http404 where somebody was faster."""
    if not _forget([transfer]):
        raise Http404


def terminate_all(*, owner: User) -> None:
    _forget(list(owner.transfers.all()))


def refuse(*, owner: User, uploads: Collection[UUID], for_good: bool) -> None:
    """Keep uploads of a refused recording no longer: not at all, or until the request can have been corrected."""
    refused = transfers_of(owner).filter(pk__in=uploads)
    if for_good:
        _forget(list(refused))
    else:
        soon = timezone.now() + CORRECTION_TIME
        refused.filter(expires_at__gt=soon).update(expires_at=soon)


def expire() -> None:
    """Remove uploads that nobody went on with for too long."""
    expired = Transfer.objects.filter(expires_at__lte=timezone.now())
    for transfer in list(expired):
        with log_and_continue(f"upload {transfer.pk}, which has expired,"):
            # Asked again in the same statement that removes: somebody may have gone on with it meanwhile.
            if expired.filter(pk=transfer.pk).delete()[0]:
                media.delete_temporary(transfer.path)
                logger.info("upload %s expired at byte %d of %d", transfer.pk, transfer.offset, transfer.length)


def _forget(transfers: Collection[Transfer]) -> bool:
    """Whether all of them were still there."""

    def remove_files() -> None:
        for transfer in transfers:
            media.delete_temporary(transfer.path)

    names = {transfer.pk for transfer in transfers}
    removed, _ = Transfer.objects.filter(pk__in=names).delete()
    transaction.on_commit(remove_files)
    return removed == len(names)


@contextmanager
def _alone(transfer: Transfer) -> Iterator[media.PartialFile]:
    """The upload's file while nobody else writes to it, and `transfer` as it is at that moment."""
    try:
        with media.lock_partial(transfer.path) as file:
            transfer.refresh_from_db()
            yield file
    except BlockingIOError as error:
        raise RequestError(
            WebCode.UPLOAD_BUSY, "Another request is sending to this upload. Wait until it has ended and go on."
        ) from error
    except (FileNotFoundError, Transfer.DoesNotExist) as error:
        raise Http404 from error


def _receive(transfer: Transfer, file: media.PartialFile, source: Source, size: int) -> None:
    arrived = transfer.offset
    for chunk in _chunks(source, size):
        file.write(chunk)
        arrived += len(chunk)
        if arrived - transfer.offset >= COMMIT_BYTES:
            _keep(transfer, file, arrived)
            quota.require_disk(0)  # others may have filled it meanwhile
    _keep(transfer, file, arrived)


def _receive_whole(transfer: Transfer, file: media.PartialFile, source: Source, size: int, checksum: Checksum) -> None:
    start, arrived, digest = transfer.offset, 0, hashlib.new(checksum.algorithm, usedforsecurity=False)
    for chunk in _chunks(source, size):
        file.write(chunk)
        digest.update(chunk)
        arrived += len(chunk)
    if arrived < size or digest.digest() != checksum.digest:
        file.truncate(start)
        raise RequestError(
            WebCode.UPLOAD_CORRUPTED,
            f"The bytes after the first {start} did not arrive as they were sent. None is kept; send them again.",
        )
    _keep(transfer, file, start + size)


def _chunks(source: Source, size: int) -> Iterator[bytes]:
    """What comes of `size` bytes until the connection breaks or goes silent."""
    while size > 0:
        try:
            chunk = source.read(min(media.CHUNK_BYTES, size))
        except OSError:
            return
        if not chunk:
            return
        size -= len(chunk)
        yield chunk


def _keep(transfer: Transfer, file: media.PartialFile, offset: int) -> None:
    """Bring everything written so far to the disk before it counts."""
    file.flush()
    os.fsync(file.fileno())
    _count(transfer, offset)


def _count(transfer: Transfer, offset: int) -> None:
    if offset > transfer.offset:  # a part without a byte prolongs nothing
        transfer.expires_at = _expiry()
    transfer.offset = offset
    if not Transfer.objects.filter(pk=transfer.pk).update(offset=offset, expires_at=transfer.expires_at):
        raise Http404


def _expiry() -> datetime:
    return timezone.now() + timedelta(seconds=settings.UPLOAD_SECONDS)
