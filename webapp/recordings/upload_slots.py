"""Requests with files hold a web thread for as long as they take to come: so many at once, and who has room.

A web process counts by itself. What a server collects before anybody reads it (`core.bodies`) holds no thread.
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

AT_ONCE = settings.WEB_THREADS // 2
AT_ONCE_EACH = 4  # of one person
FIELDS_BYTES = 2**20  # of a request besides its files

_lock = threading.Lock()
_reading: Counter[int] = Counter()  # requests by person


@contextmanager
def receiving(*, owner: User, request: HttpRequest) -> Iterator[None]:
    """Read the body within, and nothing of it before. Raises RequestError(TOO_MANY_UPLOADS | UPLOADS_BUSY)."""
    if not is_streamed(request.META.get("CONTENT_TYPE", ""), _length(request)):
        yield
        return
    with _lock:
        if _reading[owner.pk] >= AT_ONCE_EACH:
            raise RequestError(
                WebCode.TOO_MANY_UPLOADS,
                f"You are sending {AT_ONCE_EACH} files already. Nothing is lost: wait until one of them is there.",
            )
        if _reading.total() >= AT_ONCE:
            raise RequestError(
                WebCode.UPLOADS_BUSY, "Others are sending as much as the server takes at once. Try again in a moment."
            )
        _reading[owner.pk] += 1
    try:
        yield
    finally:
        with _lock:
            _reading[owner.pk] -= 1


def require_room(*, owner: User, request: HttpRequest) -> None:
    """Before a request with files is read. Raises InputError(TOO_LARGE), RequestError(QUOTA_BYTES | DISK_FULL)."""
    length, limit = _length(request), settings.LIMITS.max_bytes
    if length > len(MediaFile.Kind) * limit + FIELDS_BYTES:
        sizes = f"The request has {length / 1e6:.0f} MB; a file may have {limit / 1e6:.0f} MB."
        raise InputError(Code.TOO_LARGE, f"{sizes} Shorten the recording.")
    quota.require_bytes(owner=owner, more=length - FIELDS_BYTES)
    media.require_scratch_space(length)


def _length(request: HttpRequest) -> int:
    return int(request.META.get("CONTENT_LENGTH") or 0)
