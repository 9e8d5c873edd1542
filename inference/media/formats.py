"""File formats of recordings: the first bytes decide, the extension must agree, and polyglot files are refused."""

import re
import struct
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from inference.errors import Code, InputError

HEAD_BYTES = 4096  # in which other programs look for a signature
_TAIL_BYTES = 66_000  # in which zip readers look for the directory
_FOREIGN = re.compile(rb"<(?:html|!doctype|script|svg|body|iframe|\?php)|%PDF-|#EXTM3U|ffconcat version", re.IGNORECASE)
_ZIP_END, _ZIP_ENTRY = b"PK\x05\x06", b"PK\x01\x02"
_ZIP_END_SIZE = 22
_ID3 = re.compile(rb"ID3.{3}(.{4})", re.DOTALL)
_TAGGED = (b"fLaC", b"\xff\xf1", b"\xff\xf9")
_CONTAINERS = ("mov", "matroska", "avi", "wav", "w64", "flac", "ogg")


@dataclass(frozen=True)
class FileFormat:
    """A file format; `demuxer` is ffmpeg's name for the only demuxer that opens it."""

    name: str
    demuxer: str
    suffixes: tuple[str, ...]
    signature: re.Pattern[bytes]


def _file_format(name: str, demuxer: str, suffixes: str, signature: bytes) -> FileFormat:
    return FileFormat(name, demuxer, tuple(suffixes.split()), re.compile(signature, re.DOTALL))


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
# Of stimuli; a recording is never one of them.
PICTURE_FORMATS = (
    _file_format("PNG", "png_pipe", ".png", rb"\x89PNG\r\n\x1a\n"),
    _file_format("JPEG", "jpeg_pipe", ".jpg .jpeg", rb"\xff\xd8\xff"),
    _file_format("WebP", "webp_pipe", ".webp", rb"RIFF.{4}WEBP"),
)


def detect_format(path: Path, formats: Collection[FileFormat] = AUDIO_FORMATS) -> FileFormat | None:
    """Return the format of a file by its first bytes, if it is one of `formats`."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        # ID3 tags may precede any coded sound.
        if (tag := _ID3.match(head)) and (behind := _after_id3(file, tag)):
            head = behind
    return next((each for each in formats if each.signature.match(head)), None)


def starts_recording(head: bytes) -> bool:
    """Return whether a file with these first bytes is a recording in a container."""
    return any(each.signature.match(head) for each in AUDIO_FORMATS if each.demuxer in _CONTAINERS)


def _after_id3(file: BinaryIO, tag: re.Match[bytes]) -> bytes | None:
    """Return the bytes after an ID3v2 tag where they begin FLAC or AAC."""
    length = 0
    for digits in tag[1]:
        length = length << 7 | digits & 0x7F
    file.seek(tag.end() + length)
    behind = file.read(HEAD_BYTES)
    return behind if behind.startswith(_TAGGED) else None


def check_extension(path: Path, file_format: FileFormat, formats: Collection[FileFormat]) -> None:
    """Raise InputError(FILE_EXTENSION) where the extension belongs to another format. It may be missing."""
    suffix = path.suffix.lower()
    if not suffix or suffix in file_format.suffixes:
        return
    if any(suffix in other.suffixes for other in formats):
        problem = f"The file's name ends in {suffix}, but it is {file_format.name}"
    else:
        problem = "The file's name does not end as that of a recording does"
    raise InputError(
        Code.FILE_EXTENSION, f"{problem}. Name it {path.stem[:20]}{file_format.suffixes[0]} if that is what it is."
    )


def reject_polyglot(path: Path) -> None:
    """Raise InputError(MIXED_FILE) for a file that a browser, a PDF or a zip reader would open as well."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        size = file.seek(0, 2)
        start = file.seek(max(0, size - _TAIL_BYTES))
        tail = file.read()
    if has_foreign_signature(head):
        raise mixed_file_error("a page, a document or a list of files")
    # Four letters may occur by chance: the directory must end and begin where the last record says.
    at = tail.rfind(_ZIP_END)
    if at < 0 or len(tail) - at < _ZIP_END_SIZE:
        return
    length, comment = struct.unpack_from("<I", tail, at + 12)[0], struct.unpack_from("<H", tail, at + 20)[0]
    with path.open("rb") as file:
        file.seek(max(0, start + at - length))
        if file.read(4) == _ZIP_ENTRY and at + _ZIP_END_SIZE + comment <= len(tail):
            raise mixed_file_error("a zip archive")


def has_foreign_signature(data: bytes) -> bool:
    """Return whether the bytes hold the signature of a page, a document or a playlist."""
    return _FOREIGN.search(data) is not None


def mixed_file_error(what: str) -> InputError:
    """Return the InputError for a recording that is also `what`."""
    return InputError(Code.MIXED_FILE, f"The file is a recording and {what} at once. Export the recording again.")
