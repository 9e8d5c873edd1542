"""Private files: what is kept, what is being received or made, and how they are handed out.

What is kept lies in the storage (`storage.store`) as recordings/ID/..., under random names. MEDIA_ROOT/incoming holds
uploads that are not whole yet, SCRATCH what is checked, decoded or made at this moment. No web server looks in
there by itself: each file passes through a view that knows whose it is.
"""

import errno
import fcntl
import logging
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath
from tempfile import NamedTemporaryFile
from typing import IO, BinaryIO, cast

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage

from webapp.core.errors import RequestError, no_room, not_there
from webapp.observability.metrics import LEFT_BEHIND
from webapp.storage import encrypted_file
from webapp.storage.encrypted_storage import SEALED, Store, is_sealed, opened
from webapp.storage.filesystem import erase

CHUNK_BYTES = 256 * 1024
RECORDINGS = "recordings"
LOCK = ".at-work"  # held by the process that a workplace belongs to
ABANDONED_SECONDS = 60  # longer than it takes to lock a new one
REQUEST_SECONDS = 6 * 3600  # longer than the files of one request take to come

logger = logging.getLogger(__name__)


Part = BinaryIO | encrypted_file.Growing


def store() -> Store:
    return cast(Store, default_storage)


def root() -> Path:
    return Path(settings.MEDIA_ROOT)


def incoming() -> Path:
    return root() / "incoming"


def scratch() -> Path:
    return Path(settings.FILE_UPLOAD_TEMP_DIR)


@contextmanager
def workplace() -> Iterator[Path]:
    """A fresh private directory for files in the clear. It is gone afterwards, whatever happens: what a killed process
    left goes when the next one is made.
    """
    clear_abandoned()
    place = scratch() / secrets.token_hex(16)
    place.mkdir(mode=0o700, parents=True)
    try:
        (place / LOCK).touch(mode=0o600)
        with alone(place / LOCK):
            yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def clear_abandoned() -> None:
    """Remove the workplaces of processes that are no more, and what came of requests that they were answering."""
    for place in scratch().iterdir():
        with suppress(OSError):  # somebody is at work in there, or nobody can be: that keeps nobody from another place
            age = time.time() - place.stat().st_mtime
            if place.is_dir() and age > ABANDONED_SECONDS:
                with alone(place / LOCK):
                    if remove(place):
                        logger.warning("removed a workplace whose process is no more")
            elif place.match("*.upload*") and age > REQUEST_SECONDS:
                remove(place)


def require_scratch(more: int) -> None:
    """Raises RequestError(DISK_FULL) where the copies that processes work on leave no room for `more` bytes."""
    limit = settings.SCRATCH_BYTES
    held = sum(_size(path) for path in scratch().rglob("*") if path.parent != incoming()) if limit else 0
    if shutil.disk_usage(scratch()).free < more or (limit and held + more > limit):
        raise no_room()


def _size(path: Path) -> int:
    """Of a file, while it is there."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:
        return 0


# What is being received


def part(name: str) -> Path:
    """Where the file lies of which parts come: sealed if it was begun while there was a key."""
    plain = incoming() / name
    return plain if plain.exists() else plain.with_name(name + SEALED)


def begin(name: str) -> None:
    """Make room for a file of which parts will come."""
    keys = settings.MEDIA_KEYS
    path = incoming() / (name + SEALED if keys else name)
    path.touch(mode=0o600, exist_ok=False)
    if keys:
        path.write_bytes(encrypted_file.header(_name(path), encrypted_file.GROWING, keys)[0])


@contextmanager
def alone(path: Path) -> Iterator[Part]:
    """Open a file to read and write while nobody else does so, in whatever process.

    Raises BlockingIOError where somebody does, FileNotFoundError where there is no such file.
    """
    with path.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield encrypted_file.Growing(file, _name(path), settings.MEDIA_KEYS) if is_sealed(path.name) else file


def open_part(path: Path) -> IO[bytes]:
    """What has come, to read. Raises FileNotFoundError."""
    file = path.open("rb")
    return opened(file, _name(path)) if is_sealed(path.name) else file


def copy_part(path: Path, target: Path) -> None:
    """Give what has come another name, or a copy in the clear where it is sealed. Raises FileNotFoundError."""
    if not is_sealed(path.name):
        try:
            target.hardlink_to(path)
            return
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
    with open_part(path) as content:
        _copy(content, target)


# What is kept


def keep(path: Path, recording_id: object, suffix: str) -> str:
    """Move a finished file to its recording, under a random name; the name that rows store.

    Raises RequestError(STORAGE_UNAVAILABLE). It may take a while: no transaction should wait for it.
    """
    path.chmod(0o600)
    with path.open("rb") as file:
        kept = store().save(f"{RECORDINGS}/{recording_id}/{secrets.token_hex(16)}{suffix}", _Movable(file))
    path.unlink(missing_ok=True)
    return kept


class _Movable(File):
    """A file that the local folder takes over as it is."""

    def temporary_file_path(self) -> str:
        return str(self.name)


def suffix(kept: str) -> str:
    """That of the file's kind."""
    return PurePath(kept.removesuffix(SEALED)).suffix


