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
from typing import TYPE_CHECKING, Protocol

import numpy as np

from inference import mat5
from inference.errors import Code, InputError
from inference.media.kinds import check_alone

if TYPE_CHECKING:
    import h5py

MAX_VALUES = 120_000_000  # two hours of 30 channels at 500 Hz, 0.96 GB as float64
NUMERIC = {"double", "single", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))}
PASSED_OVER = {"char", "logical", "sparse"}
MAX_VARIABLES = 1000
HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
HDF5_OFFSETS = (0, 512)  # MATLAB writes a header of 512 bytes in front

# what files that are cut short or made to mislead end in
BROKEN = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    RuntimeError,
    OverflowError,
    MemoryError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True)
class Variable:
    """A numeric array of the file, not read yet; `shape` is as MATLAB shows it."""

    name: str
    shape: tuple[int, ...]


class MatFile(Protocol):
    """An open MAT file of either kind."""

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The numeric arrays."""

    def read(self, variable: Variable, last: int | None = None) -> np.ndarray:
        """The variable's values as stored, axes as MATLAB shows them, or those at `last` on the last axis alone.

        Raises InputError(TOO_LARGE | NOT_MAT).
        """


@contextmanager
def open_mat(path: Path) -> Iterator[MatFile]:
    """Open a MAT file and list its numeric arrays.

    Raises InputError(EMPTY_FILE | MIXED_FILE | NOT_MAT | MAT_OBJECTS).
    """
    if path.stat().st_size == 0:
        raise InputError(Code.EMPTY_FILE, "The EEG file is empty. Choose the recording's .mat file.")
    if begins_as_mat(path):
        check_alone(path)
    if not _is_hdf5(path):
        yield _Version5(path)
        return
    import h5py

    with _reading():
        hdf5 = h5py.File(path, "r")
    with hdf5:
        yield _Version73(hdf5)


def begins_as_mat(path: Path) -> bool:
    return _is_hdf5(path) or mat5.is_version5(path)


@contextmanager
def _reading() -> Iterator[None]:
    """Turn whatever is said of a damaged file into the one sentence that helps."""
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
        f"The MAT file's variable {name or 'without a name'} is {what}, which is not read. "
        "Save the EEG as one plain numeric array.",
    )


def _bearable(name: str, shape: tuple[int, ...]) -> int:
    values = math.prod(shape)
    if values > MAX_VALUES:
        raise InputError(
            Code.TOO_LARGE,
            f"The array {name} holds {values:,} values and {MAX_VALUES:,} is the most that is read. "
            "Send a shorter stretch.",
        )
    return values


class _Version5:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._elements: dict[str, mat5.Element] = {}
        with _reading():
            if not mat5.is_version5(path):
                # version 4 has no signature: anything that starts with a zero byte would pass for it
                raise ValueError("not a version 5 file")
            for element in mat5.elements(path):
                if element.kind == "complex":
                    raise InputError(
                        Code.NOT_MAT, f"The array {element.name} holds complex numbers. Save it as double or single."
                    )
                if element.kind not in NUMERIC | PASSED_OVER or not element.name:
                    raise _objects(element.name, f"of class {element.kind}")
                if element.name in self._elements:
                    raise ValueError("two variables of one name")
                if len(self._elements) == MAX_VARIABLES:
                    raise ValueError("more variables than a recording has")
                self._elements[element.name] = element

    @property
    def variables(self) -> tuple[Variable, ...]:
        return tuple(
            Variable(element.name, element.shape) for element in self._elements.values() if element.kind in NUMERIC
        )

    def read(self, variable: Variable, last: int | None = None) -> np.ndarray:
        shape = variable.shape if last is None else variable.shape[:-1]
        count = _bearable(variable.name, shape)
        with _reading():
            values = mat5.read(self._path, self._elements[variable.name], (last or 0) * count, count)
            return values.reshape(shape, order="F")


class _Version73:
    def __init__(self, hdf5: "h5py.File") -> None:
        self._hdf5 = hdf5
        with _reading():
            self.variables = tuple(_hdf5_variables(hdf5))

    def read(self, variable: Variable, last: int | None = None) -> np.ndarray:
        _bearable(variable.name, variable.shape if last is None else variable.shape[:-1])
        with _reading():
            # HDF5 holds the axes in reverse
            return np.asarray(self._hdf5[variable.name][() if last is None else last]).T


def _hdf5_variables(hdf5: "h5py.File") -> Iterator[Variable]:
    import h5py

    if len(hdf5) > MAX_VARIABLES:
        raise ValueError("more variables than a recording has")
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
            yield Variable(name, tuple(int(size) for size in reversed(item.shape)))
