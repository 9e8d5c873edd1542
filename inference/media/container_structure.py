"""The top-level parts of a container, walked to the last byte: no gaps, and only a trailer behind them."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from inference.errors import InputError
from inference.media.formats import HEAD_BYTES, FileFormat, has_foreign_signature, mixed_file_error
from inference.media.riff import TruncatedError, walk_avi, walk_wav
from inference.media.trailer import check_trailer, joined_recordings_error

_MEDIA_BOXES = (b"mdat", b"moov", b"moof")
_BOXES = (*_MEDIA_BOXES, b"ftyp", b"free", b"skip", b"wide", b"uuid", b"meta", b"mfra")
_EBML, _SEGMENT, _VOID, _CRC = 0x1A45DFA3, 0x18538067, 0xEC, 0xBF


def check_structure(path: Path, file_format: FileFormat) -> None:
    """Check the top-level parts of a container.

    Raises TruncatedError, InputError(MIXED_FILE | JOINED_RECORDINGS | AUDIO_SIZE | AUDIO_CHANNELS).

    Formats without top-level parts pass.
    """
    walk = _WALKERS.get(file_format.demuxer)
    if walk is None:
        return
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        walk(file, size)


def _walk_boxes(file: BinaryIO, size: int) -> None:
    """Walk the boxes of ISO/IEC 14496-12, section 4.2."""
    at, names, indexes = 0, 0, 0
    while at < size:
        file.seek(at)
        header = file.read(16)
        length, kind = struct.unpack_from(">I4s", header) if len(header) >= 8 else (0, b"")
        if length == 1 and len(header) == 16:
            (length,) = struct.unpack_from(">Q", header, 8)
        elif length == 0 and kind in _BOXES:  # to the end of the file
            length = size - at
        named = len(kind) == 4 and all(32 <= letter < 127 or letter == 0xA9 for letter in kind)
        if length < 8 or not named or (at + length > size and kind not in _BOXES):
            if 0 < length <= size - at:  # an invalid box
                raise _trailing_bytes_error(size - at)
            check_trailer(file, at, size)
            break
        if kind not in _MEDIA_BOXES and has_foreign_signature(header[8:] + file.read(min(HEAD_BYTES, length))):
            raise mixed_file_error("a page or a document")
        if at + length > size:
            raise TruncatedError
        at += length
        indexes += kind == b"moov"
        names += kind == b"ftyp"
    if not indexes:  # cameras write it last
        raise TruncatedError
    if indexes > 1 and names > 1:
        raise joined_recordings_error()


def _walk_elements(file: BinaryIO, size: int) -> None:
    """Walk the elements of RFC 8794, section 3."""
    at, segments = 0, 0
    while at < size:
        file.seek(at)
        identity, length, header = _ebml_header(file.read(12))
        if identity not in (_EBML, _SEGMENT, _VOID, _CRC):
            check_trailer(file, at, size)
            return
        if identity == _EBML and segments:
            raise joined_recordings_error()
        segments += identity == _SEGMENT
        if length is None:  # unknown size, as in live recordings
            return
        if (at := at + header + length) > size:
            raise TruncatedError


def _ebml_header(data: bytes) -> tuple[int, int | None, int]:
    """Return an element's identity (0 for none), its size if known, and the length of the header."""
    width = 9 - data[0].bit_length() if data else 9
    if width > 4 or len(data) <= width:
        return 0, 0, 0
    digits = 9 - data[width].bit_length()
    if digits > 8 or len(data) < width + digits:
        return 0, 0, 0
    length = int.from_bytes(data[width : width + digits]) & (1 << 7 * digits) - 1
    known = length != (1 << 7 * digits) - 1
    return int.from_bytes(data[:width]), length if known else None, width + digits


def _trailing_bytes_error(count: int) -> InputError:
    return mixed_file_error(f"{count:,} bytes of something else")


_WALKERS: dict[str, Callable[[BinaryIO, int], None]] = {
    "mov": _walk_boxes,
    "matroska": _walk_elements,
    "avi": walk_avi,
    "wav": walk_wav,
}
