"""What ffmpeg may do when the operator lets it encode by hardware: that hardware, and nothing else.

/dev/zero stands in for the device, and Python for an ffmpeg that was taken over.
"""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from inference.sandbox import landlock
from inference.sandbox.limits import Permissions, prepare_confinement

DEVICE = Path("/dev/zero")
MEMORY = 2**30
PROGRAM = """
import ctypes, fcntl, json, mmap, os, socket

def outcome(deed):
    try:
        deed()
    except MemoryError:
        return "MemoryError"
    except OSError as error:
        return error.errno

def ask(path, request):
    with open(path, "rb", buffering=0) as file:
        fcntl.ioctl(file, request)

def reserve():
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    if libc.mmap(None, ctypes.c_size_t(2**36), 0, 0x4022, -1, 0) == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "")

print(json.dumps({
    "write to the device": outcome(lambda: open("/dev/zero", "r+b", buffering=0).write(b"x")),
    "open another device": outcome(lambda: open("/dev/full", "r+b", buffering=0)),
    "control the device": outcome(lambda: ask("/dev/zero", 0xC0406400)),
    "control another device": outcome(lambda: ask("/dev/urandom", 0xC0406400)),
    "type into a terminal": outcome(lambda: fcntl.ioctl(1, 0x5412, b"x")),
    "reserve addresses": outcome(reserve),
    "take memory": outcome(lambda: bytearray(2**30)),
    "share memory": outcome(lambda: os.memfd_create("x")),
    "open a socket": outcome(socket.socket),
    "read /etc/passwd": outcome(lambda: open("/etc/passwd")),
    "list the devices": outcome(lambda: os.listdir("/dev")),
    "read what drivers look up": outcome(lambda: os.listdir("/sys/devices")),
}))
"""


def outcomes(devices: Sequence[Path]) -> dict[str, int | str | None]:
    """What each deed ended with: an errno, or None."""
    python = Path(sys.executable).resolve()
    allowed = Permissions(MEMORY, 2**20, 60, program=python, devices=devices)
    confinement = prepare_confinement(allowed, os.getpid())
    try:
        done = subprocess.run(
            [str(python), "-I", "-S", "-c", PROGRAM],
            env={"PYTHONHOME": sys.base_prefix},
            preexec_fn=confinement.enter,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        confinement.close()
    assert done.returncode == 0, done.stderr
    found: dict[str, int | str | None] = json.loads(done.stdout)
    return found


ALWAYS = {
    "open another device": errno.EACCES,
    "type into a terminal": errno.EPERM,
    "take memory": "MemoryError",
    "open a socket": errno.EPERM,
    "read /etc/passwd": errno.EACCES,
    "list the devices": errno.EACCES,
}


def test_without_a_device_none_is_opened() -> None:
    assert outcomes([]) == ALWAYS | {
        "write to the device": errno.EACCES,
        "control the device": errno.EACCES,
        "control another device": errno.EPERM,
        "reserve addresses": errno.ENOMEM,
        "share memory": errno.EPERM,
        "read what drivers look up": errno.EACCES,
    }


@pytest.mark.skipif(landlock.abi_version() < 5, reason="Landlock controls no requests to devices")
def test_with_a_device_no_other_is_opened() -> None:
    assert outcomes([DEVICE]) == ALWAYS | {
        "write to the device": None,
        "control the device": errno.ENOTTY,  # the device itself does not know it
        "control another device": errno.EACCES,
        "reserve addresses": None,
        "share memory": None,
        "read what drivers look up": None,
    }
