"""A zip file that is generated while it is sent, without a temporary file."""

import hashlib
import io
from collections.abc import Generator, Iterator
from datetime import datetime
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

CHUNK_BYTES = 256 * 1024
DEFLATED, STORED = ZIP_DEFLATED, ZIP_STORED
_MODE_0644 = 0o644 << 16  # a zip entry's external attributes hold Unix permissions in the upper half


class ZipStream:
    """Yields a zip file piece by piece; the pieces of `add` and `close` are sent in the order of the calls."""

    def __init__(self) -> None:
        self._pieces = _Buffer()
        self._file = ZipFile(self._pieces, "w")

    def add(self, name: str, content: IO[bytes], at: datetime, method: int) -> Generator[bytes, None, tuple[int, str]]:
        """Add an entry: yields pieces of the zip file and returns the entry's size in bytes and its SHA-256."""
        entry, digest = ZipInfo(name, (at.year, at.month, at.day, at.hour, at.minute, at.second)), hashlib.sha256()
        entry.compress_type, entry.external_attr = method, _MODE_0644
        entry.file_size = content.seek(0, io.SEEK_END)  # else the entry is zip64, which old programs cannot read
        content.seek(0)
        with self._file.open(entry, "w") as inside:
            while chunk := content.read(CHUNK_BYTES):
                inside.write(chunk)
                digest.update(chunk)
                yield from self._pieces.take()
        return entry.file_size, digest.hexdigest()

    def close(self) -> Iterator[bytes]:
        self._file.close()
        yield from self._pieces.take()


class _Buffer(io.RawIOBase):
    """The file object that ZipFile writes to; holds the bytes that are not sent yet."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = memoryview(data)  # type: ignore[arg-type]
        self._waiting += piece
        return piece.nbytes

    def take(self) -> Iterator[bytes]:
        """Yield the waiting bytes, if there are any."""
        if self._waiting:
            yield bytes(self._waiting)
            self._waiting.clear()
