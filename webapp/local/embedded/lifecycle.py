"""Starts the embedded servers for a process that uses them, and waits for their end."""

import fcntl
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from webapp.core import paths

START_SECONDS = 180  # The first start creates the database's files.


class EmbeddedError(Exception):
    """The embedded servers cannot run here. The text gives the reason in one line."""


def is_needed() -> bool:
    """Whether DATABASE_URL or REDIS_URL is not set."""
    return not all(os.environ.get(name) or os.environ.get(f"{name}_FILE") for name in ("DATABASE_URL", "REDIS_URL"))


@contextmanager
def servers_running(place: Path | None = None) -> Iterator[None]:
    """Keep the servers of the data directory `place` (default: EMOTRACE_DATA_DIR) running inside the block.

    Does nothing where DATABASE_URL and REDIS_URL are set. Raises EmbeddedError if the servers do not start.
    """
    if not is_needed():
        yield
        return
    place = place or paths.data_dir()
    with _open_users_lock(place) as users:
        # Waits while a supervisor without users shuts down.
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            _start(place)
            yield
        finally:
            fcntl.flock(users, fcntl.LOCK_UN)
            _await_stop(place)


def _open_users_lock(place: Path) -> IO[str]:
    try:
        return (paths.make_private_dir(place) / "users.lock").open("w")
    except OSError as error:
        raise EmbeddedError(f"EMOTRACE_DATA_DIR: {place} cannot be written to ({error.strerror})") from None


def restart_if_dead() -> None:
    """Start the servers again after a crash of their supervisor, which restarts single servers itself.

    Call it inside `servers_running`. Raises EmbeddedError.
    """
    if is_needed() and _try_lock(paths.data_dir() / "keeper.lock", fcntl.LOCK_EX):
        _start(paths.data_dir())


def _start(place: Path) -> None:
    log = paths.make_private_dir(place / "log") / "embedded.log"
    deadline = time.monotonic() + START_SECONDS
    supervisor: subprocess.Popen[bytes] | None = None
    while not is_answering(place):
        # Another process's supervisor may be starting or stopping: a second one waits for its lock.
        if supervisor is None:
            with log.open("ab") as output:
                supervisor = subprocess.Popen(
                    [sys.executable, "-m", "webapp.local.embedded.supervisor"],
                    cwd=paths.PROJECT,
                    env={**os.environ, "EMOTRACE_DATA_DIR": str(place)},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,  # Ctrl-C reaches the commands only, which then release the lock.
                )
        elif supervisor.poll() == 0:
            supervisor = None  # another supervisor was running; it may have ended since
        elif supervisor.poll():
            raise EmbeddedError(f"The embedded servers did not start: {last_line(log)} (see {log})")
        elif time.monotonic() > deadline:
            raise EmbeddedError(f"The embedded servers did not answer within {START_SECONDS} s (see {log})")
        time.sleep(0.1)


def _await_stop(place: Path) -> None:
    """Return once the servers have stopped, at once where somebody else still needs them."""
    while not _try_lock(place / "keeper.lock", fcntl.LOCK_EX):
        # While it stops the servers, the supervisor holds the users' lock exclusively.
        if _try_lock(place / "users.lock", fcntl.LOCK_SH) and not _try_lock(place / "users.lock", fcntl.LOCK_EX):
            return
        time.sleep(0.1)


def _try_lock(path: Path, how: int) -> bool:
    with path.open("w") as file:
        try:
            fcntl.flock(file, how | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def is_answering(place: Path) -> bool:
    """Whether both servers answer."""
    return _redis_is_answering(place) and _postgres_is_answering(place)


def _redis_is_answering(place: Path) -> bool:
    path = paths.socket_dir(place) / "redis" / "redis.sock"
    with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(str(path))
        client.sendall(b"PING\r\n")
        return client.recv(16).startswith(b"+PONG")
    return False


def _postgres_is_answering(place: Path) -> bool:
    import psycopg2

    try:
        psycopg2.connect(paths.embedded_database_url(place), connect_timeout=5).close()
    except psycopg2.OperationalError:
        return False
    return True


def last_line(log: Path) -> str:
    """The last line of a log, where a server or the supervisor reports why it ended."""
    lines = log.read_text(errors="replace").splitlines()
    return lines[-1] if lines else "it said nothing"
