"""Confinement of a process that opens an uploaded file: that file, some memory and time, nothing else.

`prepare_confinement` does the work that depends on the system; `Confinement.enter` only makes system calls, as is
necessary between fork and exec in a process with threads. After it, the process

- opens the permitted files only (Landlock),
- makes the system calls of decoding and encoding only: none that reaches a socket, another process, a mount or a
  namespace, none that starts a process, save ffmpeg itself (seccomp),
- has no capability, none of its parent's descriptors, and limits on memory, processor time and what it writes,
- is alone on a network without any way out, where the system allows that, and dies with its parent.
"""

import ctypes
import os
import resource
import signal
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from inference.sandbox import landlock, seccomp
from inference.sandbox.libc import check_result, libc

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_CAPABILITY_VERSION = 0x20080522

_SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/sys/devices/system/cpu")
_DEVICES = ("/dev/null", "/dev/urandom")
_HARDWARE = ("/sys/dev/char", "/sys/devices", "/proc/devices", "/proc/driver/nvidia")  # what drivers look up
_LOADERS = ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1", "/lib/ld-musl-x86_64.so.1")
_FONTS = ("/etc/fonts", "/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/fontconfig")
PROTECTIONS = ("landlock", "seccomp")


class SandboxError(OSError):
    """The system lacks a protection, and EMOTRACE_SANDBOX_WITHOUT does not name it."""


@dataclass(frozen=True)
class Permissions:
    """What a process may use and open.

    `memory` is the address space and `written` the longest file to write, in bytes; `cpu_s` is processor time in
    seconds. `program` is the only file to execute; without it the process may only read. `devices` are the device files
    of a program that encodes by hardware; `memory` is then what it may write to, because drivers reserve far more.
    """

    memory: int
    written: int
    cpu_s: int
    read: Sequence[Path] = ()
    write: Sequence[Path] = ()
    program: Path | None = None
    devices: Sequence[Path] = ()


@cache
def missing_protections() -> tuple[str, ...]:
    """Return which of PROTECTIONS the system lacks."""
    offered = (landlock.abi_version() > 0, seccomp.available())
    return tuple(name for name, is_there in zip(PROTECTIONS, offered, strict=True) if not is_there)


def require_protections() -> None:
    """Raise SandboxError where the system lacks a protection that EMOTRACE_SANDBOX_WITHOUT does not name."""
    allowed = {name.strip() for name in os.environ.get("EMOTRACE_SANDBOX_WITHOUT", "").split(",")}
    if missing := [name for name in missing_protections() if name not in allowed]:
        raise SandboxError(
            f"This system offers no {' and no '.join(missing)} to confine the readers of uploaded files. Use Linux "
            f"5.13 or later with libseccomp, or set EMOTRACE_SANDBOX_WITHOUT={','.join(missing)} to "
            "read files without."
        )


def minimal_environment() -> dict[str, str]:
    """Return the part of the environment that a confined process gets: library paths, no secrets."""
    return {name: value for name, value in os.environ.items() if name == "LD_LIBRARY_PATH"}


@dataclass(frozen=True)
class Confinement:
    """A prepared confinement. `ruleset` is a descriptor, None without Landlock; `calls` is a filter, or empty."""

    allowed: Permissions
    parent: int
    ruleset: int | None
    calls: bytes

    def enter(self, kept: Iterable[int] | None = None) -> None:
        """Confine this process and close all descriptors but `kept`, if those are named. Raises OSError."""
        # Root can unshare the network at once, other users in a user namespace.
        if libc.unshare(_CLONE_NEWNET) != 0:
            libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != self.parent:
            os._exit(1)
        with suppress(OSError):  # out of memory, this process is killed first
            Path("/proc/self/oom_score_adj").write_text("1000")
        _limit(resource.RLIMIT_DATA if self.allowed.devices else resource.RLIMIT_AS, self.allowed.memory)
        _limit(resource.RLIMIT_FSIZE, self.allowed.written)
        _limit(resource.RLIMIT_CPU, self.allowed.cpu_s)
        _limit(resource.RLIMIT_CORE, 0)
        _drop_capabilities()
        check_result(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        if self.ruleset is not None:
            landlock.restrict_self(self.ruleset)
        if kept is not None:
            _close_all_but(kept)
        if self.calls:
            seccomp.load(self.calls)

    def close(self) -> None:
        """Close the ruleset in the process that prepared it."""
        if self.ruleset is not None:
            os.close(self.ruleset)


def prepare_confinement(allowed: Permissions, parent: int) -> Confinement:
    """Prepare the confinement of a child of `parent`. Raises OSError."""
    ruleset = None if "landlock" in missing_protections() else landlock.create_ruleset(_path_rights(allowed))
    if "seccomp" in missing_protections():
        return Confinement(allowed, parent, ruleset, b"")
    filtered = seccomp.encoding(devices=bool(allowed.devices)) if allowed.program else seccomp.reading()
    return Confinement(allowed, parent, ruleset, filtered)


def _path_rights(allowed: Permissions) -> Iterator[tuple[Path, int]]:
    for path in (*_library_paths(), *map(Path, _DEVICES), *allowed.read):
        yield path, landlock.READ
    for path in allowed.write:
        yield path, landlock.WRITE
    if allowed.program:
        for path in (allowed.program, *map(Path, _LOADERS)):
            yield path, landlock.READ | landlock.EXECUTE
        for path in map(Path, _FONTS):
            yield path, landlock.READ
    if allowed.devices:
        for path in allowed.devices:
            yield path, landlock.WRITE | landlock.IOCTL_DEV
        for path in map(Path, _HARDWARE):
            yield path, landlock.READ


@cache
def _library_paths() -> tuple[Path, ...]:
    """Return the folders of Python and its packages, without the project's own folder, which holds data."""
    python = (str(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    linked = [part for part in os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep) if part]
    shared = f"{sys.base_prefix}/lib"
    return tuple(Path(name) for name in (*_SYSTEM, *python, *linked, shared, str(Path(__file__).parents[1])))


def _drop_capabilities() -> None:
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    check_result(libc.capset(header, (ctypes.c_uint32 * 6)()))


def _close_all_but(kept: Iterable[int]) -> None:
    first = 0
    for descriptor in sorted(kept):
        os.closerange(first, descriptor)
        first = descriptor + 1
    os.closerange(first, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _limit(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (most, most))
