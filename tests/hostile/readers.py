"""What a decoder would do that a hostile file has taken over, for the sandbox to stop."""

import ctypes
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from inference.errors import InputError
from inference.sandbox.client import sandboxed
from inference.types import EegInput, Inputs, Limits
from inference.validation import check_inputs


def _soon(*_: object) -> float:
    return 1.0


@sandboxed()
def who() -> tuple[int, int]:
    """The ids of the process and of its group."""
    return os.getpid(), os.getpgid(0)


@sandboxed(timeout=_soon)
def hang() -> int:
    time.sleep(60)
    return 0


@sandboxed(timeout=_soon)
def spin() -> int:
    while True:
        pass


@sandboxed()
def crash() -> int:
    return ctypes.string_at(0)[0]


@sandboxed()
def abort() -> int:
    os.abort()


@sandboxed()
def leave() -> int:
    os._exit(0)


@sandboxed()
def fail() -> int:
    raise KeyError("a mistake")


@sandboxed()
def eat() -> int:
    return len(bytearray(64 << 30))


@sandboxed()
def dial(port: int) -> bool:
    """Whether a connection to this machine can be made."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return False
    return True


@sandboxed()
def write(path: Path) -> int:
    return path.write_bytes(b"x")


@sandboxed()
def environment() -> tuple[str, ...]:
    return tuple(os.environ)


@sandboxed()
def lie() -> int:
    return "no number"  # type: ignore[return-value]


@sandboxed()
def start() -> int:
    """The id of a process that goes on by itself."""
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid


@sandboxed(timeout=lambda good, folder, kind: 300.0)
def check_all(good: Path, folder: Path, kind: str) -> tuple[tuple[str, str, float], ...]:
    """Check the recording that each file of `folder` makes with a good video: its name, the code, the seconds.

    All in one process: a crash ends them all.
    """
    found = []
    for path in sorted(folder.iterdir()):
        started = time.monotonic()
        try:
            if kind == "video":
                check_inputs(Inputs(path), Limits())
            elif kind == "audio":
                check_inputs(Inputs(good, audio=path), Limits())
            else:
                check_inputs(Inputs(good, eeg=EegInput(path)), Limits())
        except InputError as error:
            code = str(error.code)
        except MemoryError:
            code = "too_costly"
        else:
            code = "taken"
        found.append((path.name, code, time.monotonic() - started))
    return tuple(found)


@sandboxed()
def echo(values: Sequence[float], times: int) -> Iterator[np.ndarray]:
    for _ in range(times):
        yield np.array(values)


@sandboxed()
def stop_between() -> Iterator[np.ndarray]:
    yield np.zeros(3)
    os.abort()


@sandboxed()
def strings() -> Iterator[np.ndarray]:
    yield np.array(["no", "number"])


@sandboxed()
def wait_then_say(path: Path) -> Iterator[np.ndarray]:
    yield np.array([os.getpid()])
    time.sleep(60)


@sandboxed()
def frames_that_crash(path: Path, times: Sequence[float], max_side: int, max_pixels: float) -> Iterator[np.ndarray]:
    yield np.zeros((64, 64, 3), np.uint8)
    os.abort()


@sandboxed()
def frames_that_hang(path: Path, times: Sequence[float], max_side: int, max_pixels: float) -> Iterator[np.ndarray]:
    yield np.zeros((64, 64, 3), np.uint8)
    time.sleep(60)


@sandboxed()
def frames_that_eat(path: Path, times: Sequence[float], max_side: int, max_pixels: float) -> Iterator[np.ndarray]:
    yield np.zeros((64, 64, 3), np.uint8)
    yield np.zeros(64 << 30, np.uint8) + 1
