"""WAV files as recorders, converters and editing programs write them, all of one voice."""

import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import soundfile

RATE = 16_000
SECONDS = 3
SAMPLES = Path(__file__).resolve().parents[2] / "samples"
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_GUID = bytes.fromhex("000000001000800000aa00389b71")  # what follows the coding in a WAVE_FORMAT_EXTENSIBLE header


@cache
def voice() -> np.ndarray:
    """The sample's voice, (n,) float64 within full scale, as 16-bit integers have it."""
    sound, rate = soundfile.read(SAMPLES / "interview.wav", always_2d=True)
    places = np.arange(RATE * SECONDS) * rate / RATE
    return np.round(np.interp(places, np.arange(len(sound)), sound.mean(axis=1)) * 2**15) / 2**15


def integers(bits: int, order: str = "<") -> bytes:
    return np.round(voice() * 2 ** (bits - 1)).astype(f"{order}i{bits // 8}").tobytes()


def floats(values: np.ndarray, order: str = "<", size: int = 4) -> bytes:
    return values.astype(f"{order}f{size}").tobytes()


def wav(
    data: bytes,
    *,
    form: bytes = b"RIFF",
    coding: int = _PCM,
    channels: int = 1,
    each: int = 2,
    bits: int | None = None,
    valid_bits: int | None = None,
    riff_size: int | None = None,
    data_size: int | None = None,
    behind: bytes = b"",
) -> bytes:
    """A WAV file; `each` is the size of a sample in bytes, `valid_bits` makes the header an extensible one."""
    order = ">" if form == b"RIFX" else "<"
    block = each * channels
    code = coding if valid_bits is None else _EXTENSIBLE
    stated = struct.pack(f"{order}HHIIHH", code, channels, RATE, RATE * block, block, bits or 8 * each)
    if valid_bits is not None:
        stated += struct.pack(f"{order}HHIH", 22, valid_bits, 0, coding) + _GUID
    long = form in (b"RF64", b"BW64")
    body = b"WAVE"
    if long:
        body += b"ds64" + struct.pack("<IQQQI", 28, 0, len(data), len(data) // block, 0)
    body += b"fmt " + struct.pack(f"{order}I", len(stated)) + stated
    known = 2**32 - 1 if long else len(data)
    body += b"data" + struct.pack(f"{order}I", known if data_size is None else data_size) + data
    known = 2**32 - 1 if long else len(body)
    return form + struct.pack(f"{order}I", known if riff_size is None else riff_size) + body + behind


def tracks(*channels: np.ndarray) -> bytes:
    """16-bit samples of several channels."""
    mixed = np.stack(channels, axis=1).clip(-1, 1)
    return wav(np.round(mixed * (2**15 - 1)).astype("<i2").tobytes(), channels=len(channels))


def noise(level: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, level, len(voice()))


def _hum(level: float) -> np.ndarray:
    return level * np.sin(2 * np.pi * 150 * np.arange(len(voice())) / RATE)


def _with(values: dict[int, float]) -> np.ndarray:
    changed = voice().copy()
    changed[list(values)] = list(values.values())
    return changed


_SILENCE = np.zeros(RATE * SECONDS)
_ID3V1 = b"TAG" + b"interview".ljust(125)
# Each holds the voice, which is to be read as it is from a plain file, but for its level.
READ: dict[str, Callable[[], bytes]] = {
    "plain": lambda: wav(integers(16)),
    "24 bits": lambda: wav(np.frombuffer(integers(32), "<i4").view("u1").reshape(-1, 4)[:, 1:].tobytes(), each=3),
    "32 bits": lambda: wav(integers(32), each=4),
    "24 bits in 32": lambda: wav(integers(32), each=4, valid_bits=24),
    "24 bits in 32, plain header": lambda: wav(integers(32), each=4, bits=24),
    "big-endian": lambda: wav(integers(16, ">"), form=b"RIFX"),
    "big-endian floats": lambda: wav(floats(voice(), ">"), form=b"RIFX", coding=_FLOAT, each=4),
    "RF64": lambda: wav(integers(16), form=b"RF64"),
    "BW64": lambda: wav(integers(16), form=b"BW64"),
    "floats": lambda: wav(floats(voice()), coding=_FLOAT, each=4),
    "long floats": lambda: wav(floats(voice(), size=8), coding=_FLOAT, each=8),
    "floats of 16-bit integers": lambda: wav(floats(voice() * 2**15), coding=_FLOAT, each=4),
    "floats of 24-bit integers": lambda: wav(floats(voice() * 2**23), coding=_FLOAT, each=4),
    "floats of 32-bit integers": lambda: wav(floats(voice() * 2**31), coding=_FLOAT, each=4),
    "overdriven floats": lambda: wav(floats(voice() * 7.3), coding=_FLOAT, each=4),
    "ten samples that are no numbers": lambda: wav(
        floats(_with({20_000 + number: np.nan for number in range(10)})), coding=_FLOAT, each=4
    ),
    "infinite samples": lambda: wav(floats(_with({99: np.inf, 999: -np.inf})), coding=_FLOAT, each=4),
    "an offset": lambda: wav(floats(voice() * 0.4 + 0.5), coding=_FLOAT, each=4),
    "opposite phase": lambda: tracks(voice(), -voice()),
    "almost opposite phase": lambda: tracks(voice() + noise(0.003, 1), -0.7 * voice() + noise(0.003, 2)),
    "one of two channels": lambda: tracks(_SILENCE, voice()),
    "one of 32 channels": lambda: tracks(*[_SILENCE] * 17, voice(), *[_SILENCE] * 14),
    "one of 64 channels": lambda: tracks(*[_SILENCE] * 63, voice()),
    "one of four microphones that hiss": lambda: tracks(noise(0.05, 1), noise(0.05, 2), voice(), noise(0.05, 3)),
    "quiet beside a hum": lambda: tracks(_hum(0.8), voice() * 0.2),
    "six channels": lambda: tracks(_SILENCE, _SILENCE, voice(), _SILENCE, _SILENCE, _SILENCE),
    "sizes of a pipe": lambda: wav(integers(16), riff_size=2**32 - 1, data_size=2**32 - 1),
    "a placeholder for its size": lambda: wav(integers(16), data_size=2**31 - 1),
    "sizes of SoX's pipe": lambda: wav(integers(16), riff_size=0x7FFFF024, data_size=0x7FFFF000),
    "no size": lambda: wav(integers(16), data_size=0),
    "no size at all": lambda: wav(integers(16), riff_size=0, data_size=0),
    "an ID3v1 tag behind": lambda: wav(integers(16), behind=_ID3V1),
    "an ID3v2 tag behind": lambda: wav(integers(16), behind=b"ID3\3\0\0\0\0\0\x10" + bytes(16)),
    "an APE tag behind": lambda: wav(integers(16), behind=b"APETAGEX" + bytes(24)),
    "four bytes behind": lambda: wav(integers(16), behind=bytes(4)),
    "an odd byte behind": lambda: wav(integers(16), behind=b"\0"),
    "padding behind": lambda: wav(integers(16), behind=b"\xff" * 5000),
    "a chunk behind": lambda: wav(integers(16), behind=b"LIST\4\0\0\0INFO"),
}
