"""Landlock (Linux 5.13 and later): a process opens only what a ruleset names.

Facts: https://docs.kernel.org/userspace-api/landlock.html
"""

import ctypes
import os
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path

from inference.sandbox.libc import check_result, libc

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # on every architecture
_VERSION = 1
_PATH_BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = (1 << bit for bit in range(4))
_TRUNCATE, IOCTL_DEV = 1 << 14, 1 << 15
_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | _TRUNCATE | IOCTL_DEV  # rights that a file can be given
_FILES_OF_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1}  # later: ioctl on devices as well
_FILES_LATER = (1 << 16) - 1
_TCP_SINCE, _TCP = 4, 0b11  # bind and connect
_SCOPE_SINCE, _SCOPE = 6, 0b11  # abstract sockets of, and signals to, processes outside

READ = READ_FILE | READ_DIR
WRITE = READ_FILE | WRITE_FILE | _TRUNCATE


class _RulesetAttr(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("tcp", ctypes.c_uint64), ("scope", ctypes.c_uint64))


class _PathBeneathAttr(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("descriptor", ctypes.c_int32))


@cache
def abi_version() -> int:
    """Return the version of Landlock in the kernel, or 0."""
    return max(0, int(libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION)))


def create_ruleset(allowed: Iterable[tuple[Path, int]]) -> int:
    """Return the descriptor of a ruleset that grants rights to these paths and all below them.

    Paths that do not exist or cannot be reached are skipped. Raises OSError.
    """
    version = abi_version()
    files = _FILES_OF_ABI.get(version, _FILES_LATER)
    attr = _RulesetAttr(files, _TCP if version >= _TCP_SINCE else 0, _SCOPE if version >= _SCOPE_SINCE else 0)
    size = 24 if version >= _SCOPE_SINCE else 16 if version >= _TCP_SINCE else 8
    made = check_result(libc.syscall(_CREATE_RULESET, ctypes.byref(attr), ctypes.c_size_t(size), 0))
    for path, rights in allowed:
        with suppress(FileNotFoundError, PermissionError):
            _add_rule(made, path, rights & files)
    return made


def _add_rule(made: int, path: Path, rights: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        beneath = _PathBeneathAttr(rights if path.is_dir() else rights & _OF_FILES, descriptor)
        check_result(libc.syscall(_ADD_RULE, made, _PATH_BENEATH, ctypes.byref(beneath), 0))
    finally:
        os.close(descriptor)


def restrict_self(made: int) -> None:
    """Confine this thread and its children to a ruleset. It needs no_new_privs. Raises OSError."""
    check_result(libc.syscall(_RESTRICT_SELF, made, 0))
