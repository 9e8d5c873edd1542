"""The storage of media: a folder or a bucket, where each file's name says whether it is sealed."""

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

SEALED = "-sealed"  # no name that came from outside ends like this: suffixes have no hyphen


def is_sealed(name: str) -> bool:
    return name.endswith(SEALED)


class Pieces(io.RawIOBase):
    """Reads what an iterator gives."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._left = pieces, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            self._left = memoryview(next(self._pieces, b""))
        piece, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)


class Store(Storage):
    """Seals what is saved while there is a key. `inner` says where it lies, as STORAGES says it of any storage."""

    def __init__(self, inner: dict[str, Any]) -> None:
        self.inner = import_string(inner["BACKEND"])(**inner.get("OPTIONS", {}))

    def lies(self, name: str) -> Path | None:
        """Where programs can open the file, if anywhere: a sealed one makes sense to nobody else."""
        place: Path | None = None if is_sealed(name) else self.inner.lies(name)
        return place

    def about(self, name: str) -> tuple[int, datetime]:
        """Bytes of what it holds, and when it was written. Raises FileNotFoundError."""
        size, modified = self.inner.about(name)
        return encrypted_file.opened_size(size) if is_sealed(name) else size, modified

    def size(self, name: str) -> int:
        return self.about(name)[0]

    def delete(self, name: str) -> None:
        self.inner.delete(name)

    def names(self, under: str) -> Iterator[str]:
        yield from self.inner.names(under)

    def clear(self, under: str) -> None:
        self.inner.clear(under)

    def check(self) -> None:
        self.inner.check()

    def raw(self, name: str) -> File:
        """The bytes that lie there, sealed or not. Raises FileNotFoundError."""
        return File(self.inner.open(name), name)

    def save_raw(self, name: str, pieces: Iterator[bytes]) -> None:
        self.inner.save(name, File(io.BufferedReader(Pieces(pieces)), name))

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """The very same: ours are random, and what is restored has its own."""
        return name

    def _open(self, name: str, mode: str = "rb") -> File:
        raw = self.inner.open(name)
        return File(opened(raw, name) if is_sealed(name) else raw, name)

    def _save(self, name: str, content: File) -> str:
        if not settings.MEDIA_KEYS:
            return str(self.inner.save(name, content))
        name += SEALED
        self.save_raw(name, encrypted_file.sealed(content, content.size, name, settings.MEDIA_KEYS))
        return name


def opened(raw: IO[bytes], name: str) -> io.BufferedReader:
    try:
        return io.BufferedReader(encrypted_file.Opened(raw, name, settings.MEDIA_KEYS), encrypted_file.CHUNK_BYTES)
    except BaseException:
        raw.close()
        raise
