"""The system calls that a process may make: an allow list that libseccomp compiles to a filter.

Every other call fails with EPERM and does not kill the process, so that libraries may try optional calls.
"""

import ctypes
import errno
import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from inference.sandbox.libc import check_result, libc

_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_MASKED_EQUAL = 7
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_CLONE_THREAD = 0x10000
_TCGETS, _FIONREAD, _FIONBIO, _FIOCLEX = 0x5401, 0x541B, 0x5421, 0x5451
_PR_SET_NAME = 15
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

# Reading of files; memory; threads; time; queries about the process itself.
_CALLS = """
    read readv pread64 preadv lseek close close_range fstat stat lstat newfstatat statx statfs fstatfs access faccessat
    faccessat2 readlink readlinkat getdents64 getcwd dup dup2 dup3 fcntl flock fadvise64 readahead poll ppoll
    select pselect6 eventfd2 write writev pwrite64
    mmap munmap mprotect mremap madvise mincore brk membarrier get_mempolicy
    futex set_robust_list get_robust_list rseq set_tid_address sched_yield sched_getaffinity sched_getparam
    sched_getscheduler exit exit_group arch_prctl restart_syscall
    nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday time times getrusage
    getpid gettid getppid getpgid getpgrp getsid getuid geteuid getgid getegid getresuid getresgid getgroups
    uname sysinfo getrlimit getcpu getrandom rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack rt_sigtimedwait
    sendto recvfrom sendmsg recvmsg shutdown getsockopt getsockname
""".split()  # noqa: SIM905 as a list it would take a page


class _Condition(NamedTuple):
    """An argument, by number, of which the bits of `mask` have to be `value`."""

    argument: int
    value: int
    mask: int = 2**64 - 1


_THREADS_ONLY = [_Condition(0, _CLONE_THREAD, _CLONE_THREAD)]
_ON_CONDITION: Mapping[str, Sequence[Sequence[_Condition]]] = {
    "clone": [_THREADS_ONLY],
    "ioctl": [[_Condition(1, request)] for request in (_TCGETS, _FIONREAD, _FIONBIO, _FIOCLEX)],
    "prctl": [[_Condition(0, _PR_SET_NAME)]],
    "prlimit64": [[_Condition(0, 0), _Condition(2, 0)]],  # one's own limits, to be read
}
_READ_ONLY: Mapping[str, Sequence[Sequence[_Condition]]] = {
    "open": [[_Condition(1, 0, _WRITING)]],
    "openat": [[_Condition(2, 0, _WRITING)]],
}
# Requests of device drivers by their type, bits 8 to 15: NVIDIA's unified memory and GPU; DRM, its buffers and fences.
_TYPES_OF_DRIVERS = (0, ord("F"), ord("d"), ord("b"), ord(">"))
_TO_ENCODE = ["open", "openat", "execve", "ftruncate", "fallocate", "fsync", "fdatasync", "pipe2", "sched_setaffinity"]


class _Comparison(ctypes.Structure):
    _fields_ = (
        ("argument", ctypes.c_uint),
        ("how", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


@cache
def _library() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        return None
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_init.argtypes = [ctypes.c_uint32]
    library.seccomp_rule_add_array.argtypes = [
        *(ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.POINTER(_Comparison))
    ]
    library.seccomp_export_bpf.argtypes = [ctypes.c_void_p, ctypes.c_int]
    library.seccomp_release.argtypes = [ctypes.c_void_p]
    return library


def available() -> bool:
    """Return whether libseccomp is installed and the kernel has seccomp."""
    return _library() is not None and Path("/proc/sys/kernel/seccomp").exists()


@cache
def reading() -> bytes:
    """Return the filter of a decoder: it opens no file for writing, starts no process, reaches no socket."""
    return _filter(_CALLS, {**_ON_CONDITION, **_READ_ONLY})


@cache
def encoding(*, devices: bool) -> bytes:
    """Return the filter of ffmpeg, which may also write and be executed; Landlock limits the files.

    With `devices` it may control hardware, and share memory with it.
    """
    if not devices:
        return _filter([*_CALLS, *_TO_ENCODE], _ON_CONDITION)
    controls = [[_Condition(1, kind << 8, 0xFF00)] for kind in _TYPES_OF_DRIVERS]
    return _filter(
        [*_CALLS, *_TO_ENCODE, "memfd_create"], {**_ON_CONDITION, "ioctl": [*_ON_CONDITION["ioctl"], *controls]}
    )


def _filter(always: Sequence[str], conditions: Mapping[str, Sequence[Sequence[_Condition]]]) -> bytes:
    library = _library()
    assert library is not None
    context = library.seccomp_init(_ERRNO | errno.EPERM)
    try:
        for name in always:
            _add(library, context, _ALLOW, name)
        for name, alternatives in conditions.items():
            for each in alternatives:
                _add(library, context, _ALLOW, name, each)
        # The flags of clone3 cannot be filtered; libc falls back to clone.
        _add(library, context, _ERRNO | errno.ENOSYS, "clone3")
        descriptor = os.memfd_create("filter")
        try:
            _checked_errno(library.seccomp_export_bpf(context, descriptor))
            return os.pread(descriptor, os.fstat(descriptor).st_size, 0)
        finally:
            os.close(descriptor)
    finally:
        library.seccomp_release(context)


def _add(library: ctypes.CDLL, context: int, action: int, name: str, conditions: Sequence[_Condition] = ()) -> None:
    number = library.seccomp_syscall_resolve_name(name.encode())
    if number < 0:  # of another architecture, or younger than the library
        return
    compared = [_Comparison(each.argument, _MASKED_EQUAL, each.mask, each.value) for each in conditions]
    array = (_Comparison * len(compared))(*compared)
    _checked_errno(library.seccomp_rule_add_array(context, action, number, len(compared), array))


def _checked_errno(result: int) -> None:
    """Raise OSError for a negative result of libseccomp, which is a negated errno."""
    if result < 0:
        raise OSError(-result, os.strerror(-result))


def load(instructions: bytes) -> None:
    """Filter the calls of this thread and its children. It needs no_new_privs. Raises OSError."""
    buffer = ctypes.create_string_buffer(instructions, len(instructions))
    program = _Program(len(instructions) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    check_result(libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0))
