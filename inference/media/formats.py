"""What kind of file a recording is: its first bytes decide, its name has to agree, and nothing else hides in it."""

import re
import struct
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from inference.errors import Code, InputError

HEAD_BYTES = 4096  # bytes in which other programs look for what they know
_TAIL_BYTES = 66_000  # bytes in which zip readers look for their directory
_FOREIGN = re.compile(rb"<(?:html|!doctype|script|svg|body|iframe|\?php)|%PDF-|#EXTM3U|ffconcat version", re.IGNORECASE)
_ZIP_END, _ZIP_ENTRY = b"PK\x05\x06", b"PK\x01\x02"
_ZIP_END_SIZE = 22
_ID3 = re.compile(rb"ID3.{3}(.{4})", re.DOTALL)
_TAGGED = (b"fLaC", b"\xff\xf1", b"\xff\xf9")
_CONTAINERS = ("mov", "matroska", "avi", "wav", "w64", "flac", "ogg")


@dataclass(frozen=True)
class FileFormat:
    """`demuxer` is ffmpeg's name for the only reader that such a file is given to."""

    name: str
    demuxer: str
    suffixes: tuple[str, ...]
    begins: re.Pattern[bytes]


def _file_format(name: str, demuxer: str, suffixes: str, begins: bytes) -> FileFormat:
    return FileFormat(name, demuxer, tuple(suffixes.split()), re.compile(begins, re.DOTALL))


_PHOTO_BRANDS = rb"(?:avif|avis|heic|heix|hevc|mif1|msf1)"  # brands of MP4's family
VIDEO_FORMATS = (
    _file_format(
        "MP4",
        "mov",
        ".mp4 .m4v .mov .qt .3gp .3g2 .m4a",
        rb"(?!.{4}ftyp%b).{4}(?:ftyp|moov|mdat|wide|free|skip|pnot)" % _PHOTO_BRANDS,
    ),
    _file_format("Matroska", "matroska", ".mkv .webm .mka", rb"\x1a\x45\xdf\xa3"),
    _file_format("AVI", "avi", ".avi", rb"RIFF.{4}AVI[ \x19]"),
    _file_format("MPEG", "mpeg", ".mpg .mpeg .vob", rb"\x00\x00\x01\xba"),
    _file_format("MPEG", "mpegvideo", ".mpg .mpeg .m1v .m2v", rb"\x00\x00\x01\xb3"),
    _file_format("MPEG-TS", "mpegts", ".ts .mts .m2ts", rb"\x47.{187}\x47.{187}\x47|.{4}\x47.{191}\x47.{191}\x47"),
)
AUDIO_FORMATS = (
    _file_format("WAV", "wav", ".wav .wave", rb"(?:RIFF|RIFX|RF64|BW64).{4}WAVE"),
    _file_format("W64", "w64", ".w64", rb"riff\x2e\x91\xcf\x11"),
    _file_format("FLAC", "flac", ".flac", rb"fLaC"),
    _file_format("Ogg", "ogg", ".ogg .oga .opus", rb"OggS\x00"),
    _file_format("AAC", "aac", ".aac", rb"\xff[\xf0\xf1\xf8\xf9]"),
    _file_format("MP3", "mp3", ".mp3", rb"ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xef]"),
    *VIDEO_FORMATS,
)


def detect_format(path: Path, kinds: Collection[FileFormat] = AUDIO_FORMATS) -> FileFormat | None:
    """The kind that a file begins as, if that is one of `kinds`."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        # Taggers put ID3 before coded sound of any kind, whose name decides nothing.
        if (tag := _ID3.match(head)) and (behind := _after_id3(file, tag)):
            head = behind
    return next((kind for kind in kinds if kind.begins.match(head)), None)


def starts_recording(head: bytes) -> bool:
    """Whether a file that began so would be a recording in a container of its own."""
    return any(kind.begins.match(head) for kind in AUDIO_FORMATS if kind.demuxer in _CONTAINERS)


def _after_id3(file: BinaryIO, tag: re.Match[bytes]) -> bytes | None:
    """What follows an ID3v2 tag, where it begins as FLAC or AAC."""
    length = 0
    for digits in tag[1]:
        length = length << 7 | digits & 0x7F
    file.seek(tag.end() + length)
    behind = file.read(HEAD_BYTES)
    return behind if behind.startswith(_TAGGED) else None


def check_extension(path: Path, kind: FileFormat, kinds: Collection[FileFormat]) -> None:
    """Raise InputError(FILE_EXTENSION) where a file's name says that it is something else. A name may say nothing."""
    suffix = path.suffix.lower()
    if not suffix or suffix in kind.suffixes:
        return
    if any(suffix in other.suffixes for other in kinds):
        said = f"The file's name ends in {suffix}, but it is {kind.name}"
    else:
        said = "The file's name does not end as that of a recording does"
    raise InputError(Code.FILE_EXTENSION, f"{said}. Name it {path.stem[:20]}{kind.suffixes[0]} if that is what it is.")


def reject_polyglot(path: Path) -> None:
    """Raise InputError(MIXED_FILE) where a web browser, a PDF or a zip reader would find something of theirs."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        size = file.seek(0, 2)
        start = file.seek(max(0, size - _TAIL_BYTES))
        tail = file.read()
    if has_foreign_signature(head):
        raise mixed_file_error("a page, a document or a list of files")
    # Its directory ends where its last record says, and begins where that says: four letters alone happen by chance.
    at = tail.rfind(_ZIP_END)
    if at < 0 or len(tail) - at < _ZIP_END_SIZE:
        return
    length, comment = struct.unpack_from("<I", tail, at + 12)[0], struct.unpack_from("<H", tail, at + 20)[0]
    with path.open("rb") as file:
        file.seek(max(0, start + at - length))
        if file.read(4) == _ZIP_ENTRY and at + _ZIP_END_SIZE + comment <= len(tail):
            raise mixed_file_error("a zip archive")


def has_foreign_signature(data: bytes) -> bool:
    return _FOREIGN.search(data) is not None


def mixed_file_error(what: str) -> InputError:
    return InputError(Code.MIXED_FILE, f"The file is a recording and {what} at once. Export the recording again.")
