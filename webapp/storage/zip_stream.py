"""A zip file that is written while it is sent: it never lies anywhere as a whole."""

import hashlib
import io
from collections.abc import Generator, Iterator
from datetime import datetime
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

CHUNK_BYTES = 256 * 1024
COMPRESSED, AS_IT_IS = ZIP_DEFLATED, ZIP_STORED
_READABLE = 0o644 << 16  # the rights of an entry, where zip files keep them


class ZipStream:
    """What `add` and `close` give has to be sent in that order."""

    def __init__(self) -> None:
        self._pieces = _Pieces()
        self._file = ZipFile(self._pieces, "w")

    def add(self, name: str, content: IO[bytes], at: datetime, method: int) -> Generator[bytes, None, tuple[int, str]]:
        """Gives pieces of the zip file; in the end, the entry's size and SHA-256."""
        entry, digest = ZipInfo(name, (at.year, at.month, at.day, at.hour, at.minute, at.second)), hashlib.sha256()
        entry.compress_type, entry.external_attr = method, _READABLE
        entry.file_size = content.seek(0, io.SEEK_END)  # old programs read no entry that says it may be huge
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


class _Pieces(io.RawIOBase):
    """Where the zip file is written to: holds what nobody has taken yet."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = memoryview(data)  # type: ignore[arg-type]
        self._waiting += piece
        return piece.nbytes

    def take(self) -> Iterator[bytes]:
        """What is waiting, if anything is."""
        if self._waiting:
            yield bytes(self._waiting)
            self._waiting.clear()
