"""A web server of the application that can be killed and started again at its address."""

import os
import signal
import socket
import subprocess
from contextlib import closing

import requests

from tests.conftest import Start
from tests.integration.processes import eventually


class Web:
    def __init__(self, process: Start, **environment: str) -> None:
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}"
        self._process, self._environment = process, environment
        self.start()

    def start(self) -> None:
        listens = f"--bind 127.0.0.1:{self.port}"
        self._running = self._process("web", GUNICORN_CMD_ARGS=listens, **self._environment)
        assert eventually(self._answers)

    def kill(self) -> None:
        """Master and worker at once, as a machine that loses its power."""
        family = subprocess.run(["pgrep", "-P", str(self._running.pid)], capture_output=True, text=True).stdout.split()
        for pid in (self._running.pid, *map(int, family)):
            os.kill(pid, signal.SIGKILL)
        assert eventually(lambda: not self._answers())

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.base}/healthz", timeout=5).ok
        except requests.RequestException:
            return False
