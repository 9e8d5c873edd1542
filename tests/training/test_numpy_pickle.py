"""Pickled arrays are read, and nothing that a pickle names is run."""

import os
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.data.numpy_pickle import read_arrays
from training.errors import DatasetError


def python2(name: str, values: np.ndarray, content: bytes | None = None) -> bytes:
    """A dictionary of one array as Python 2 pickled it, in protocol 2, whose bytes are a string."""
    content = values.tobytes() if content is None else content
    shape = b"".join(b"K" + bytes([size]) for size in values.shape)
    kind = values.dtype.str.encode()  # "<f8"
    return b"".join(
        [
            b"\x80\x02}U" + bytes([len(name)]) + name.encode(),
            b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR",
            b"(K\x01(" + shape + b"t",
            b"cnumpy\ndtype\n(U\x02" + kind[1:] + b"K\x00K\x01tR(K\x03U\x01" + kind[:1],
            b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb",
            b"\x89T" + struct.pack("<i", len(content)) + content + b"tbs.",
        ]
    )


class OnlyNumPy(pickle.Unpickler):
    """Reads what pickle itself makes of an array, and looks up nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        assert (module, name) in {
            ("numpy.core.multiarray", "_reconstruct"), ("numpy", "ndarray"), ("numpy", "dtype"),
        }  # fmt: skip
        return super().find_class(module, name)


def test_arrays_of_python_2_are_read(tmp_path: Path) -> None:
    values = np.random.default_rng(1).standard_normal((2, 3, 5))
    path = tmp_path / "s01.dat"
    path.write_bytes(python2("data", values))
    with path.open("rb") as file:
        np.testing.assert_array_equal(OnlyNumPy(file, encoding="latin1").load()["data"], values)
    np.testing.assert_array_equal(read_arrays(path)["data"], values)


@pytest.mark.parametrize("protocol", [3, 4])
def test_arrays_of_today_are_read(tmp_path: Path, protocol: int) -> None:
    rng = np.random.default_rng(1)
    arrays: dict[str, np.ndarray] = {
        "data": rng.standard_normal((4, 5)),
        "fortran": np.asfortranarray(rng.standard_normal((4, 5)).astype(np.float32)),
        "big-endian": np.arange(6, dtype=">i4").reshape(2, 3),
        "none": np.zeros((0, 4)),
    }
    path = tmp_path / "arrays.dat"
    path.write_bytes(pickle.dumps(arrays, protocol))
    found = read_arrays(path)
    assert list(found) == list(arrays)
    for name, values in arrays.items():
        np.testing.assert_array_equal(found[name], values)
        assert found[name].shape == values.shape


class Runs:
    """Calls something when it is unpickled."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("where", ["alone", "as a value", "in an array"])
@pytest.mark.parametrize(
    ("function", "arguments", "name"),
    [
        (os.system, ("touch ran",), "posix.system"),
        (eval, ("open('ran', 'w').close()",), "builtins.eval"),
        (getattr, (os, "system"), "builtins.getattr"),
        (np.load, ("ran.npy",), "numpy.load"),
        (np.fromfile, ("ran",), "fromfile"),
    ],
)
def test_a_hostile_pickle_is_refused_before_it_runs_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, function: Any, arguments: Any, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    hostile: Any = Runs(function, *(each.__name__ if each is os else each for each in arguments))
    if where == "as a value":
        hostile = {"labels": np.zeros(2), "data": hostile}
    elif where == "in an array":
        hostile = {"data": np.array([hostile], dtype=object)}
    path = tmp_path / "s01.dat"
    path.write_bytes(pickle.dumps(hostile, 3))
    with pytest.raises(DatasetError, match=rf"s01\.dat: not a pickled dictionary of arrays: it names .*{name}"):
        read_arrays(path)
    assert [each.name for each in tmp_path.iterdir()] == ["s01.dat"]


SMALL = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a pickled dictionary"),
        (b"no pickle at all", "not a pickled dictionary"),
        (python2("data", SMALL)[:-20], "it is damaged"),
        (python2("data", SMALL, b"\0" * 47), "its values are of another length"),
        (python2("data", SMALL, b"\0" * (1 << 20)), "its values are of another length"),
        (python2("data", SMALL).replace(b"f8", b"O8"), "no array of numbers"),
        (python2("data", SMALL).replace(b"K\x02K\x03", b"NN"), "has no shape"),
        (python2("data", SMALL).replace(b"(cnumpy\nndarray\n(K\x00tU\x01bt", b"N"), "not a pickled dictionary"),
        (pickle.dumps([1, 2]), "not a dictionary of arrays"),
        (pickle.dumps({1: np.zeros(2)}, 3), "not a dictionary of arrays"),
        (pickle.dumps({"data": [1.0, 2.0]}), "data is no array"),
        (pickle.dumps({"data": np.array(["a", "b"])}, 3), "no array of numbers"),
        (b"\x80\x02]r\xff\xff\xff\x7f.", "not a dictionary of arrays"),  # 16 GB of memo in the other unpickler
        (b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7f.", "not a pickled dictionary"),
        (b"\x80\x02T\xff\xff\xff\x7f.", "not a pickled dictionary"),
        (b"\x80\x03P1\n.", "not a pickled dictionary"),
        (b"\x80\x03K\x01Q.", "refers to an object outside the file"),
    ],
)
def test_what_is_no_dictionary_of_arrays_is_refused_by_name(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "s01.dat"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=rf"s01\.dat: .*{message}"):
        read_arrays(path)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"s01\.dat"):
        read_arrays(tmp_path / "s01.dat")
