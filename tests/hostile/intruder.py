"""All that a reader would try which a hostile file has taken over.

`main` tries it in the sandbox, as whoever runs it, and prints what succeeded. The folder that is its argument holds
`input`, which may be read, and `private`, `socket` and `victim`, which may not be touched.
"""

import ctypes
import fcntl
import json
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from inference.sandbox.client import sandboxed

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWUSER, _CLONE_NEWNS = 0x10000000, 0x00020000
_PTRACE_ATTACH = 16
_PROCESS_VM_READV, _IO_URING_SETUP, _BPF, _PIDFD_OPEN = 310, 425, 321, 434


def _called(result: int) -> None:
    if result < 0:
        raise OSError(number := ctypes.get_errno(), os.strerror(number))


def _connect(family: int, kind: int, address: Any) -> None:
    with socket.socket(family, kind) as client:
        client.settimeout(1)
        if kind == socket.SOCK_DGRAM:
            client.sendto(b"x", address)
        else:
            client.connect(address)


def _read_memory(pid: int) -> None:
    local, remote = ctypes.create_string_buffer(8), (ctypes.c_size_t * 2)(id(_libc), 8)
    here = (ctypes.c_size_t * 2)(ctypes.addressof(local), 8)
    _called(_libc.syscall(_PROCESS_VM_READV, pid, here, 1, remote, 1, 0))


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _foreign_descriptors() -> None:
    """Whether anything is open but the two outputs and the wire."""
    found = []
    for descriptor in range(1024):
        with suppress(OSError):
            fcntl.fcntl(descriptor, fcntl.F_GETFD)
            found.append(descriptor)
    if len(found) <= 3:
        raise PermissionError(f"only {found}")


def _names(values: object) -> None:
    if not values:
        raise PermissionError("nothing")


def deeds(file: Path, folder: Path, listener: int, caller: int) -> Iterator[tuple[str, Callable[[], object]]]:
    """Each deed by name; it raises OSError where it is prevented."""
    private, victim = folder / "private", folder / "victim"
    yield "connect to a Unix socket", lambda: _connect(socket.AF_UNIX, socket.SOCK_STREAM, str(folder / "socket"))
    yield "connect over TCP", lambda: _connect(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", listener))
    yield "send over UDP", lambda: _connect(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", listener))
    yield "open a netlink socket", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()
    yield "make a pair of sockets", socket.socketpair
    yield "read a private file", private.read_bytes
    yield "read /etc/passwd", Path("/etc/passwd").read_bytes
    yield "list a folder", lambda: list(folder.iterdir())
    yield "read the caller's environment", Path(f"/proc/{caller}/environ").read_bytes
    yield "open the caller's memory", lambda: os.close(os.open(f"/proc/{caller}/mem", os.O_RDONLY))
    yield "read the caller's memory", lambda: _read_memory(caller)
    yield "trace the caller", lambda: _called(_libc.ptrace(_PTRACE_ATTACH, caller, 0, 0))
    yield "signal the caller", lambda: os.kill(caller, 0)
    yield "open the caller as a descriptor", lambda: _called(_libc.syscall(_PIDFD_OPEN, caller, 0))
    yield "see a secret in the environment", lambda: _names([name for name in os.environ if "SECRET" in name])
    yield "find open descriptors", _foreign_descriptors
    yield "make a file", lambda: (folder / "new").write_bytes(b"")
    yield "make a file in /tmp", lambda: Path(f"/tmp/emotrace-intruder-{os.getpid()}").touch()
    yield "change a file", lambda: victim.open("ab").write(b"x")
    yield "change the input", lambda: file.open("r+b").write(b"x")
    yield "truncate a file", lambda: os.truncate(victim, 0)
    yield "truncate a file by opening it", lambda: os.close(os.open(file, os.O_RDONLY | os.O_TRUNC))
    yield "delete a file", victim.unlink
    yield "rename a file", lambda: victim.rename(folder / "renamed")
    yield "make a folder", lambda: (folder / "made").mkdir()
    yield "link to a file", lambda: (folder / "link").symlink_to(private)
    yield "link a file hard", lambda: os.link(file, folder / "hard")
    yield "change a file's mode", lambda: file.chmod(0o777)
    yield "change a file's times", lambda: os.utime(file, (0, 0))
    yield "give a file an attribute", lambda: os.setxattr(file, "user.x", b"x")
    yield "leave the process group", lambda: os.setpgid(0, 0)
    yield "leave the session", os.setsid
    yield "fork", _fork
    yield "start a program", lambda: os.posix_spawn("/bin/true", ["true"], {})
    yield "become a program", lambda: os.execv("/bin/true", ["true"])  # noqa: S606
    yield "make namespaces", lambda: _called(_libc.unshare(_CLONE_NEWUSER))
    yield "make a mount namespace", lambda: _called(_libc.unshare(_CLONE_NEWNS))
    yield "mount", lambda: _called(_libc.mount(b"none", b"/mnt", b"tmpfs", 0, None))
    yield "change the root", lambda: os.chroot("/tmp")
    yield "become another user", lambda: os.setuid(12345)
    yield "set up io_uring", lambda: _called(_libc.syscall(_IO_URING_SETUP, 1, ctypes.create_string_buffer(120)))
    yield "load a BPF program", lambda: _called(_libc.syscall(_BPF, 0, None, 0))
    yield "raise its limits", lambda: resource.prlimit(0, resource.RLIMIT_FSIZE, (1 << 30, 1 << 30))
    yield "type into a terminal", lambda: fcntl.ioctl(1, 0x5412, b"x")


@sandboxed()
def tried(file: Path, folder: str, listener: int, caller: int) -> tuple[str, ...]:
    """The names of the deeds that succeeded."""
    assert file.read_bytes() == b"read me"
    (thread := threading.Thread(target=os.getpid)).start()
    thread.join()
    done = []
    for name, deed in deeds(file, Path(folder), listener, caller):
        with suppress(OSError, ValueError):  # what Python itself makes of a limit that may not be raised
            deed()
            done.append(name)
    return tuple(done)


def main() -> None:
    folder = Path(sys.argv[1])
    signal.alarm(60)
    with socket.socket() as heard:
        heard.bind(("127.0.0.1", 0))
        heard.listen()
        print(json.dumps(tried(folder / "input", str(folder), heard.getsockname()[1], os.getpid())))  # noqa: T201
