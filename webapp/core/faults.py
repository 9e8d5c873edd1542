"""Faults of the installation, such as a full disk, an unreachable server or a missing model."""

import errno
from pathlib import Path

import redis
from django.conf import settings
from django.db import InterfaceError, OperationalError
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import NoPermissionError, OutOfMemoryError, ReadOnlyError

from inference.sandbox.limits import SandboxError
from inference.store import StoreError
from webapp.core.errors import RequestError, WebCode, disk_full

FULL = {errno.ENOSPC, errno.EDQUOT}
READ_ONLY = {errno.EROFS}
BROKEN = {errno.EIO, errno.ESTALE, errno.ENOTCONN}
FORBIDDEN = {errno.EACCES, errno.EPERM}

REFUSALS = (OutOfMemoryError, ReadOnlyError, NoPermissionError)
OUT_OF_TIME = {"57014", "55P03"}  # PostgreSQL's codes for statement_timeout and lock_timeout
NO_SNAPSHOT = "MISCONF"  # redis-py has no exception class for this error


def installation_fault(error: BaseException | None) -> RequestError | None:
    """The error to report where `error` was caused by the installation, with a message for any user.

    None where the request, the recording or the program is at fault.
    """
    if isinstance(error, RequestError):
        return error if error.code in CODES else None
    if isinstance(error, SandboxError):
        return RequestError(
            WebCode.UNAVAILABLE,
            "The server cannot confine the programs that read recordings. The operator has to look at it. Nothing is "
            "lost: try again then.",
        )
    if isinstance(error, OSError) and (found := _file_fault(error)):
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


def _file_fault(error: OSError) -> RequestError | None:
    if error.errno in FULL:
        return disk_full()
    if error.errno in READ_ONLY or (error.errno in FORBIDDEN and _is_media_file(error)):
        what = "Nothing can be written to the place where recordings are kept, or not all of it be read."
        return _storage(what, "make it readable and writable")
    if error.errno in BROKEN:
        return _storage("The place where recordings are kept does not work.", "look at its disk")
    if error.errno == errno.ENOENT and not all(directory.is_dir() for directory in _directories()):
        return _storage("The place where recordings are kept is not there.", "mount it")
    return None


def _storage(what: str, mend: str) -> RequestError:
    return RequestError(
        WebCode.STORAGE_UNAVAILABLE, f"{what} The operator has to {mend}. Nothing is lost: try again then."
    )


def _directories() -> list[Path]:
    media = Path(settings.MEDIA_ROOT)
    return [media, media / "incoming", Path(settings.FILE_UPLOAD_TEMP_DIR)]


def _is_media_file(error: OSError) -> bool:
    """Whether the error concerns a file in the media directories; elsewhere it may be a bug."""
    names = [Path(name) for name in (error.filename, error.filename2) if isinstance(name, str)]
    return any(name.is_relative_to(directory) for name in names for directory in _directories())


def _refused(error: BaseException | None) -> bool:
    """Whether Redis refused a valid command."""
    return isinstance(error, REFUSALS) or (isinstance(error, redis.ResponseError) and NO_SNAPSHOT in str(error))
