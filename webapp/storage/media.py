"""Media files: stored ones, partial uploads and temporary ones.

Stored files have random keys recordings/ID/... in Django's default storage (`EncryptedStorage`). MEDIA_ROOT/incoming
holds partial uploads, FILE_UPLOAD_TEMP_DIR the plaintext files of the checks and renderings in progress. No directory
is published: every file is served by a view that checks permissions.
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

from webapp.core.environment import SettingError
from webapp.core.errors import RequestError, disk_full, file_missing
from webapp.core.paths import make_private_dir
from webapp.observability.metrics import LEFT_BEHIND
from webapp.storage import encrypted_file
from webapp.storage.encrypted_storage import ENCRYPTED_SUFFIX, EncryptedStorage, decrypting_reader, is_encrypted
from webapp.storage.filesystem import delete_path

CHUNK_BYTES = 256 * 1024
RECORDINGS = "recordings"
LOCK_FILE = ".at-work"  # locked by the process that uses the scratch directory
ABANDONED_SECONDS = 60  # longer than a new directory stays unlocked
REQUEST_SECONDS = 6 * 3600  # longer than a request's files take to arrive

logger = logging.getLogger(__name__)


PartialFile = BinaryIO | encrypted_file.AppendableEncryptedFile


def storage() -> EncryptedStorage:
    """Django's default storage."""
    return cast(EncryptedStorage, default_storage)


def root() -> Path:
    """The directory of all media."""
    return Path(settings.MEDIA_ROOT)


def incoming() -> Path:
    """The directory of partial uploads."""
    return root() / "incoming"


def scratch_root() -> Path:
    """The directory of temporary plaintext files."""
    return Path(settings.FILE_UPLOAD_TEMP_DIR)


def create_directories() -> None:
    """Create the directories for media, partial uploads and temporary files, when a process starts.

    Raises SettingError.
    """
    data = (root().parent, root(), incoming())
    for name, directory in (*(("EMOTRACE_DATA_DIR", each) for each in data), ("EMOTRACE_TMP_DIR", scratch_root())):
        try:
            make_private_dir(directory)
        except OSError as error:
            problem = f"needs {str(directory)!r}, which cannot be created ({error.strerror})"
            raise SettingError(name, problem, "a directory that this process can write to") from None


@contextmanager
def scratch_dir() -> Iterator[Path]:
    """A new private directory for plaintext files, deleted on exit.

    Directories that killed processes left behind are deleted first.
    """
    delete_abandoned()
    directory = scratch_root() / secrets.token_hex(16)
    directory.mkdir(mode=0o700, parents=True)
    try:
        (directory / LOCK_FILE).touch(mode=0o600)
        with lock_partial(directory / LOCK_FILE):
            yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def delete_abandoned() -> None:
    """Delete scratch directories of processes that have ended, and files of requests that they did not finish."""
    for path in scratch_root().iterdir():
        with suppress(OSError):  # in use, or not deletable: the others are deleted nevertheless
            age = time.time() - path.stat().st_mtime
            if path.is_dir() and age > ABANDONED_SECONDS:
                with lock_partial(path / LOCK_FILE):
                    if delete_temporary(path):
                        logger.warning("deleted the scratch directory of a process that has ended")
            elif path.match("*.upload*") and age > REQUEST_SECONDS:
                delete_temporary(path)


def require_scratch_space(more: int) -> None:
    """Raises RequestError(DISK_FULL) where temporary files leave no room for `more` bytes."""
    limit = settings.TMP_BYTES
    held = sum(_size(path) for path in scratch_root().rglob("*") if path.parent != incoming()) if limit else 0
    if shutil.disk_usage(scratch_root()).free < more or (limit and held + more > limit):
        raise disk_full()


def _size(path: Path) -> int:
    """Size in bytes; 0 for a directory or a file that is gone."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:
        return 0


# Partial uploads


def partial_path(name: str) -> Path:
    """The path of a partial upload, which is encrypted if there was a key when it began."""
    plain = incoming() / name
    return plain if plain.exists() else plain.with_name(name + ENCRYPTED_SUFFIX)


def create_partial(name: str) -> None:
    """Create the empty file of a new upload."""
    keys = settings.ENCRYPTION_KEYS
    path = incoming() / (name + ENCRYPTED_SUFFIX if keys else name)
    path.touch(mode=0o600, exist_ok=False)
    if keys:
        path.write_bytes(encrypted_file.new_header(_name(path), encrypted_file.OPEN_ENDED, keys)[0])


@contextmanager
def lock_partial(path: Path) -> Iterator[PartialFile]:
    """Open a file for reading and writing under an exclusive lock.

    Raises BlockingIOError where another process holds the lock, FileNotFoundError where there is no such file.
    """
    with path.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield (
            encrypted_file.AppendableEncryptedFile(file, _name(path), settings.ENCRYPTION_KEYS)
            if is_encrypted(path.name)
            else file
        )


def open_partial(path: Path) -> IO[bytes]:
    """A partial upload's plaintext, for reading. Raises FileNotFoundError."""
    file = path.open("rb")
    return decrypting_reader(file, _name(path)) if is_encrypted(path.name) else file