@contextmanager
def local(kept: str) -> Iterator[Path]:
    """The file where decoders can open it: where it lies, or else a copy that is gone afterwards.

    Raises RequestError(STORAGE_UNAVAILABLE | MEDIA_KEY | MEDIA_DAMAGED | DISK_FULL).
    """
    path = lies(kept)
    if path is not None:
        if not path.exists():
            raise not_there()
        yield path
        return
    try:
        content = store().open(kept)
    except FileNotFoundError as error:
        raise not_there() from error
    with workplace() as place, content:
        copy = place / f"copy{suffix(kept)}"
        _copy(content, copy)
        yield copy


def lies(kept: str) -> Path | None:
    """Where programs can open the file without a copy, if anywhere."""
    return store().lies(kept)


def drop(kept: str) -> bool:
    """Remove one file, now or, where that cannot be done, with a later sweep. Whether it is gone."""
    return gone(kept, lambda: store().delete(kept))


def forget(recording_id: object) -> None:
    """Remove every file of a recording, now or, where that cannot be done, with a later sweep."""
    place = f"{RECORDINGS}/{recording_id}"
    gone(place, lambda: store().clear(place))


def gone(what: str, remove: Callable[[], None]) -> bool:
    """Whether it could be removed; else it is left to the next sweep, and the operator told, who may have to help."""
    try:
        remove()
    except (OSError, RequestError):
        LEFT_BEHIND.add()
        logger.exception("%s belongs to nothing any more and cannot be removed: it is tried again every hour", what)
        return False
    return True


def kept() -> Iterator[str]:
    """Every kept file, and the directories that hold none any more."""
    yield from store().names(RECORDINGS)


def check() -> None:
    """Raises OSError or RequestError where nothing can be received, made or kept."""
    for place in {incoming(), scratch()}:
        with NamedTemporaryFile(dir=place) as file:
            file.write(b"probe")
    store().check()


# What is left


def unfinished() -> Iterator[Path]:
    """Files and directories of what is being received or made."""
    for place in {incoming(), scratch()}:
        yield from place.iterdir()


def remove(path: Path) -> bool:
    """Remove a file or a whole directory, now or, where that cannot be done, with a later sweep. Whether it is gone."""
    return gone(path.name, lambda: erase(path))


def unchanged_for(path: Path, seconds: float) -> bool:
    """Whether nothing in `path`, a file or a directory, was written to in the last `seconds`."""
    try:
        newest = max(each.stat().st_mtime for each in (path, *path.rglob("*")))
    except FileNotFoundError:  # somebody is at work in there
        return False
    return time.time() - newest > seconds


def kept_for(kept: str, seconds: float) -> bool:
    """Whether a kept file is older than that."""
    try:
        return time.time() - store().about(kept)[1].timestamp() > seconds
    except FileNotFoundError:
        return False


def _name(path: Path) -> str:
    """What a file below MEDIA_ROOT is called."""
    return str(path.relative_to(root()))


def _copy(content: IO[bytes] | File, target: Path) -> None:
    require_scratch(content.seek(0, os.SEEK_END))
    content.seek(0)
    target.touch(mode=0o600, exist_ok=False)
    with target.open("wb") as copy:
        shutil.copyfileobj(content, copy, CHUNK_BYTES)
