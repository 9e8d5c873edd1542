"""Numeric arrays and short texts of untrusted MAT files (version 5 to 7.3).

Structures are read a few levels deep, cells only by name. Objects and functions are skipped and never created. Links
and external storage are not followed, and the size of an array is checked before it is allocated.
"""

import math
import struct
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from inference import mat5
from inference.errors import Code, InputError
from inference.media.formats import reject_polyglot

if TYPE_CHECKING:
    import h5py

MAX_VALUES = 120_000_000  # two hours of 30 channels at 500 Hz, 0.96 GB as float64
NUMERIC_CLASSES = {"double", "single", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))}
SKIPPED_CLASSES = {"char", "logical", "sparse"}
MAX_VARIABLES = 1000
MAX_LEAVES = 50_000  # arrays and texts, including those in structures and cells
MAX_TEXTS = 4096  # of one name
MAX_DEPTH = mat5.MAX_DEPTH
HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
HDF5_OFFSETS = (0, 512)  # MATLAB writes a header of 512 bytes in front

# errors that damaged or malicious files cause
PARSE_ERRORS = (
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
    """A numeric array of the file, not read yet; `shape` is that in MATLAB.

    A field of a structure has a dotted name, `EEG.data`; an element of a cell has a number, `data.trial{1}`.
    """

    name: str
    shape: tuple[int, ...]


class MatFile(Protocol):
    """An open MAT file of version 5 or 7.3."""

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The numeric arrays."""

    @property
    def texts(self) -> dict[str, tuple[str, ...]]:
        """The requested texts: rows of a char array, or of all elements of a cell."""

    @property
    def unread(self) -> dict[str, str]:
        """Other top-level variables, with a description each."""

    def read(self, variable: Variable, last: int | None = None) -> np.ndarray:
        """Return the values as stored, axes as in MATLAB; with `last` only those at this index of the last axis.

        Raises InputError(TOO_LARGE | NOT_MAT).
        """


@contextmanager
def open_mat(path: Path, texts: Collection[str] = (), cells: Collection[str] = ()) -> Iterator[MatFile]:
    """Open a MAT file and list its numeric arrays.

    `texts` are the names, in lower case, of variables and fields whose text is read, `cells` those of cells whose
    elements are arrays.

    Raises InputError(EMPTY_FILE | MIXED_FILE | NOT_MAT | MAT_OBJECTS).
    """
    if path.stat().st_size == 0:
        raise InputError(Code.EMPTY_FILE, "The EEG file is empty. Choose the recording's .mat file.")
    if is_mat_file(path):
        reject_polyglot(path)
    if not _is_hdf5(path):
        yield _Version5(path, texts, cells)
        return
    import h5py

    with _as_not_mat():
        hdf5 = h5py.File(path, "r")
    with hdf5:
        yield _Version73(hdf5, texts, cells)


def is_mat_file(path: Path) -> bool:
    """Return whether the first bytes are those of a MAT file."""
    return _is_hdf5(path) or mat5.is_version5(path)


@contextmanager
def _as_not_mat() -> Iterator[None]:
    """Raise InputError(NOT_MAT) for every error that a damaged file causes."""
    try:
        yield
    except PARSE_ERRORS as error:
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


def mat_objects_error(name: str, what: str) -> InputError:
    """Return the InputError for a variable that is an object."""
    return InputError(
        Code.MAT_OBJECTS,
        f"The MAT file's variable {name or 'without a name'} is {what}, which is not read. "
        "Save the EEG as one plain numeric array.",
    )


def _check_value_count(name: str, shape: tuple[int, ...]) -> int:
    values = math.prod(shape)
    if values > MAX_VALUES:
        raise InputError(
            Code.TOO_LARGE,
            f"The array {name} holds {values:,} values and {MAX_VALUES:,} is the most that is read. "
            "Send a shorter stretch.",
        )
    return values


def _field_name(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _is_within(name: str, lists: Collection[str]) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in lists)


@dataclass
class _Contents:
    """The contents that have been listed so far."""

    texts_requested: Collection[str]
    cells_requested: Collection[str]
    variables: dict[str, Variable] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    leaves: int = 0

    def enters(self, name: str, shape: tuple[int, ...], *, cell: bool) -> bool:
        """Return whether to read into a structure or cell: a single structure always, lists by name."""
        requested = any(part.lower() in (*self.texts_requested, *self.cells_requested) for part in name.split("."))
        return requested or (not cell and math.prod(shape) == 1)

    def count(self) -> None:
        self.leaves += 1
        if self.leaves > MAX_LEAVES:
            raise ValueError("more arrays than a recording has")

    def add(self, name: str, shape: tuple[int, ...], *, in_cell: bool) -> Variable | None:
        """Add a numeric array; of those in cells only requested ones."""
        if in_cell:
            if _field_name(name) not in self.cells_requested:
                return None
            count = sum(each.startswith(f"{name}{{") for each in self.variables) if len(self.variables) < 2000 else 0
            name = f"{name}{{{count + 1}}}"
        if name in self.variables:
            raise ValueError("two variables of one name")
        self.variables[name] = Variable(name, shape)
        return self.variables[name]

    def is_text_requested(self, name: str) -> bool:
        return _field_name(name) in self.texts_requested and len(self.texts.get(name, ())) < MAX_TEXTS


class _ListedFile:
    """A file whose contents are listed when it is opened."""

    _found: "_Contents"

    @property
    def variables(self) -> tuple[Variable, ...]:
        return tuple(self._found.variables.values())

    @property
    def texts(self) -> dict[str, tuple[str, ...]]:
        return {name: tuple(rows) for name, rows in self._found.texts.items()}

    @property
    def unread(self) -> dict[str, str]:
        return self._found.unread


class _Version5(_ListedFile):
    def __init__(self, path: Path, texts: Collection[str], cells: Collection[str]) -> None:
        self._path = path
        self._elements: dict[str, mat5.Element] = {}
        self._found = _Contents(texts, cells)
        with _as_not_mat():
            if not mat5.is_version5(path):
                # version 4 has no signature: any file that begins with a zero byte would pass
                raise ValueError("not a version 5 file")
            self._list()

    def _list(self) -> None:
        names: set[str] = set()
        wanted_texts = []
        lists: set[str] = set()  # cells and lists of structures, whose contents share a name
        for element in mat5.elements(self._path, self._enters):
            self._found.count()
            top = element.offset == 0
            if top and element.name in names and element.name:
                raise ValueError("two variables of one name")
            if top:
                lists = set()
                names.add(element.name)
                if len(names) > MAX_VARIABLES:
                    raise ValueError("more variables than a recording has")
            if element.kind == "complex":
                if top:
                    raise InputError(
                        Code.NOT_MAT, f"The array {element.name} holds complex numbers. Save it as double or single."
                    )
            elif element.kind in NUMERIC_CLASSES:
                if variable := self._found.add(element.name, element.shape, in_cell=_is_within(element.name, lists)):
                    self._elements[variable.name] = element
            elif element.kind == "char":
                if self._found.is_text_requested(element.name):
                    wanted_texts.append(element)
            else:
                if element.kind == "cell" or (element.kind == "struct" and math.prod(element.shape) != 1):
                    lists.add(element.name)
                if top and element.kind not in SKIPPED_CLASSES:
                    self._found.unread[element.name] = f"of class {element.kind}"
        for element in wanted_texts[:MAX_TEXTS]:
            self._found.texts.setdefault(element.name, []).extend(mat5.read_text(self._path, element))

    def _enters(self, element: mat5.Element) -> bool:
        return self._found.enters(element.name, element.shape, cell=element.kind == "cell")

    def read(self, variable: Variable, last: int | None = None) -> np.ndarray:
        shape = variable.shape if last is None else variable.shape[:-1]
        count = _check_value_count(variable.name, shape)
        with _as_not_mat():
            values = mat5.read(self._path, self._elements[variable.name], (last or 0) * count, count)
            return values.reshape(shape, order="F")


class _Version73(_ListedFile):
    def __init__(self, hdf5: "h5py.File", texts: Collection[str], cells: Collection[str]) -> None:
        self._hdf5 = hdf5
        self._datasets: dict[str, h5py.Dataset] = {}
        self._found = _Contents(texts, cells)
        with _as_not_mat():
            if len(hdf5) > MAX_VARIABLES:
                raise ValueError("more variables than a recording has")
            self._list(hdf5, "", MAX_DEPTH)

    def read(self, variable: Variable, last: int | None = None) -> np.ndarray:
        _check_value_count(variable.name, variable.shape if last is None else variable.shape[:-1])
        with _as_not_mat():
            # HDF5 stores the axes in reverse
            return np.asarray(self._datasets[variable.name][() if last is None else last]).T

    def _list(self, group: "h5py.Group", outer: str, depth: int, *, in_cell: bool = False) -> None:
        import h5py

        for name in group:
            if name.startswith("#"):  # the targets of references in cells and objects
                continue
            path = f"{outer}.{name}" if outer else name
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise mat_objects_error(path, "a link")
            self._item(group[name], path, depth, in_cell=in_cell)

    def _item(self, item: "h5py.Group | h5py.Dataset", path: str, depth: int, *, in_cell: bool) -> None:
        import h5py

        self._found.count()
        if depth == 0:
            return
        if isinstance(item, h5py.Group):
            if "." not in path:
                self._found.unread[path] = "a structure"
            self._list(item, path, depth - 1, in_cell=in_cell)
            return
        if not isinstance(item, h5py.Dataset):
            return
        if item.external or item.is_virtual:
            raise mat_objects_error(path, "kept in another file")
        kind = item.attrs.get("MATLAB_class", b"double")
        kind = kind.decode("ascii", "replace") if isinstance(kind, bytes) else str(kind)
        if item.chunks is not None and math.prod(item.chunks) > MAX_VALUES:
            raise ValueError("a chunk larger than any array that is read")
        if "MATLAB_empty" in item.attrs:
            return
        if h5py.check_ref_dtype(item.dtype) is h5py.Reference:
            self._elements(item, path, depth)
        elif kind == "char" or h5py.check_string_dtype(item.dtype):
            self._text(item, path)
        elif kind in NUMERIC_CLASSES and item.dtype.kind in "iuf":
            shape = tuple(int(size) for size in reversed(item.shape))
            if variable := self._found.add(path, shape, in_cell=in_cell):
                self._datasets[variable.name] = item
        elif "." not in path and kind not in SKIPPED_CLASSES:
            self._found.unread[path] = f"of class {kind if kind not in NUMERIC_CLASSES else 'compound'}"

    def _elements(self, item: "h5py.Dataset", path: str, depth: int) -> None:
        """List the targets of a cell, or of a field of a list of structures."""
        if "." not in path:
            self._found.unread[path] = "of class cell"
        if not self._found.enters(path, (), cell=True) or item.size > MAX_TEXTS:
            return
        for reference in np.asarray(item[()]).T.ravel(order="F"):
            if reference:
                self._item(self._hdf5[reference], path, depth - 1, in_cell=True)

    def _text(self, item: "h5py.Dataset", path: str) -> None:
        if not self._found.is_text_requested(path) or item.size > mat5.MAX_TEXT_BYTES:
            return
        values = np.asarray(item[()])
        if values.dtype.kind in "OS":
            rows = [each.decode("utf-8", "replace") if isinstance(each, bytes) else str(each) for each in values.flat]
        else:
            # one number for each letter; (letters, rows) is (rows, letters) in MATLAB
            rows = ["".join(map(chr, row)) for row in np.atleast_2d(values.T).astype(np.uint16).tolist()]
        self._found.texts.setdefault(path, []).extend(row.strip("\0 ") for row in rows)
