"""The chunks of AVI and WAV files: RIFF, and with 64-bit sizes EBU Tech 3306 and ITU-R BS.2088."""

import struct
from pathlib import Path
from typing import BinaryIO

from inference.errors import Code, InputError
from inference.media.mixdown import MAX_CHANNELS
from inference.media.trailer import check_trailer, joined_recordings_error

_UNKNOWN_32 = 2**32 - 1
_PLACEHOLDERS = (range(2**31 - 2**16, 2**31 + 1), range(2**32 - 2**16, 2**32), range(2**64 - 1, 2**64))
_MAX_SAMPLE_RATE = 768_000  # Hz
_PCM = (1, 3)  # integers, floats
_EXTENSIBLE = 0xFFFE
_ENDIAN = {"<": "le", ">": "be"}
_MAX_CHUNKS = 32
_SAMPLE_BYTES = (1, 2, 3, 4, 8)


class TruncatedError(Exception):
    """A part ends beyond the end of the file."""


def walk_avi(file: BinaryIO, size: int) -> None:
    """Check the chunks of an AVI file. Raises TruncatedError, InputError(MIXED_FILE | JOINED_RECORDINGS)."""
    at = 0
    while at < size:
        file.seek(at)
        header = file.read(12)
        if len(header) < 12 or header[:4] != b"RIFF" or header[8:11] != b"AVI":
            check_trailer(file, at, size)
            return
        if at and header[8:12] == b"AVI ":  # parts beyond 1 GB are AVIX
            raise joined_recordings_error()
        (length,) = struct.unpack_from("<I", header, 4)
        if length in (0, _UNKNOWN_32):  # the recorder was stopped
            return
        if at + 8 + length > size:
            raise TruncatedError
        at += 8 + length + length % 2


def walk_wav(file: BinaryIO, size: int) -> None:
    """Check the chunks of a WAV file.

    Raises InputError(AUDIO_SIZE | AUDIO_CHANNELS | MIXED_FILE | JOINED_RECORDINGS).
    """
    form = file.read(4)
    order = ">" if form == b"RIFX" else "<"
    (length,) = struct.unpack(f"{order}I", file.read(4))
    data_length = None
    if form in (b"RF64", b"BW64"):
        file.seek(12)
        ds64 = file.read(24)
        if len(ds64) < 24 or ds64[:4] != b"ds64":
            raise _wrong_size_error()
        length, data_length = struct.unpack_from("<QQ", ds64, 8)
    if 8 + length > size and not _is_open_ended(length, size):
        raise _wrong_size_error()
    at, seen_sound = 12, False
    while at + 8 <= size:
        file.seek(at)
        name, length = struct.unpack(f"{order}4sI", file.read(8))
        if name == b"data":
            seen_sound = True
            if length == _UNKNOWN_32 and data_length is not None:
                length = data_length
            if _is_open_ended(length, size - at):
                return
        elif seen_sound and not _is_chunk(name, length, size - at):
            break
        if at + 8 + length > size:
            raise _wrong_size_error()
        if name == b"fmt ":
            _check_format(file.read(16), order)
        at += 8 + length + length % 2
    if at < size:
        check_trailer(file, at, size)


def pcm_decoder(path: Path) -> str | None:
    """Return the decoder for those WAV files whose samples ffmpeg misinterprets; None for any other file.

    These are big-endian samples in RIFX, and samples in larger containers, such as 24 bits in 32.
    """
    with path.open("rb") as file:
        form, _, wave = struct.unpack("<4sI4s", file.read(12).ljust(12))
        if form not in (b"RIFF", b"RIFX", b"RF64", b"BW64") or wave != b"WAVE":
            return None
        order = ">" if form == b"RIFX" else "<"
        stated = _read_chunk(file, b"fmt ", order, 40)
        if len(stated) < 16:
            return None
        coding, channels, _, _, block, bits = struct.unpack_from(f"{order}HHIIHH", stated)
        each = block // max(1, channels)
        if coding == _EXTENSIBLE and len(stated) >= 26:
            (coding,) = struct.unpack_from(f"{order}H", stated, 24)
        elif order == "<" and not (coding == _PCM[0] and bits == 24 and each == 4 and _is_left_justified(file)):
            return None
    if coding == _PCM[0] and each in _SAMPLE_BYTES[:4] and bits <= 8 * each:
        return "pcm_u8" if each == 1 else f"pcm_s{8 * each}{_ENDIAN[order]}"
    if coding == _PCM[1] and each in (4, 8):
        return f"pcm_f{8 * each}{_ENDIAN[order]}"
    return None


def _read_chunk(file: BinaryIO, chunk_name: bytes, order: str, max_bytes: int) -> bytes:
    """Return up to `max_bytes` of a chunk; nothing where it is not among the first chunks."""
    at = 12
    for _ in range(_MAX_CHUNKS):
        file.seek(at)
        header = file.read(8)
        if len(header) < 8:
            break
        name, length = struct.unpack(f"{order}4sI", header)
        if name == chunk_name:
            return file.read(min(length, max_bytes))
        at += 8 + length + length % 2
    return b""


def _is_left_justified(file: BinaryIO) -> bool:
    """Return whether samples of 32 bits are left-justified integers of 24: their lowest byte is always 0."""
    sample = _read_chunk(file, b"data", "<", 1 << 16)
    return any(sample) and not any(sample[::4])


def _is_open_ended(length: int, left: int) -> bool:
    """Return whether a size is a placeholder, as a stopped recorder or a pipe leaves it."""
    return length == 0 or (length > left and any(length in sizes for sizes in _PLACEHOLDERS))


def _is_chunk(name: bytes, length: int, left: int) -> bool:
    return 8 + length <= left and name not in (b"RIFF", b"RIFX") and all(32 <= letter < 127 for letter in name)


def _check_format(stated: bytes, order: str) -> None:
    if len(stated) < 16:
        raise _wrong_size_error()
    coding, channels, rate, _, block, bits = struct.unpack(f"{order}HHIIHH", stated)
    if not (channels and 0 < rate <= _MAX_SAMPLE_RATE):
        raise _wrong_size_error()
    each, rest = divmod(block, channels)
    if coding in _PCM and (rest or each not in _SAMPLE_BYTES or 8 * each < bits):
        raise _wrong_size_error()
    if channels > MAX_CHANNELS:
        raise too_many_channels_error(channels)


def too_many_channels_error(count: int) -> InputError:
    """Return the InputError for sound with `count` channels."""
    return InputError(
        Code.AUDIO_CHANNELS,
        f"The sound has {count} channels; {MAX_CHANNELS} are allowed. Export the voice's channel alone.",
    )


def _wrong_size_error() -> InputError:
    return InputError(
        Code.AUDIO_SIZE, "The sound file's header does not fit the sound that follows it. Export it again as WAV."
    )
