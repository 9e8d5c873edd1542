"""Walks over a file's outermost parts: they fill it from its first byte to its last, and none says it is larger."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from inference.errors import Code, InputError
from inference.media.kinds import HEAD, Kind, holds_foreign, mixed

_MEDIA_BOXES = (b"mdat", b"moov", b"moof")
_BOXES = (*_MEDIA_BOXES, b"ftyp", b"free", b"skip", b"wide", b"uuid", b"meta", b"mfra")
_EBML, _SEGMENT, _VOID, _CRC = 0x1A45DFA3, 0x18538067, 0xEC, 0xBF
_UNKNOWN_32 = 0xFFFFFFFF
_MOST_RATE = 768_000  # Hz
_MOST_SOUND_CHANNELS = 64
_PCM = (1, 3)


class CutShortError(Exception):
    """A part is said to end beyond the file's end."""


def check_layout(path: Path, kind: Kind) -> None:
    """Raises CutShortError, InputError(MIXED_FILE | AUDIO_SIZE). Kinds without outermost parts pass."""
    walk = _WALKS.get(kind.demuxer)
    if walk is None:
        return
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        walk(file, size)


def _walk_boxes(file: BinaryIO, size: int) -> None:
    """ISO/IEC 14496-12, section 4.2."""
    at, indexed = 0, False
    while at < size:
        file.seek(at)
        header = file.read(16)
        if len(header) < 8:
            raise _leftover(size - at)
        length, kind = struct.unpack_from(">I4s", header)
        if length == 1 and len(header) == 16:
            (length,) = struct.unpack_from(">Q", header, 8)
        elif length == 0:  # up to the end
            length = size - at
        if length < 8 or not all(32 <= letter < 127 or letter == 0xA9 for letter in kind):
            raise _leftover(size - at)
        if kind not in _MEDIA_BOXES and holds_foreign(header[8:] + file.read(min(HEAD, length))):
            raise mixed("a page or a document")
        if at + length > size:
            raise CutShortError if kind in _BOXES else _leftover(size - at)
        at += length
        indexed = indexed or kind == b"moov"
    if not indexed:  # it is what cameras write last
        raise CutShortError


def _walk_elements(file: BinaryIO, size: int) -> None:
    """RFC 8794, section 3."""
    at = 0
    while at < size:
        file.seek(at)
        identity, length, header = _element(file.read(12))
        if identity not in (_EBML, _SEGMENT, _VOID, _CRC):
            raise _leftover(size - at)
        if length is None:  # of a size that was not known when it was begun, as live recordings are
            return
        if (at := at + header + length) > size:
            raise CutShortError


def _element(data: bytes) -> tuple[int, int | None, int]:
    """An element's identity, its size where that is said, and how many bytes say so; identity 0 where none begins."""
    width = 9 - data[0].bit_length() if data else 9
    if width > 4 or len(data) <= width:
        return 0, 0, 0
    digits = 9 - data[width].bit_length()
    if digits > 8 or len(data) < width + digits:
        return 0, 0, 0
    length = int.from_bytes(data[width : width + digits]) & (1 << 7 * digits) - 1
    known = length != (1 << 7 * digits) - 1
    return int.from_bytes(data[:width]), length if known else None, width + digits


def _walk_avi(file: BinaryIO, size: int) -> None:
    at = 0
    while at < size:
        file.seek(at)
        header = file.read(12)
        if len(header) < 12 or header[:4] != b"RIFF" or header[8:11] != b"AVI":
            raise _leftover(size - at)
        (length,) = struct.unpack_from("<I", header, 4)
        if at + 8 + length > size:
            raise CutShortError
        at += 8 + length + length % 2


def _walk_wav(file: BinaryIO, size: int) -> None:
    name, length = struct.unpack_from("<4sI", file.read(12))
    at, long = 12, None  # sizes of 64 bits stand apart
    if name == b"RF64":
        file.seek(12)
        ds64 = file.read(24)
        if len(ds64) < 24 or ds64[:4] != b"ds64":
            raise _wrong_size()
        length, long = struct.unpack_from("<QQ", ds64, 8)
    if 8 + length > size:
        raise _wrong_size()
    if 8 + length + length % 2 < size:
        raise _leftover(size - 8 - length)
    while at + 8 <= size:
        file.seek(at)
        name, part = struct.unpack("<4sI", file.read(8))
        if name == b"data" and part == _UNKNOWN_32 and long is not None:
            part = long
        if at + 8 + part > size:
            raise _wrong_size()
        if name == b"fmt ":
            _check_format(file.read(16))
        at += 8 + part + part % 2


def _check_format(stated: bytes) -> None:
    if len(stated) < 16:
        raise _wrong_size()
    coding, channels, rate, _, block, bits = struct.unpack("<HHIIHH", stated)
    plain = coding not in _PCM or block == channels * ((bits + 7) // 8)
    if not (0 < channels <= _MOST_SOUND_CHANNELS and 0 < rate <= _MOST_RATE and plain):
        raise _wrong_size()


def _leftover(count: int) -> InputError:
    return mixed(f"{count:,} bytes of something else")


def _wrong_size() -> InputError:
    return InputError(
        Code.AUDIO_SIZE, "The sound file's header does not fit the sound that follows it. Export it again as WAV."
    )


_WALKS: dict[str, Callable[[BinaryIO, int], None]] = {
    "mov": _walk_boxes,
    "matroska": _walk_elements,
    "avi": _walk_avi,
    "wav": _walk_wav,
}
