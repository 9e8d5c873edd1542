"""Bytes behind the end of a recording: padding, tags and camera data are accepted, all else is refused."""

import re
from typing import BinaryIO

from inference.errors import Code, InputError
from inference.media.formats import has_foreign_signature, mixed_file_error, starts_recording

_CHUNK_BYTES = 1 << 20  # bytes
_OVERLAP_BYTES = 64  # longer than the signatures
_ARCHIVES = re.compile(rb"PK\x03\x04|PK\x05\x06|Rar!\x1a\x07|7z\xbc\xaf\x27\x1c|BZh\d1AY&SY|\xfd7zXZ\x00")
_PROGRAMS = re.compile(rb"\x7fELF|MZ|#!|\x1f\x8b\x08")  # too short to be searched anywhere but in front
_TAGS = re.compile(rb"TAG|APETAGEX|ID3|3DI|LYRICS")
_TEXT = re.compile(rb"[\t\n\r -~]+")


def check_trailer(file: BinaryIO, at: int, size: int) -> None:
    """Check the bytes of `file` from `at` to its end.

    Raises InputError(JOINED_RECORDINGS | MIXED_FILE).
    """
    file.seek(at)
    head = file.read(4096)
    if starts_recording(head):
        raise joined_recordings_error()
    if _PROGRAMS.match(head):
        raise mixed_file_error("a program or an archive")
    file.seek(at)
    before = b""
    while piece := file.read(_CHUNK_BYTES):
        if has_foreign_signature(before + piece):
            raise mixed_file_error("a page, a document or a list of files")
        if _ARCHIVES.search(before + piece):
            raise mixed_file_error("an archive")
        before = piece[-_OVERLAP_BYTES:]
    if _TEXT.fullmatch(head) and not _TAGS.match(head):
        raise mixed_file_error(f"{size - at:,} bytes of text")


def joined_recordings_error() -> InputError:
    """Return the InputError for several recordings in one file."""
    return InputError(
        Code.JOINED_RECORDINGS,
        "The file holds several recordings put end to end, of which players show the first alone. Send them one by "
        "one, or join them with a video editor.",
    )
