"""Limits concurrent requests with files, each of which occupies a web thread while its body arrives.

The counts are per web process. Bodies that the server buffers before a view runs (`core.bodies`) occupy no thread.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.http import HttpRequest

from inference.errors import Code, InputError
from webapp.accounts.models import User
from webapp.core.bodies import is_streamed
from webapp.core.errors import RequestError, WebCode
from webapp.recordings import quota
from webapp.recordings.models import MediaFile
from webapp.storage import media

MAX_CONCURRENT = settings.WEB_THREADS // 2
MAX_CONCURRENT_PER_USER = 4
FIELDS_BYTES = 2**20  # of a request besides its files

_lock = threading.Lock()
_active: Counter[int] = Counter()  # requests by user


@contextmanager
def upload_slot(*, owner: User, request: HttpRequest) -> Iterator[None]:
    """Read the request's body inside the block. Raises RequestError(TOO_MANY_UPLOADS | UPLOADS_BUSY)."""
    if not is_streamed(request.META.get("CONTENT_TYPE", ""), _content_length(request)):
        yield
        return
    with _lock:
        if _active[owner.pk] >= MAX_CONCURRENT_PER_USER:
            raise RequestError(
                WebCode.TOO_MANY_UPLOADS,
                f"You are already sending {MAX_CONCURRENT_PER_USER} files. Nothing is lost: wait until one of them "
                "has arrived.",
            )
        if _active.total() >= MAX_CONCURRENT:
            raise RequestError(
                WebCode.UPLOADS_BUSY, "Others are sending as much as the server takes at once. Try again in a moment."
            )
        _active[owner.pk] += 1
    try:
        yield
    finally:
        with _lock:
            _active[owner.pk] -= 1


def require_capacity(*, owner: User, request: HttpRequest) -> None:
    """Check, before its body is read, that a request with files fits.

    Raises InputError(TOO_LARGE), RequestError(QUOTA_BYTES | DISK_FULL).
    """
    length, limit = _content_length(request), settings.LIMITS.max_bytes
    if length > len(MediaFile.Kind) * limit + FIELDS_BYTES:
        sizes = f"The request has {length / 1e6:.0f} MB; a file may have {limit / 1e6:.0f} MB."
        raise InputError(Code.TOO_LARGE, f"{sizes} Shorten the recording.")
    quota.require_bytes(owner=owner, more=length - FIELDS_BYTES)
    media.require_scratch_space(length)


def _content_length(request: HttpRequest) -> int:
    return int(request.META.get("CONTENT_LENGTH") or 0)
