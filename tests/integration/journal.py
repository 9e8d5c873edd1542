"""What processes write while they run."""

import json
import subprocess
from threading import Thread
from typing import Any


class Journal:
    """What processes write to stderr, read along so that no pipe is ever full."""

    def __init__(self) -> None:
        self._written: list[str] = []
        self._running: list[tuple[subprocess.Popen[str], Thread]] = []

    def keep(self, process: subprocess.Popen[str]) -> subprocess.Popen[str]:
        assert process.stderr is not None
        thread = Thread(target=self._written.extend, args=[process.stderr], daemon=True)
        thread.start()
        self._running.append((process, thread))
        return process

    def close(self) -> None:
        """Stop the processes: all is written then."""
        for process, _ in self._running:
            process.terminate()
        for process, thread in self._running:
            process.wait(60)
            thread.join(60)

    @property
    def text(self) -> str:
        return "".join(self._written)

    def of(self, request_id: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self._written]
        return [line for line in lines if line.get("request_id") == request_id]
