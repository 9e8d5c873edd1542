"""MAT files of version 5, read in parts (MathWorks, MAT-File Format, "Level 5").

SciPy reads whole variables and trusts the sizes in the file: one trial of EAV's 200 would take 1.8 GB of memory, and a
malicious file any amount. This module reads a range of a variable and skips the rest.
All functions raise ValueError, OSError or zlib.error where a file violates the format.
"""

import math
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

HEADER = 128  # bytes
CHUNK = 1 << 20  # bytes
COMPRESSED_CHUNK = 1 << 16  # bytes; smaller, for the parts of compressed variables are small
MATRIX, COMPRESSED = 14, 15  # tags of a variable
STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
# fmt: off
CLASSES = (
    "", "cell", "struct", "object", "char", "sparse", "double", "single", "int8", "uint8", "int16", "uint16",
    "int32", "uint32", "int64", "uint64", "function", "opaque",
)
# fmt: on
NAMELESS = ("function", "opaque")  # with layouts of their own
TEXT = {1: "utf-8", 2: "utf-8", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
MAX_ELEMENTS = 20_000  # elements of one cell or structure
MAX_DEPTH = 5  # structures and cells inside each other
MAX_FIELD_NAME_BYTES = 1 << 16  # bytes
MAX_TEXT_BYTES = 1 << 16  # bytes of one text
COMPLEX, LOGICAL = 0x800, 0x200  # array flags
MAX_NAME_BYTES = 1024
MAX_AXES = 32


@dataclass(frozen=True)
class Element:
    """A variable of the file, not read; `kind` is MATLAB's class, or `logical` or `complex`.

    The variable begins at byte `place` of the file. An element of a structure or cell has the dotted `name` of its
    fields and begins at byte `offset` of the uncompressed variable.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    place: int
    offset: int = 0


Enters = Callable[[Element], bool]
"""Returns whether to read into a structure or cell."""


def is_version5(path: Path) -> bool:
    """Return whether a file has the header of version 5."""
    with path.open("rb") as file:
        header = file.read(HEADER)
    return len(header) == HEADER and header[126:] in (b"IM", b"MI") and header[124:126] in (b"\0\1", b"\1\0")


def elements(path: Path, enters: Enters) -> Iterator[Element]:
    """Yield every variable in order, and after a structure or cell that `enters` accepts its contents."""
    with path.open("rb") as file:
        order = _order(file)
        end = file.seek(0, 2)
        place = HEADER
        while place < end:
            variable = _Variable(file, order, place)
            if variable.following > end:
                raise ValueError("cut short")
            yield from variable.elements(enters)
            place = variable.following


def read(path: Path, element: Element, start: int, count: int) -> np.ndarray:
    """Return `count` values of a numeric variable from index `start`, first axis fastest, as stored."""
    with path.open("rb") as file:
        return _Variable(file, _order(file), element.place, element.offset).values(start, count)


def read_text(path: Path, element: Element) -> tuple[str, ...]:
    """Return the rows of a variable of class char."""
    with path.open("rb") as file:
        return _Variable(file, _order(file), element.place, element.offset).text()


def _order(file: BinaryIO) -> str:
    file.seek(HEADER - 2)
    return "<" if file.read(2) == b"IM" else ">"


class _Bytes:
    """The next `size` bytes of a file, decompressed where they are compressed."""

    def __init__(self, file: BinaryIO, size: int, compressed: bool) -> None:
        self._file = file
        self._left = size
        self._inflate = zlib.decompressobj() if compressed else None
        self._ready = memoryview(b"")
        self.position = 0

    def _read_some(self, most: int) -> memoryview:
        if not self._ready:
            self._ready = memoryview(self._read_next(most))
        found, self._ready = self._ready[:most], self._ready[most:]
        self.position += len(found)
        return found

    def _read_next(self, most: int) -> bytes:
        while True:
            unread = self._inflate.unconsumed_tail if self._inflate else b""
            if not unread:
                unread = self._file.read(min(self._left, COMPRESSED_CHUNK if self._inflate else min(most, CHUNK)))
                self._left -= len(unread)
            found = self._inflate.decompress(unread, COMPRESSED_CHUNK) if self._inflate else unread
            if found:
                return found
            if not unread:
                raise ValueError("cut short")

    def fill(self, target: memoryview) -> None:
        done = 0
        while done < len(target):
            found = self._read_some(len(target) - done)
            target[done : done + len(found)] = found
            done += len(found)

    def take(self, count: int) -> bytes:
        target = bytearray(count)
        self.fill(memoryview(target))
        return bytes(target)

    def skip(self, count: int) -> None:
        if not self._inflate:
            if count > self._left:
                raise ValueError("cut short")
            self._file.seek(count, 1)
            self._left -= count
            self.position += count
            return
        while count:
            count -= len(self._read_some(count))


class _Variable:
    """One variable, or the element at `offset` in it: its header is read, its values are not."""

    def __init__(self, file: BinaryIO, order: str, place: int, offset: int = 0) -> None:
        self._order = order
        self._place = place
        file.seek(place)
        tag, size = self._numbers(file.read(8), "I")
        if tag not in (MATRIX, COMPRESSED):
            raise ValueError(f"no variable at {place}")
        self.following = place + 8 + size
        self._bytes = _Bytes(file, size, compressed=tag == COMPRESSED)
        if tag == COMPRESSED and self._numbers(self._bytes.take(8), "I")[0] != MATRIX:
            raise ValueError(f"no variable at {place}")
        self._origin = self._bytes.position
        self._bytes.skip(offset)
        self._element = self._read_header()

    def _read_header(self) -> Element:
        """Read the header of the next matrix."""
        offset = self._bytes.position - self._origin
        flags = self._numbers(self._part(8), "I")[0]
        kind = CLASSES[flags & 0xFF]
        if kind in NAMELESS:
            # an opaque variable begins with its name, a function has none
            name = self._part(MAX_NAME_BYTES).decode("ascii", "replace") if kind == "opaque" else ""
            return Element(name, kind, (), self._place, offset)
        shape = self._numbers(self._part(4 * MAX_AXES), "i")
        name = self._part(MAX_NAME_BYTES).decode("ascii")
        if min(shape) < 0:
            raise ValueError("a negative size")
        if flags & LOGICAL:
            kind = "logical"
        elif flags & COMPLEX:
            kind = "complex"
        return Element(name, kind, shape, self._place, offset)

    def elements(self, enters: Enters) -> Iterator[Element]:
        yield self._element
        yield from self._contents(self._element, enters, MAX_DEPTH)

    def _contents(self, outer: Element, enters: Enters, depth: int) -> Iterator[Element]:
        if depth == 0 or outer.kind not in ("struct", "cell") or not enters(outer):
            return
        names = self._field_names() if outer.kind == "struct" else ("",)
        if math.prod(outer.shape) * len(names) > MAX_ELEMENTS:
            return
        for number in range(math.prod(outer.shape) * len(names)):
            tag, size = self._numbers(self._bytes.take(8), "I")
            if tag != MATRIX:
                raise ValueError("no element where one should be")
            end = self._bytes.position + size
            if size:
                field = names[number % len(names)]
                name = ".".join(part for part in (outer.name, field) if part)
                inner = replace(self._read_header(), name=name)
                yield inner
                yield from self._contents(inner, enters, depth - 1)
            if self._bytes.position > end:
                raise ValueError("an element larger than it says")
            self._bytes.skip(end - self._bytes.position)

    def _field_names(self) -> tuple[str, ...]:
        (width,) = self._numbers(self._part(4), "i")
        joined = self._part(MAX_FIELD_NAME_BYTES)
        if width <= 0:
            raise ValueError("fields without names")
        return tuple(
            joined[start : start + width].split(b"\0")[0].decode("ascii") for start in range(0, len(joined), width)
        )

    def _numbers(self, data: bytes, code: str) -> tuple[int, ...]:
        return struct.unpack(f"{self._order}{len(data) // 4}{code}", data)

    def _tag(self) -> tuple[int, int, bytes]:
        """Return type and size of the next part, and its bytes if they are in the tag itself."""
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
        if size != math.prod(self._element.shape) * stored.itemsize:
            raise ValueError("sizes that contradict each other")
        if within:
            return np.frombuffer(within, stored)[start : start + count]
        self._bytes.skip(start * stored.itemsize)
        found = np.empty(count, stored)
        self._bytes.fill(found.view(np.uint8).data)
        return found

    def text(self) -> tuple[str, ...]:
        kind, size, within = self._tag()
        if size > MAX_TEXT_BYTES:
            raise ValueError("a text that is too long")
        coding = TEXT[kind] if TEXT[kind] == "utf-8" else f"{TEXT[kind]}-{'le' if self._order == '<' else 'be'}"
        text = (within or self._bytes.take(size)).decode(coding, "replace")
        rows = self._element.shape[0]
        # letters are stored column by column
        return tuple(text[row::rows].strip("\0 ") for row in range(min(rows, len(text))))
