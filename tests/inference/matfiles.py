"""EEG recordings as .mat files, for tests."""

import struct
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
from scipy.io import savemat
from scipy.io.matlab import MatlabObject

from inference.eeg import CHANNELS
from inference.model_spec import EegSignalInput

SPEC = EegSignalInput(
    channels=CHANNELS,
    input_rate=500,
    sample_rate=100,
    band_hz=(0.5, 45),
    order=5,
    window_s=5,
    windows=4,
    trial_s=20,
)


Save = Callable[..., Path]


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 10, shape).astype(np.float32)


def an_object() -> MatlabObject:
    fields = np.zeros((1, 1), dtype=[("data", object)])
    fields[0, 0]["data"] = noise(30, 10)
    return MatlabObject(fields, classname="eeg")


def mat(path: Path, **variables: object) -> Path:
    savemat(path, variables, do_compression=True)
    return path


def mat73(path: Path, **variables: np.ndarray) -> Path:
    """A file as MATLAB's -v7.3 writes it: a header of 512 bytes, axes in reverse."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, value in variables.items():
            stored = file.create_dataset(name, data=np.asarray(value).T)
            stored.attrs["MATLAB_class"] = np.bytes_("double")
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(512))
    return path


def sine(frequency: float, sfreq: float, seconds: float, amplitude: float = 10) -> np.ndarray:
    """(30, time), the same on every channel."""
    time = np.arange(round(seconds * sfreq)) / sfreq
    return np.tile(amplitude * np.sin(2 * np.pi * frequency * time), (30, 1)).astype(np.float32)


def part(order: str, kind: int, data: bytes) -> bytes:
    """A part of a version 5 file; up to four bytes lie in the tag itself, as MATLAB packs them."""
    if len(data) <= 4:
        return struct.pack(f"{order}I", len(data) << 16 | kind) + data.ljust(4, b"\0")
    return struct.pack(f"{order}II", kind, len(data)) + data + bytes(-len(data) % 8)


def double(order: str, name: str, values: np.ndarray) -> bytes:
    """A variable of class double whose whole values are stored as 16 bit, as MATLAB packs them."""
    matrix = (
        part(order, 6, struct.pack(f"{order}II", 6, 0))
        + part(order, 5, struct.pack(f"{order}2i", *values.shape))
        + part(order, 1, name.encode())
        + part(order, 3, values.astype(f"{order}i2").tobytes(order="F"))
    )
    return struct.pack(f"{order}II", 14, len(matrix)) + matrix
