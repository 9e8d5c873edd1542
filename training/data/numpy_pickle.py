"""Dictionaries of NumPy arrays that were pickled, as DEAP publishes them, read without running what a pickle may hold.

A pickle names functions that the reader calls. Here every name outside a short list is refused, and those of the list
stand for classes of this module that only keep what they are given: NumPy itself is not called before the array's
type, shape and length have been compared.
"""

import math
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.errors import DatasetError

DTYPES = ("f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")
# what a pickle that is damaged or was made to do harm raises
_ERRORS = (
    pickle.UnpicklingError, OSError, EOFError, ValueError, TypeError, AttributeError, LookupError, ImportError,
    MemoryError, RecursionError, OverflowError, AssertionError, struct.error,
)  # fmt: skip


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of the dictionary in the file, by name.

    Raises DatasetError for a file that cannot be read, holds anything else, or names anything but NumPy's arrays.
    """
    try:
        with path.open("rb") as file:
            found = _Unpickler(file, encoding="latin1").load()
        if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
            raise ValueError("not a dictionary of arrays")
        return {name: _array(name, value) for name, value in found.items()}
    except _ERRORS as error:
        reason = " ".join(str(error).split()) or "it is damaged"
        raise DatasetError(f"{path}: not a pickled dictionary of arrays: {reason}") from error


class _Dtype:
    """`numpy.dtype`: "f8", and the byte order of its state."""

    def __init__(self, name: object = "", *_: object) -> None:
        self.name = name
        self.order: object = "<"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = state[1]


class _Array:
    """`numpy.ndarray` before it is an array: (version, shape, dtype, whether in Fortran's order, bytes)."""

    def __init__(self, *_: object) -> None:
        self.state: tuple[Any, ...] = ()

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.state = state


_KNOWN = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,  # from NumPy 2
}


class _Unpickler(pickle._Unpickler):
    """The one that is written in Python: the other fills memory for a large index of its memo."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which an array does not need")
        return _KNOWN[module, name]

    def persistent_load(self, _: object) -> Any:
        raise pickle.UnpicklingError("it refers to an object outside the file")


def _array(name: str, value: object) -> NDArray[Any]:
    """The array (shape) that was put aside. Raises ValueError where its parts do not fit each other."""
    if not isinstance(value, _Array) or len(value.state) != 5:
        raise ValueError(f"{name} is no array")
    _, shape, dtype, fortran, stored = value.state
    if not isinstance(dtype, _Dtype) or dtype.name not in DTYPES or dtype.order not in ("<", ">", "|"):
        raise ValueError(f"{name} is no array of numbers")
    if not isinstance(shape, tuple) or not all(isinstance(size, int) and size >= 0 for size in shape):
        raise ValueError(f"{name} has no shape")
    kind = np.dtype(f"{dtype.order}{dtype.name}")
    content = stored.encode("latin1") if isinstance(stored, str) else stored  # Python 2 wrote strings
    if not isinstance(content, bytes) or len(content) != math.prod(shape) * kind.itemsize:
        raise ValueError(f"{name} is {shape} of {dtype.name}, and its values are of another length")
    return np.frombuffer(content, kind).reshape(shape, order="F" if fortran else "C")
