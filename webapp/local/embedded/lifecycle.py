"""The way to the embedded servers for a process that uses them."""

import fcntl
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from webapp.core import paths

START_SECONDS = 180  # The first start creates the database's files, on a machine that may be busy.


class EmbeddedError(Exception):
    """The embedded servers cannot run here. The text says why, in one line."""


def is_needed() -> bool:
    """Whether any server is not one of the operator's own."""
    return not all(os.environ.get(name) or os.environ.get(f"{name}_FILE") for name in ("DATABASE_URL", "REDIS_URL"))


@contextmanager
def servers_running(place: Path | None = None) -> Iterator[None]:
    """Keep the servers of `place` (default: EMOTRACE_DATA_DIR) running while inside.

    Does nothing where DATABASE_URL and REDIS_URL name servers of one's own. Raises EmbeddedError
    if the servers do not come up.
    """
    if not is_needed():
        yield
        return
    place = place or paths.data_dir()
    with (paths.make_private_dir(place) / "users.lock").open("w") as users:
        # Waits here for as long as a keeper that nobody needed any more shuts down.
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            _start(place)
            yield
        finally:
            fcntl.flock(users, fcntl.LOCK_UN)
            _await_stop(place)


def restart_if_dead() -> None:
    """Start the servers again where a crash has taken their keeper. Call it while attached.

    While it lives it starts what dies of them by itself; one that hangs is left to answer again. Raises EmbeddedError.
    """
    if is_needed() and _try_lock(paths.data_dir() / "keeper.lock", fcntl.LOCK_EX):
        _start(paths.data_dir())


def _start(place: Path) -> None:
    log = paths.make_private_dir(place / "log") / "embedded.log"
    deadline = time.monotonic() + START_SECONDS
    keeper: subprocess.Popen[bytes] | None = None
    while not is_answering(place):
        # A keeper of somebody else may be starting or dying just now: a second one waits its turn.
        if keeper is None:
            with log.open("ab") as output:
                keeper = subprocess.Popen(
                    [sys.executable, "-m", "webapp.local.embedded.supervisor"],
                    cwd=paths.PROJECT,
                    env={**os.environ, "EMOTRACE_DATA_DIR": str(place)},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,  # Ctrl-C is for the commands, which then let go.
                )
        elif keeper.poll() == 0:
            keeper = None  # it found another one at work, which has to be replaced if it has died since
        elif keeper.poll():
            raise EmbeddedError(f"The embedded servers did not start: {last_line(log)} (see {log})")
        elif time.monotonic() > deadline:
            raise EmbeddedError(f"The embedded servers did not answer within {START_SECONDS} s (see {log})")
        time.sleep(0.1)


def _await_stop(place: Path) -> None:
    """Return once the servers have stopped, at once where somebody else still needs them."""
    while not _try_lock(place / "keeper.lock", fcntl.LOCK_EX):
        # While it stops the servers, the keeper holds the users' lock against everybody.
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
    """Whether both servers take work."""
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
    """Where a server or its keeper says why it ended."""
    lines = log.read_text(errors="replace").splitlines()
    return lines[-1] if lines else "it said nothing"
