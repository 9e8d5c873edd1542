"""Faults of the installation: a disk, a server or a model that its operator has to mend, whatever was asked."""

import errno
from pathlib import Path

import redis
from django.conf import settings
from django.db import InterfaceError, OperationalError
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import NoPermissionError, OutOfMemoryError, ReadOnlyError

from inference.sandbox.limits import SandboxError
from inference.store import StoreError
from webapp.core.errors import RequestError, WebCode, no_room

FULL = {errno.ENOSPC, errno.EDQUOT}
READ_ONLY = {errno.EROFS}
BROKEN = {errno.EIO, errno.ESTALE, errno.ENOTCONN}
FORBIDDEN = {errno.EACCES, errno.EPERM}

REFUSALS = (OutOfMemoryError, ReadOnlyError, NoPermissionError)
OUT_OF_TIME = {"57014", "55P03"}  # PostgreSQL's codes: a statement, or waiting for a lock, lasted longer than it may
NO_SNAPSHOT = "MISCONF"  # of this refusal the client makes no class of its own


def installation_fault(error: BaseException | None) -> RequestError | None:
    """What an operator has to mend, where that is why `error` was raised; its message says so to anybody.

    None where the request, the recording or our own code is at fault.
    """
    if isinstance(error, RequestError):
        return error if error.code in CODES else None
    if isinstance(error, SandboxError):
        return RequestError(
            WebCode.UNAVAILABLE,
            "The server cannot confine the programs that read recordings. The operator has to look at it. Nothing is "
            "lost: try again then.",
        )
    if isinstance(error, OSError) and (found := _of_files(error)):
        return found
    if isinstance(error, StoreError):
        return RequestError(
            WebCode.MODEL_UNAVAILABLE,
            "The model cannot be used: its files on this server are missing, damaged or others than before. The "
            "operator has to put the right ones into the models store. Nothing is lost: try again then.",
        )
    if isinstance(error, OperationalError) and getattr(error.__cause__, "pgcode", "") in OUT_OF_TIME:
        return RequestError(
            WebCode.TIMED_OUT, "The database took too long. Ask for less at once, or try again in a moment."
        )
    if isinstance(error, OperationalError | InterfaceError):
        return RequestError(WebCode.UNAVAILABLE, "The server cannot reach its database. Try again in a moment.")
    if isinstance(error, BrokerError | redis.ConnectionError | redis.TimeoutError) or _refused(error):
        return RequestError(
            WebCode.UNAVAILABLE,
            "The server cannot reach its Redis, or that takes nothing more. The operator has to look at it. Try again "
            "in a moment.",
        )
    return None


CODES = frozenset(
    {
        WebCode.DISK_FULL,
        WebCode.MEDIA_KEY,
        WebCode.MODEL_UNAVAILABLE,
        WebCode.STORAGE_UNAVAILABLE,
        WebCode.UNAVAILABLE,
    }
)


def _of_files(error: OSError) -> RequestError | None:
    if error.errno in FULL:
        return no_room()
    if error.errno in READ_ONLY or (error.errno in FORBIDDEN and _is_ours(error)):
        what = "Nothing can be written to the place where recordings are kept, or not all of it be read."
        return _storage(what, "make it readable and writable")
    if error.errno in BROKEN:
        return _storage("The place where recordings are kept does not work.", "look at its disk")
    if error.errno == errno.ENOENT and not all(place.is_dir() for place in _places()):
        return _storage("The place where recordings are kept is not there.", "mount it")
    return None


def _storage(what: str, mend: str) -> RequestError:
    return RequestError(
        WebCode.STORAGE_UNAVAILABLE, f"{what} The operator has to {mend}. Nothing is lost: try again then."
    )


def _places() -> list[Path]:
    media = Path(settings.MEDIA_ROOT)
    return [media, media / "incoming", Path(settings.FILE_UPLOAD_TEMP_DIR)]


def _is_ours(error: OSError) -> bool:
    """Whether it is about a file below the folders for media; of others, a program of ours may have asked wrongly."""
    names = [Path(name) for name in (error.filename, error.filename2) if isinstance(name, str)]
    return any(name.is_relative_to(place) for name in names for place in _places())


def _refused(error: BaseException | None) -> bool:
    """Whether Redis took a command for a good one and yet refused it."""
    return isinstance(error, REFUSALS) or (isinstance(error, redis.ResponseError) and NO_SNAPSHOT in str(error))