def copy_partial(path: Path, target: Path) -> None:
    """Hard-link an upload to `target`, or decrypt it to there. Raises FileNotFoundError."""
    if not is_encrypted(path.name):
        try:
            target.hardlink_to(path)
            return
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
    with open_partial(path) as content:
        _copy(content, target)


# Stored files


def save(path: Path, recording_id: object, suffix: str) -> str:
    """Move a finished file into the storage under a random key, which is returned.

    Raises RequestError(STORAGE_UNAVAILABLE). It may take long: call it outside transactions.
    """
    path.chmod(0o600)
    with path.open("rb") as file:
        key = storage().save(f"{RECORDINGS}/{recording_id}/{secrets.token_hex(16)}{suffix}", _Movable(file))
    path.unlink(missing_ok=True)
    return key


class _Movable(File):
    """A file that FileSystemStorage moves instead of copying."""

    def temporary_file_path(self) -> str:
        return str(self.name)


def suffix(key: str) -> str:
    """The file extension, with its dot."""
    return PurePath(key.removesuffix(ENCRYPTED_SUFFIX)).suffix


@contextmanager
def local_file(key: str) -> Iterator[Path]:
    """A local path of the file for decoders: its own, or that of a temporary plaintext copy.

    Raises RequestError(STORAGE_UNAVAILABLE | MEDIA_KEY | MEDIA_DAMAGED | DISK_FULL).
    """
    path = local_path(key)
    if path is not None:
        if not path.exists():
            raise file_missing()
        yield path
        return
    try:
        content = storage().open(key)
    except FileNotFoundError as error:
        raise file_missing() from error
    with scratch_dir() as directory, content:
        copy = directory / f"copy{suffix(key)}"
        _copy(content, copy)
        yield copy


def local_path(key: str) -> Path | None:
    """The path where other programs can open the file without a copy; None for encrypted files and a bucket."""
    return storage().local_path(key)


def delete(key: str) -> bool:
    """Delete a file; a failure is logged and left to the next sweep. Whether it is deleted."""
    return try_delete(key, lambda: storage().delete(key))


def delete_recording(recording_id: object) -> None:
    """Delete all files of a recording; a failure is logged and left to the next sweep."""
    prefix = f"{RECORDINGS}/{recording_id}"
    try_delete(prefix, lambda: storage().delete_prefix(prefix))


def try_delete(name: str, delete: Callable[[], None]) -> bool:
    """Call `delete`; a failure is logged, counted and left to the next sweep. Whether it succeeded."""
    try:
        delete()
    except (OSError, RequestError):
        LEFT_BEHIND.inc()
        logger.exception("%s is orphaned and cannot be removed: it is tried again every hour", name)
        return False
    return True


def list_keys() -> Iterator[str]:
    """The keys of all stored files, and empty directories."""
    yield from storage().list_keys(RECORDINGS)


def check() -> None:
    """Raises OSError or RequestError where files cannot be received, created or stored."""
    for directory in {incoming(), scratch_root()}:
        with NamedTemporaryFile(dir=directory) as file:
            file.write(b"probe")
    storage().check()


# Clean-up


def list_temporary() -> Iterator[Path]:
    """The files and directories of partial uploads and work in progress."""
    for directory in {incoming(), scratch_root()}:
        yield from directory.iterdir()


def delete_temporary(path: Path) -> bool:
    """Delete a file or directory tree; a failure is logged and left to the next sweep. Whether it is deleted."""
    return try_delete(path.name, lambda: delete_path(path))


def unchanged_for(path: Path, seconds: float) -> bool:
    """Whether nothing in `path`, a file or a directory, was modified in the last `seconds`."""
    try:
        newest = max(each.stat().st_mtime for each in (path, *path.rglob("*")))
    except FileNotFoundError:  # it is in use
        return False
    return time.time() - newest > seconds


def is_older_than(key: str, seconds: float) -> bool:
    """Whether a stored file was written more than `seconds` ago."""
    try:
        return time.time() - storage().stat(key)[1].timestamp() > seconds
    except FileNotFoundError:
        return False


def _name(path: Path) -> str:
    """The name that an encrypted file below MEDIA_ROOT is authenticated with."""
    return str(path.relative_to(root()))


def _copy(content: IO[bytes] | File, target: Path) -> None:
    require_scratch_space(content.seek(0, os.SEEK_END))
    content.seek(0)
    target.touch(mode=0o600, exist_ok=False)
    with target.open("wb") as copy:
        shutil.copyfileobj(content, copy, CHUNK_BYTES)
