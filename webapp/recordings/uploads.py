"""Resumable uploads: a file is received in parts, each of which continues at the current offset.

No transaction is open while bytes arrive. A lock on the partial file serialises writers, and every update is
conditional on the row, so that nothing is written to an upload that was removed meanwhile.
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
from webapp.recordings.models import Upload
from webapp.recordings.selectors import uploads_of
from webapp.storage import media

ALGORITHMS = ("sha1", "sha256")
COMMIT_BYTES = 4 * 2**20  # at most this much is lost when a process is killed
# How long the uploads of a refused request stay for a corrected one; the reaper removes them within the hour.
CORRECTION_PERIOD = timedelta(minutes=55)

logger = logging.getLogger(__name__)


class ByteSource(Protocol):
    """The body of a request."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; empty at the end."""
        ...


@dataclass(frozen=True)
class Checksum:
    """The expected digest of one part; `algorithm` is one of ALGORITHMS."""

    algorithm: str
    digest: bytes


def create(*, owner: User, length: int, name: str, metadata: str) -> Upload:
    """Begin an upload of `length` bytes.

    Raises InputError(TOO_LARGE), RequestError(QUOTA_UPLOADS | QUOTA_BYTES | DISK_FULL).
    """
    limit = settings.LIMITS.max_bytes
    if length > limit:
        sizes = f"The file has {length / 1e6:.0f} MB; {limit / 1e6:.0f} MB are allowed."
        raise InputError(Code.TOO_LARGE, f"{sizes} Shorten the recording.")
    upload = Upload(owner=owner, name=name, metadata=metadata, length=length, expires_at=_expiry())
    with transaction.atomic():
        quota.require_upload(owner=accounts.lock_user(owner), length=length)
        media.create_partial(upload.part)
        upload.save()
    return upload


def append(*, upload: Upload, offset: int, size: int, source: ByteSource, checksum: Checksum | None = None) -> None:
    """Write `size` bytes from `source` at `offset` and advance the upload's offset.

    If the source breaks off, the bytes received so far count. With a checksum, all of them count or none.
    Raises RequestError(UPLOAD_BUSY | UPLOAD_OFFSET | UPLOAD_OVERRUN | UPLOAD_CORRUPTED | DISK_FULL),
    and Http404 if the upload was removed meanwhile.
    """
    with _locked(upload) as file:
        # A killed process may have written more than it had recorded.
        file.truncate(min(upload.offset, file.seek(0, os.SEEK_END)))
        current = file.seek(0, os.SEEK_END)
        _save_offset(upload, current)
        if offset != current:
            raise RequestError(
                WebCode.UPLOAD_OFFSET,
                f"The upload stands at byte {current}, not at {offset}. Ask with HEAD and go on there.",
            )
        if offset + size > upload.length:
            raise RequestError(
                WebCode.UPLOAD_OVERRUN,
                f"{size} bytes after the first {offset} are more than the {upload.length} that were announced. "
                "Send the rest alone, or begin another upload.",
            )
        quota.require_disk(size)
        try:
            if checksum is None:
                _write(upload, file, source, size)
            else:
                _write_verified(upload, file, source, size, checksum)
        except OSError as error:
            if error.errno not in faults.FULL:
                raise
            raise RequestError(
                WebCode.DISK_FULL, "The server has no room for more. Nothing is lost: go on when there is room again."
            ) from error


def finished_uploads(*, owner: User, uploads: Mapping[str, UUID]) -> dict[str, Upload]:
    """The owner's finished uploads by the form fields that refer to them.

    Raises RequestError(UPLOAD_UNKNOWN | UPLOAD_INCOMPLETE) for the first field whose upload cannot be used.
    """
    by_pk = uploads_of(owner).in_bulk(uploads.values())
    for field, pk in uploads.items():
        if pk not in by_pk:
            raise unknown_upload(pk, field)
        require_finished(by_pk[pk], field)
    return {field: by_pk[pk] for field, pk in uploads.items()}


def unknown_upload(pk: UUID, field: str | None = None) -> RequestError:
    """RequestError(UPLOAD_UNKNOWN) for the upload `pk`."""
    return RequestError(
        WebCode.UPLOAD_UNKNOWN, f"There is no upload {pk}: it has expired or was used. Send the file again.", field
    )


def require_finished(upload: Upload, field: str | None = None) -> None:
    """Raises RequestError(UPLOAD_INCOMPLETE) if bytes are missing."""
    if not upload.finished:
        missing = upload.length - upload.offset
        raise RequestError(
            WebCode.UPLOAD_INCOMPLETE,
            f"The upload {upload.pk} is not complete: {missing} bytes are missing. Send them first.",
            field,
        )


