"""The base of the embedded servers: a child process that dies with its parent."""

import ctypes
import os
import pwd
import shutil
import signal
import stat
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from webapp.core import paths
from webapp.local.embedded.lifecycle import EmbeddedError

STOP_SECONDS = 30
PR_SET_PDEATHSIG = 1


def die_with_parent(how: signal.Signals) -> Callable[[], None]:
    """A subprocess `preexec_fn`, made by the parent: the kernel sends `how` to the child when its parent is gone."""
    libc, parent = ctypes.CDLL(None), os.getpid()

    def ask() -> None:
        libc.prctl(PR_SET_PDEATHSIG, how)
        if os.getppid() != parent:  # the parent ended before prctl
            os._exit(1)

    return ask


class Server(ABC):
    """One server. Subclasses define `name`, `stop_signal`, `command()` and may extend `prepare`."""

    name: str
    stop_signal: signal.Signals

    def __init__(self, place: Path, lock: int) -> None:
        self.place = place
        self.lock = lock
        self.log = place / "log" / f"{self.name}.log"
        self.data = place / self.name
        self.socket_directory = paths.socket_dir(place) / self.name
        self.user: pwd.struct_passwd | None = None  # None: the current user
        self.process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> list[str]:
        """The command line that starts the server in the foreground."""

    def prepare(self) -> None:
        """Create the server's private directories."""
        if not self.data.exists():
            self.data.mkdir(mode=0o700)
            self._own(self.data)
        self._prepare_socket_directory()

    def identity(self) -> dict[str, Any]:
        """The arguments that make a subprocess run as this server's user."""
        if self.user is None:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def _own(self, path: Path) -> None:
        if self.user is not None:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def _prepare_socket_directory(self) -> None:
        parent = self.socket_directory.parent
        # In /tmp another user may have created a directory of this name.
        parent.mkdir(mode=0o711, exist_ok=True)
        _require_private(parent, os.geteuid(), 0o022)
        if not self.socket_directory.exists():
            self.socket_directory.mkdir(mode=0o700)
            self._own(self.socket_directory)
        _require_private(self.socket_directory, self.user.pw_uid if self.user else os.geteuid(), 0o077)

    def start(self) -> None:
        paths.make_private_dir(self.log.parent)
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command(),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(self.lock,),
                start_new_session=True,
                **self.identity(),
                preexec_fn=die_with_parent(self.stop_signal),
            )

    def has_died(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.socket_directory, ignore_errors=True)
        with suppress(OSError):  # the other server's sockets may still be there
            self.socket_directory.parent.rmdir()


def _require_private(directory: Path, owner: int, forbidden: int) -> None:
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or stat.S_IMODE(found.st_mode) & forbidden:
        raise EmbeddedError(f"{directory} is not a private directory of its user: remove it and start again")
