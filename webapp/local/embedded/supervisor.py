"""The process that runs the embedded servers while any process holds `users.lock`.

`servers_running` starts it as `python -m webapp.local.embedded.supervisor`. The servers inherit `keeper.lock`, so that
acquiring it proves that no server of an earlier supervisor is left.
"""

import fcntl
import sys
import time
from pathlib import Path
from typing import IO

from webapp.core import paths
from webapp.local.embedded.lifecycle import START_SECONDS, EmbeddedError, is_answering
from webapp.local.embedded.postgres import Postgres
from webapp.local.embedded.redis import Redis
from webapp.local.embedded.running import register
from webapp.local.embedded.server import Server

POLL_SECONDS = 0.25


def _acquire_lock(place: Path, lock: IO[str]) -> bool:
    """Acquire the supervisor's lock; False where another supervisor is running."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if is_answering(place):
                return False
        if time.monotonic() > deadline:
            raise EmbeddedError("servers of an earlier start are still running and do not answer")
        time.sleep(POLL_SECONDS)


def _is_unused(users: IO[str]) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def run_servers(place: Path) -> None:
    """Run both servers until no process uses them. Raises EmbeddedError if they cannot start."""
    with (place / "keeper.lock").open("w") as lock, (place / "users.lock").open("w") as users:
        if not _acquire_lock(place, lock):
            return
        servers: list[Server] = []
        try:
            kinds: tuple[type[Server], ...] = (Postgres, Redis)
            for kind in kinds:
                server = kind(place, lock.fileno())
                server.prepare()
                servers.append(server)
                server.start()
            with register(place):
                while not _is_unused(users):
                    for server in servers:
                        if server.has_died():
                            server.start()
                    time.sleep(POLL_SECONDS)
        finally:
            for server in servers:
                server.stop()


if __name__ == "__main__":
    try:
        run_servers(paths.data_dir())
    except EmbeddedError as error:
        sys.exit(f"{error}")