def consume(*, uploads: Collection[Upload]) -> None:
    """Delete uploads that a recording uses now; their files go when the surrounding transaction commits.

    Raises RequestError(UPLOAD_UNKNOWN) if another recording used one of them meanwhile.
    """
    if not _delete(uploads):
        raise RequestError(WebCode.UPLOAD_UNKNOWN, "An upload was used or removed meanwhile. Send the file again.")


def terminate(*, upload: Upload) -> None:
    """Delete an upload with its file. Raises Http404 if it is already gone."""
    if not _delete([upload]):
        raise Http404


def terminate_all(*, owner: User) -> None:
    """Delete all uploads of the owner."""
    _delete(list(owner.uploads.all()))


def discard_refused(*, owner: User, uploads: Collection[UUID], for_good: bool) -> None:
    """Delete the uploads of a refused recording at once (`for_good`), or after CORRECTION_PERIOD."""
    refused = uploads_of(owner).filter(pk__in=uploads)
    if for_good:
        _delete(list(refused))
    else:
        soon = timezone.now() + CORRECTION_PERIOD
        refused.filter(expires_at__gt=soon).update(expires_at=soon)


def delete_expired() -> None:
    """Delete uploads whose expiry has passed."""
    expired = Upload.objects.filter(expires_at__lte=timezone.now())
    for upload in list(expired):
        with log_and_continue(f"upload {upload.pk}, which has expired,"):
            # The condition is repeated in the deleting statement: the upload may have been continued meanwhile.
            if expired.filter(pk=upload.pk).delete()[0]:
                media.delete_temporary(upload.path)
                logger.info("upload %s expired at byte %d of %d", upload.pk, upload.offset, upload.length)


def _delete(uploads: Collection[Upload]) -> bool:
    """Whether all of them still existed."""

    def remove_files() -> None:
        for upload in uploads:
            media.delete_temporary(upload.path)

    pks = {upload.pk for upload in uploads}
    removed, _ = Upload.objects.filter(pk__in=pks).delete()
    transaction.on_commit(remove_files)
    return removed == len(pks)


@contextmanager
def _locked(upload: Upload) -> Iterator[media.PartialFile]:
    """The upload's file, locked for writing, and `upload` refreshed from the database."""
    try:
        with media.lock_partial(upload.path) as file:
            upload.refresh_from_db()
            yield file
    except BlockingIOError as error:
        raise RequestError(
            WebCode.UPLOAD_BUSY, "Another request is sending to this upload. Wait until it has ended and go on."
        ) from error
    except (FileNotFoundError, Upload.DoesNotExist) as error:
        raise Http404 from error


def _write(upload: Upload, file: media.PartialFile, source: ByteSource, size: int) -> None:
    received = upload.offset
    for chunk in _chunks(source, size):
        file.write(chunk)
        received += len(chunk)
        if received - upload.offset >= COMMIT_BYTES:
            _flush(upload, file, received)
            quota.require_disk(0)  # others may have filled the disk meanwhile
    _flush(upload, file, received)


def _write_verified(upload: Upload, file: media.PartialFile, source: ByteSource, size: int, checksum: Checksum) -> None:
    start, received, digest = upload.offset, 0, hashlib.new(checksum.algorithm, usedforsecurity=False)
    for chunk in _chunks(source, size):
        file.write(chunk)
        digest.update(chunk)
        received += len(chunk)
    if received < size or digest.digest() != checksum.digest:
        file.truncate(start)
        raise RequestError(
            WebCode.UPLOAD_CORRUPTED,
            f"The bytes after the first {start} did not arrive as they were sent. None is stored; send them again.",
        )
    _flush(upload, file, start + size)


def _chunks(source: ByteSource, size: int) -> Iterator[bytes]:
    """Up to `size` bytes, until the connection breaks or times out."""
    while size > 0:
        try:
            chunk = source.read(min(media.CHUNK_BYTES, size))
        except OSError:
            return
        if not chunk:
            return
        size -= len(chunk)
        yield chunk


def _flush(upload: Upload, file: media.PartialFile, offset: int) -> None:
    """Sync the file to disk before the offset advances."""
    file.flush()
    os.fsync(file.fileno())
    _save_offset(upload, offset)


def _save_offset(upload: Upload, offset: int) -> None:
    if offset > upload.offset:  # an empty part does not extend the expiry
        upload.expires_at = _expiry()
    upload.offset = offset
    if not Upload.objects.filter(pk=upload.pk).update(offset=offset, expires_at=upload.expires_at):
        raise Http404


def _expiry() -> datetime:
    return timezone.now() + timedelta(seconds=settings.UPLOAD_TTL_SECONDS)
