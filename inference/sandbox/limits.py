"""What a process that opens a stranger's file is left with: that file, some memory and time, and nothing else.

`prepare` looks up what depends on the system, in a process that may take its time; `Confinement.enter` then only
makes system calls, as it has to between fork and exec among threads. After it, the process

- opens the files that it was allowed and no others (Landlock),
- makes the system calls that reading and encoding take: none that reaches a socket, another process, a mount or a
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
_LOADERS = ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1", "/lib/ld-musl-x86_64.so.1")
_FONTS = ("/etc/fonts", "/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/fontconfig")


class SandboxError(OSError):
    """The system lacks what strangers' files are confined by, and the operator did not allow to do without."""


@dataclass(frozen=True)
class Permissions:
    """Address space and the longest file that may be written, in bytes; processor time in seconds; what may be opened.

    `program` is what may be executed; without it the process may only read.
    """

    memory: int
    written: int
    cpu_s: int
    read: Sequence[Path] = ()
    write: Sequence[Path] = ()
    program: Path | None = None


@cache
def missing_protections() -> tuple[str, ...]:
    """Which of `landlock` and `seccomp` the system does not offer."""
    offered = {"landlock": landlock.abi_version() > 0, "seccomp": seccomp.available()}
    return tuple(name for name, is_there in offered.items() if not is_there)


def require_protections() -> None:
    """Raise SandboxError where the system lacks a protection that the operator does not do without."""
    allowed = {name.strip() for name in os.environ.get("EMOTRACE_SANDBOX_WITHOUT", "").split(",")}
    if missing := [name for name in missing_protections() if name not in allowed]:
        raise SandboxError(
            f"This system offers no {' and no '.join(missing)} to confine the readers of uploaded files. Use Linux "
            f"5.13 or later with libseccomp, or set EMOTRACE_SANDBOX_WITHOUT={','.join(missing)} to "
            "read files without."
        )


def minimal_environment() -> dict[str, str]:
    """Of this process's environment, with its secrets, what a confined one is given: where libraries lie."""
    return {name: value for name, value in os.environ.items() if name == "LD_LIBRARY_PATH"}


@dataclass(frozen=True)
class Confinement:
    """What `prepare` made. `ruleset` is a descriptor, None without Landlock; `calls` is a filter, or empty."""

    allowed: Permissions
    parent: int
    ruleset: int | None
    calls: bytes

    def enter(self, kept: Iterable[int] | None = None) -> None:
        """Confine this process; of its descriptors only `kept` stay open, where they are named. Raises OSError."""
        # Root may have a network of its own, and everybody who may have a user namespace.
        if libc.unshare(_CLONE_NEWNET) != 0:
            libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != self.parent:
            os._exit(1)
        with suppress(OSError):  # where memory runs out, this process goes first
            Path("/proc/self/oom_score_adj").write_text("1000")
        _limit(resource.RLIMIT_AS, self.allowed.memory)
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
        """Give up what `prepare` opened, in the process that prepared it."""
        if self.ruleset is not None:
            os.close(self.ruleset)


def prepare_confinement(allowed: Permissions, parent: int) -> Confinement:
    """Make the confinement of a child of `parent`. Raises OSError."""
    ruleset = None if "landlock" in missing_protections() else landlock.create_ruleset(_path_rights(allowed))
    filtered = seccomp.encoding if allowed.program else seccomp.reading
    return Confinement(allowed, parent, ruleset, b"" if "seccomp" in missing_protections() else filtered())


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


@cache
def _library_paths() -> tuple[Path, ...]:
    """Where Python and the packages are that readers use. The project's own folder, with its data, is none of it."""
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
