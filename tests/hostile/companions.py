"""Files sent as the sound or the EEG of a recording, each with its name and the code that it is refused with."""

import io
import struct
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import scipy.io

from tests.hostile.parts import archive, encoded, wave
from tests.hostile.videos import ADDRESS, PAGE, PLAYLIST, video
from tests.inference.matfiles import an_object, part
from tests.webapp import clips

HEADER = b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM"
LITTLE = "<"


def _saved(make: Callable[[h5py.File], None]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.mat")
        with h5py.File(path, "w", userblock_size=512) as file:
            make(file)
        return path.read_bytes()


def matrix(kind: int, shape: tuple[int, ...], *contents: bytes, name: bytes = b"eeg") -> bytes:
    """A variable of a version 5 file, of the class with this number."""
    described = [
        part(LITTLE, 6, struct.pack("<II", kind, 0)),
        part(LITTLE, 5, struct.pack(f"<{len(shape)}i", *shape)),
        part(LITTLE, 1, name),
    ]
    inside = b"".join([*described, *contents])
    return struct.pack("<II", 14, len(inside)) + inside


def _nested_cells(depth: int) -> bytes:
    cell = matrix(6, (1, 1), part(LITTLE, 9, bytes(8)), name=b"")
    for _ in range(depth):
        cell = matrix(1, (1, 1), cell, name=b"")
    return HEADER + matrix(1, (1, 1), cell)


def packed(content: bytes) -> bytes:
    data = zlib.compress(content)
    return HEADER + struct.pack("<II", 15, len(data)) + data


def _huge_chunk(file: h5py.File) -> None:
    file.create_dataset(
        "eeg", shape=(10**6, 30), dtype="f8", chunks=(10**6, 130), maxshape=(None, None), compression="gzip"
    )


def _far_too_many(file: h5py.File) -> None:
    file.create_dataset("eeg", shape=(10**9, 30), dtype="f8", chunks=(1000, 30), compression="gzip").attrs[
        "MATLAB_class"
    ] = b"double"


def _virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout(shape=(2500, 30), dtype="f8")
    layout[:] = h5py.VirtualSource("/etc/passwd", "eeg", shape=(2500, 30))
    file.create_virtual_dataset("eeg", layout)


def _elsewhere(file: h5py.File) -> None:
    file.create_dataset("eeg", shape=(10, 30), dtype="u1", external=[("/etc/passwd", 0, 300)])


def _linked(link: object) -> Callable[[], bytes]:
    def make(file: h5py.File) -> None:
        file["eeg"] = link

    return lambda: _saved(make)


def _many(file: h5py.File) -> None:
    for number in range(1001):
        file.create_dataset(f"v{number}", data=1.0)


def _mat4() -> bytes:
    out = io.BytesIO()
    scipy.io.savemat(out, {"eeg": clips.eeg()}, format="4")
    return out.getvalue()


SOUNDS: dict[str, tuple[str, str, Callable[[], bytes]]] = {
    "page": ("voice.wav", "not_audio", lambda: PAGE),
    "playlist": ("voice.wav", "not_audio", lambda: PLAYLIST % (b"", ADDRESS)),
    "archive": ("voice.wav", "not_audio", archive),
    "WAV named as a page": ("voice.html", "file_extension", wave),
    "WAV named MP3": ("voice.mp3", "file_extension", wave),
    "MP4 named WAV": ("voice.wav", "file_extension", video),
    "header that promises more than there is": ("voice.wav", "audio_size", lambda: wave(riff_size=10**9)),
    "sound that is promised and not there": ("voice.wav", "audio_size", lambda: wave(data_size=10**9)),
    "no channel": ("voice.wav", "audio_size", lambda: wave(channels=0, block=0)),
    "thousands of channels": ("voice.wav", "audio_size", lambda: wave(channels=65_535)),
    "no rate": ("voice.wav", "audio_size", lambda: wave(rate=0)),
    "a rate of thousands of millions": ("voice.wav", "audio_size", lambda: wave(rate=2**32 - 1)),
    "samples of another size": ("voice.wav", "audio_size", lambda: wave(block=7)),
    "long sizes that lie": ("voice.wav", "audio_size", lambda: b"RF64" + wave(riff_size=2**32 - 1)[4:]),
    "hundreds of channels": ("voice.wav", "audio_channels", lambda: wave(channels=500, block=1000)),
    "archive behind": ("voice.wav", "mixed_file", lambda: wave(behind=archive())),
    "archive behind, its directory torn off": (
        "voice.wav",
        "mixed_file",
        lambda: wave(behind=bytes(9) + archive()[:-9]),
    ),
    "program behind": ("voice.wav", "mixed_file", lambda: wave(behind=b"\x7fELF" + bytes(200))),
    "script behind": ("voice.wav", "mixed_file", lambda: wave(behind=b"alert(document.cookie)\n")),
    "page far behind": ("voice.wav", "mixed_file", lambda: wave(behind=bytes(3 << 20) + PAGE)),
    "another sound behind": ("voice.wav", "joined_recordings", lambda: wave(behind=wave())),
    "page behind": ("voice.wav", "mixed_file", lambda: wave(behind=PAGE)),
    "unknown coding": ("voice.wav", "codec", lambda: wave(coding=0x31, block=65)),
    "no sound in it": ("voice.mkv", "not_audio", lambda: encoded("matroska", "libx264")),
}

EEGS: dict[str, tuple[str, str, Callable[[], bytes]]] = {
    "page": ("brain.mat", "not_mat", lambda: PAGE),
    "words": ("brain.mat", "not_mat", lambda: b"no matrix " * 100),
    "archive": ("brain.mat", "not_mat", archive),
    "numpy's own": ("brain.mat", "not_mat", lambda: b"\x93NUMPY\1\0" + bytes(200)),
    "pickle": ("brain.mat", "not_mat", lambda: b"\x80\4\x95" + bytes(200)),
    "version 4": ("brain.mat", "not_mat", _mat4),
    "MAT named as a page": ("brain.html", "file_extension", lambda: clips.mat(eeg=clips.eeg())),
    "MAT with an archive behind": ("brain.mat", "mixed_file", lambda: clips.mat(eeg=clips.eeg()) + archive()),
    "MAT with a page before": ("a.mat", "mixed_file", lambda: PAGE.ljust(124) + clips.mat(eeg=clips.eeg())[124:]),
    "object": ("brain.mat", "mat_objects", lambda: clips.mat(eeg=an_object())),
    "structure without values": ("brain.mat", "mat_objects", lambda: clips.mat(eeg={"word": "none"})),
    "function handle": ("brain.mat", "mat_objects", lambda: HEADER + matrix(16, (1, 1))),
    "opaque object": ("brain.mat", "mat_objects", lambda: HEADER + matrix(17, (1, 1))),
    "cells in cells": ("brain.mat", "mat_objects", lambda: _nested_cells(5000)),
    "cells in cells, packed": ("brain.mat", "mat_objects", lambda: packed(_nested_cells(5000)[128:])),
    "unknown class": ("brain.mat", "not_mat", lambda: HEADER + matrix(99, (1, 1))),
    "more values than there are": (
        "a.mat",
        "too_large",
        lambda: HEADER + matrix(6, (30, 10**9), part(LITTLE, 9, bytes(80))),
    ),
    "values that are not there": (
        "a.mat",
        "not_mat",
        lambda: HEADER + matrix(6, (30, 10**6), part(LITTLE, 9, bytes(80))),
    ),
    "packed values that are not there": ("a.mat", "not_mat", lambda: packed(matrix(6, (30, 10**6), bytes(1 << 26)))),
    "less than no values": ("a.mat", "not_mat", lambda: HEADER + matrix(6, (30, -(10**6)), part(LITTLE, 9, bytes(80)))),
    "a name of a million letters": ("a.mat", "not_mat", lambda: HEADER + matrix(6, (30, 9), name=b"e" * 10**6)),
    "variables without end": (
        "a.mat",
        "not_mat",
        lambda: (
            HEADER
            + b"".join(matrix(6, (1, 1), part(LITTLE, 9, bytes(8)), name=b"v%d" % number) for number in range(1001))
        ),
    ),
    "link to another file": ("a.mat", "mat_objects", _linked(h5py.ExternalLink("/etc/passwd", "/eeg"))),
    "link to itself": ("a.mat", "mat_objects", _linked(h5py.SoftLink("/eeg"))),
    "values in another file": ("a.mat", "mat_objects", lambda: _saved(_elsewhere)),
    "values gathered from other files": ("a.mat", "mat_objects", lambda: _saved(_virtual)),
    "a chunk larger than memory": ("a.mat", "not_mat", lambda: _saved(_huge_chunk)),
    "a thousand million rows": ("a.mat", "too_large", lambda: _saved(_far_too_many)),
    "variables without end, new kind": ("a.mat", "not_mat", lambda: _saved(_many)),
    "group in place of values": (
        "a.mat",
        "mat_objects",
        lambda: _saved(lambda file: file.create_group("eeg") and None),
    ),
}
