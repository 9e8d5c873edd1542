"""MAT files of version 5, read in pieces (MathWorks, MAT-File Format, "Level 5").

SciPy reads a variable whole and trusts the sizes inside it: one trial of EAV's 200 would take 1.8 GB of memory,
and a file made to mislead any amount. Here a stretch of a variable is read and the rest is passed over.
Everything raises ValueError, OSError or zlib.error where the file does not hold to the format.
"""

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

HEADER = 128  # bytes
CHUNK = 1 << 20  # bytes
MATRIX, COMPRESSED = 14, 15  # tags of a variable
STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
# fmt: off
CLASSES = (
    "", "cell", "struct", "object", "char", "sparse", "double", "single", "int8", "uint8", "int16", "uint16",
    "int32", "uint32", "int64", "uint64", "function", "opaque",
)
# fmt: on
NAMELESS = ("function", "opaque")  # laid out in ways of their own
COMPLEX, LOGICAL = 0x800, 0x200  # array flags
LONGEST_NAME = 1024
MOST_AXES = 32


@dataclass(frozen=True)
class Element:
    """A variable of the file, unread; `kind` is MATLAB's class, or `logical` or `complex`; it begins at `place`."""

    name: str
    kind: str
    shape: tuple[int, ...]
    place: int


def is_version5(path: Path) -> bool:
    with path.open("rb") as file:
        header = file.read(HEADER)
    return len(header) == HEADER and header[126:] in (b"IM", b"MI") and header[124:126] in (b"\0\1", b"\1\0")


def elements(path: Path) -> Iterator[Element]:
    """Every variable, in the file's order."""
    with path.open("rb") as file:
        order = _order(file)
        end = file.seek(0, 2)
        place = HEADER
        while place < end:
            variable = _Variable(file, order, place)
            if variable.following > end:
                raise ValueError("cut short")
            yield Element(variable.name, variable.kind, variable.shape, place)
            place = variable.following


def read(path: Path, element: Element, start: int, count: int) -> np.ndarray:
    """`count` values of a numeric variable from the `start`-th on, first axis fastest, as they are stored."""
    with path.open("rb") as file:
        return _Variable(file, _order(file), element.place).values(start, count)


def _order(file: BinaryIO) -> str:
    file.seek(HEADER - 2)
    return "<" if file.read(2) == b"IM" else ">"


class _Bytes:
    """The `size` bytes that follow in a file, unpacked on the way where they are packed."""

    def __init__(self, file: BinaryIO, size: int, packed: bool) -> None:
        self._file = file
        self._left = size
        self._inflate = zlib.decompressobj() if packed else None

    def _some(self, most: int) -> bytes:
        while True:
            unread = self._inflate.unconsumed_tail if self._inflate else b""
            if not unread:
                unread = self._file.read(min(self._left, CHUNK, CHUNK if self._inflate else most))
                self._left -= len(unread)
            found = self._inflate.decompress(unread, min(most, CHUNK)) if self._inflate else unread
            if found:
                return found
            if not unread:
                raise ValueError("cut short")

    def fill(self, target: memoryview) -> None:
        done = 0
        while done < len(target):
            found = self._some(len(target) - done)
            target[done : done + len(found)] = found
            done += len(found)

    def take(self, count: int) -> bytes:
        target = bytearray(count)
        self.fill(memoryview(target))
        return bytes(target)

    def skip(self, count: int) -> None:
        while count:
            count -= len(self._some(count))


class _Variable:
    """One variable, its description read and its values still to come."""

    def __init__(self, file: BinaryIO, order: str, place: int) -> None:
        self._order = order
        file.seek(place)
        tag, size = self._numbers(file.read(8), "I")
        if tag not in (MATRIX, COMPRESSED):
            raise ValueError(f"no variable at {place}")
        self.following = place + 8 + size
        self._bytes = _Bytes(file, size, packed=tag == COMPRESSED)
        if tag == COMPRESSED and self._numbers(self._bytes.take(8), "I")[0] != MATRIX:
            raise ValueError(f"no variable at {place}")
        flags = self._numbers(self._part(8), "I")[0]
        self.kind = CLASSES[flags & 0xFF]
        self.name = ""
        self.shape: tuple[int, ...] = ()
        if self.kind in NAMELESS:
            return
        self.shape = self._numbers(self._part(4 * MOST_AXES), "i")
        self.name = self._part(LONGEST_NAME).decode("ascii")
        if min(self.shape) < 0:
            raise ValueError("a negative size")
        if flags & LOGICAL:
            self.kind = "logical"
        elif flags & COMPLEX:
            self.kind = "complex"

    def _numbers(self, data: bytes, code: str) -> tuple[int, ...]:
        return struct.unpack(f"{self._order}{len(data) // 4}{code}", data)

    def _tag(self) -> tuple[int, int, bytes]:
        """Type and size of the part that follows, and its bytes where they lie in the tag itself."""
        tag = self._bytes.take(8)
        kind, size = self._numbers(tag, "I")
        if kind >> 16:
            return kind & 0xFFFF, kind >> 16, tag[4 : 4 + (kind >> 16)]
        return kind, size, b""

    def _part(self, most: int) -> bytes:
        _, size, within = self._tag()
        if size > most:
            raise ValueError("a description that is too long")
        if within:
            return within
        return self._bytes.take(size + -size % 8)[:size]  # parts end on multiples of 8

    def values(self, start: int, count: int) -> np.ndarray:
        kind, size, within = self._tag()
        stored = np.dtype(f"{self._order}{STORED[kind]}")
        if size != math.prod(self.shape) * stored.itemsize:
            raise ValueError("sizes that contradict each other")
        if within:
            return np.frombuffer(within, stored)[start : start + count]
        self._bytes.skip(start * stored.itemsize)
        found = np.empty(count, stored)
        self._bytes.fill(found.view(np.uint8).data)
        return found
