"""Django's default storage: a folder or a bucket whose files are encrypted while there is a key."""

import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import Storage
from django.utils.module_loading import import_string

from webapp.storage import encrypted_file

ENCRYPTED_SUFFIX = "-sealed"  # file extensions of uploads contain no hyphen


def is_encrypted(name: str) -> bool:
    """Whether the key is that of an encrypted file."""
    return name.endswith(ENCRYPTED_SUFFIX)


class IterStream(io.RawIOBase):
    """A readable stream of an iterator's chunks."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._left = chunks, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            self._left = memoryview(next(self._chunks, b""))
        chunk, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(chunk)] = chunk
        return len(chunk)


class EncryptedStorage(Storage):
    """Encrypts saved files while there is a key; the suffix of a file's name tells whether it is encrypted.

    `inner` configures the wrapped storage in the form of Django's STORAGES.
    """

    def __init__(self, inner: dict[str, Any]) -> None:
        self.inner = import_string(inner["BACKEND"])(**inner.get("OPTIONS", {}))

    def local_path(self, name: str) -> Path | None:
        """The path where other programs can open the file; None for encrypted files and for objects in a bucket."""
        path: Path | None = None if is_encrypted(name) else self.inner.local_path(name)
        return path

    def stat(self, name: str) -> tuple[int, datetime]:
        """Size of the plaintext in bytes and time of writing. Raises FileNotFoundError."""
        size, modified = self.inner.stat(name)
        return encrypted_file.plaintext_size(size) if is_encrypted(name) else size, modified

    def size(self, name: str) -> int:
        return self.stat(name)[0]

    def delete(self, name: str) -> None:
        self.inner.delete(name)

    def list_keys(self, prefix: str) -> Iterator[str]:
        yield from self.inner.list_keys(prefix)

    def delete_prefix(self, prefix: str) -> None:
        self.inner.delete_prefix(prefix)

    def check(self) -> None:
        self.inner.check()

    def open_raw(self, name: str) -> File:
        """The stored bytes, encrypted or not. Raises FileNotFoundError."""
        return File(self.inner.open(name), name)

    def save_raw(self, name: str, chunks: Iterator[bytes]) -> None:
        self.inner.save(name, File(io.BufferedReader(IterStream(chunks)), name))

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """The name itself: new names are random, and restored files keep theirs."""
        return name

    def _open(self, name: str, mode: str = "rb") -> File:
        raw = self.inner.open(name)
        return File(decrypting_reader(raw, name) if is_encrypted(name) else raw, name)

    def _save(self, name: str, content: File) -> str:
        if not settings.ENCRYPTION_KEYS:
            return str(self.inner.save(name, content))
        name += ENCRYPTED_SUFFIX
        self.save_raw(name, encrypted_file.encrypt(content, content.size, name, settings.ENCRYPTION_KEYS))
        return name


def decrypting_reader(raw: IO[bytes], name: str) -> io.BufferedReader:
    """A buffered reader of the plaintext; it closes `raw`. Raises RequestError(MEDIA_KEY | MEDIA_DAMAGED)."""
    try:
        return io.BufferedReader(
            encrypted_file.DecryptingReader(raw, name, settings.ENCRYPTION_KEYS), encrypted_file.CHUNK_BYTES
        )
    except BaseException:
        raw.close()
        raise
