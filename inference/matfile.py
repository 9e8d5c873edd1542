"""Numeric arrays out of MAT files (version 5 to 7.3) that strangers send.

Nothing but plain numbers is read: no objects, cells or structures, no links, no storage outside the file,
and no array is allocated before its size is known to be bearable.
"""

import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat, whosmat
from scipy.io.matlab import MatReadError, matfile_version

from inference.errors import Code, InputError

MAX_VALUES = 120_000_000  # two hours of 30 channels at 500 Hz, 0.96 GB as float64
NUMERIC = {"double", "single", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))}
PASSED_OVER = {"char", "logical", "sparse"}
COMPRESSED = 15  # the tag of a compressed variable in a version 5 file
CHUNK = 1 << 20  # bytes
HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
HDF5_OFFSETS = (0, 512)  # MATLAB writes a header of 512 bytes in front

# what the two libraries raise on files that are cut short or made to mislead
BROKEN = (
    MatReadError,
    OSError,
    EOFError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    RuntimeError,
    NotImplementedError,
    OverflowError,
    MemoryError,
    UnicodeDecodeError,
    zlib.error,
)


@dataclass(frozen=True)
class Variable:
    """A numeric array of the file, not read yet; `shape` is as MATLAB shows it."""

    name: str
    shape: tuple[int, ...]


class MatFile:
    """An open MAT file. `read` gives arrays as MATLAB shows them, so that version 7.3 needs no second thought."""

    def __init__(self, path: Path, hdf5: Any) -> None:
        self._path = path
        self._hdf5 = hdf5
        self.variables = _hdf5_variables(hdf5) if hdf5 is not None else _version5_variables(path)

    def read(self, variable: Variable, last_axis: slice | None = None) -> np.ndarray:
        """The variable's values, or those at `last_axis` alone, as stored.

        Raises InputError(TOO_LARGE | NOT_MAT).
        """
        if math.prod(variable.shape) > MAX_VALUES:
            raise InputError(
                Code.TOO_LARGE,
                f"The array {variable.name} holds {math.prod(variable.shape):,} values and {MAX_VALUES:,} is the most "
                "that is read. Send a shorter stretch.",
            )
        with _reading():
            if self._hdf5 is not None:
                dataset = self._hdf5[variable.name]
                values = dataset[last_axis] if last_axis is not None else dataset[()]
                return np.asarray(values).T
            stored = loadmat(self._path, variable_names=[variable.name], appendmat=False)[variable.name]
        if not isinstance(stored, np.ndarray) or stored.dtype.kind not in "iuf":
            raise InputError(
                Code.NOT_MAT, f"The array {variable.name} does not hold real numbers. Save it as double or single."
            )
        return stored[..., last_axis] if last_axis is not None else stored


@contextmanager
def open_mat(path: Path) -> Iterator[MatFile]:
    """Open a MAT file and list its numeric arrays.

    Raises InputError(EMPTY_FILE | NOT_MAT | MAT_OBJECTS).
    """
    if path.stat().st_size == 0:
        raise InputError(Code.EMPTY_FILE, "The EEG file is empty. Choose the recording's .mat file.")
    if not _is_hdf5(path):
        yield MatFile(path, None)
        return
    import h5py

    with _reading():
        hdf5 = h5py.File(path, "r")
    with hdf5:
        yield MatFile(path, hdf5)


@contextmanager
def _reading() -> Iterator[None]:
    """Turn whatever a library says of a damaged file into the one sentence that helps."""
    try:
        yield
    except BROKEN as error:
        raise InputError(
            Code.NOT_MAT, "The EEG file is not a readable MAT file (version 5 to 7.3). Save it again from MATLAB."
        ) from error


def _is_hdf5(path: Path) -> bool:
    with path.open("rb") as file:
        for offset in HDF5_OFFSETS:
            file.seek(offset)
            if file.read(len(HDF5_SIGNATURE)) == HDF5_SIGNATURE:
                return True
    return False


def _objects(name: str, what: str) -> InputError:
    return InputError(
        Code.MAT_OBJECTS,
        f"The MAT file's variable {name} is {what}, which is not read. Save the EEG as one plain numeric array.",
    )


def _refuse_bomb(path: Path) -> None:
    """Unpack a version 5 file once, a chunk at a time: the library trusts the sizes inside compressed variables."""
    left = 8 * MAX_VALUES + CHUNK
    with path.open("rb") as file:
        order = "<" if file.read(128)[126:] == b"IM" else ">"
        while len(tag := file.read(8)) == 8:
            kind, size = struct.unpack(f"{order}II", tag)
            following = file.tell() + size
            inflate = zlib.decompressobj()
            while kind == COMPRESSED and not inflate.eof and file.tell() < following:
                packed = file.read(min(CHUNK, following - file.tell()))
                if not packed:
                    raise ValueError("cut short")
                while packed and not inflate.eof:
                    left -= len(inflate.decompress(packed, CHUNK))
                    packed = inflate.unconsumed_tail
                    if left < 0:
                        raise InputError(
                            Code.TOO_LARGE,
                            f"The MAT file unpacks to more than the {MAX_VALUES:,} values that are read. "
                            "Send a shorter stretch.",
                        )
            file.seek(following)


def _version5_variables(path: Path) -> tuple[Variable, ...]:
    with _reading():
        if matfile_version(path, appendmat=False)[0] != 1:
            # version 4 has no signature: anything that starts with a zero byte would pass for it
            raise ValueError("not a version 5 file")
        _refuse_bomb(path)
        listed = whosmat(path, appendmat=False)
        if len({name for name, _, _ in listed}) < len(listed):
            raise ValueError("two variables of one name")
    found = []
    for name, shape, kind in listed:
        if kind not in NUMERIC | PASSED_OVER or name.startswith("__"):
            raise _objects(name, f"of class {kind}")
        if kind in NUMERIC:
            found.append(Variable(name, tuple(int(size) for size in shape)))
    return tuple(found)


def _hdf5_variables(hdf5: Any) -> tuple[Variable, ...]:
    import h5py

    found = []
    with _reading():
        for name in hdf5:
            if not isinstance(hdf5.get(name, getlink=True), h5py.HardLink):
                raise _objects(name, "a link")
            item = hdf5[name]
            if not isinstance(item, h5py.Dataset):
                raise _objects(name, "a structure or object")
            kind = item.attrs.get("MATLAB_class", b"double")
            kind = kind.decode("ascii", "replace") if isinstance(kind, bytes) else str(kind)
            if item.external or item.is_virtual:
                raise _objects(name, "kept in another file")
            if kind not in NUMERIC | PASSED_OVER or item.dtype.kind not in "iufb":
                raise _objects(name, f"of class {kind if kind not in NUMERIC else 'compound'}")
            if kind in NUMERIC and item.dtype.kind in "iuf":
                if item.chunks is not None and math.prod(item.chunks) > MAX_VALUES:
                    raise ValueError("a chunk larger than any array that is read")
                found.append(Variable(name, tuple(int(size) for size in reversed(item.shape))))
    return tuple(found)
