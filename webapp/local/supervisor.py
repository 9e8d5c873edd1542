"""Runs processes in the foreground, restarts those that end, and stops all of them at the end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

from webapp.core import paths
from webapp.local.embedded.server import die_with_parent

POLL_SECONDS = 0.25
GRACE_SECONDS = 8
LONGEST_PAUSE_SECONDS = 30
STEADY_SECONDS = 60


@dataclass
class ChildProcess:
    """One process to run. `orphaned` is the signal it gets when the supervisor is killed.

    Its output is appended to `log`, or goes to the supervisor's own output.
    """

    name: str
    command: Sequence[str]
    orphaned: signal.Signals = signal.SIGTERM
    environment: Mapping[str, str] = field(default_factory=dict)
    pass_fds: tuple[int, ...] = ()
    log: Path | None = None
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    pause: float = 1.0

    def start(self) -> None:
        with self.log.open("ab") if self.log else nullcontext() as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=paths.PROJECT,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=self.pass_fds,
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, and a group can be killed whole.
                preexec_fn=die_with_parent(self.orphaned),
            )
        self.started_at = time.monotonic()

    def ensure_running(self) -> None:
        """Start the process, or restart it after a pause that grows while it keeps ending early."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.start_at:
                self.start()
            return
        if (code := self.process.poll()) is None:
            return
        self.kill_group()
        if now - self.started_at > STEADY_SECONDS:
            self.pause = 1.0
        print(f"{self.name} ended ({_describe_exit(code)}), starting it again", file=sys.stderr, flush=True)
        self.process, self.start_at = None, now + self.pause
        self.pause = min(2 * self.pause, LONGEST_PAUSE_SECONDS)

    def kill_group(self) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


def _describe_exit(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


class Supervisor:
    """Runs child processes until it is stopped."""

    def __init__(
        self,
        children: Sequence[ChildProcess],
        watch: Callable[[], None],
        is_ready: Callable[[], bool],
        announce: Callable[[], None],
    ) -> None:
        """`watch` is called every 5 s while the children run, `announce` once: when `is_ready`, or at the end."""
        self.children = children
        self.watch = watch
        self.is_ready = is_ready
        self.announce = announce
        self.stopping = False

    def run(self) -> None:
        """Run until SIGINT or SIGTERM, then stop every child and return."""
        for which in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(which, self._stop)
        try:
            next_watch, announced = time.monotonic(), False
            while not self.stopping:
                for child in self.children:
                    child.ensure_running()
                if not announced and self.is_ready():
                    announced = True
                    self.announce()
                if time.monotonic() >= next_watch:
                    self.watch()
                    next_watch = time.monotonic() + 5
                time.sleep(POLL_SECONDS)
            if not announced:
                self.announce()
        finally:
            self._end()

    def _stop(self, *_: object) -> None:
        self.stopping = True

    def _end(self) -> None:
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
        # A worker does not finish its analysis: the reaper continues it from its row.
        for child in self.children:
            child.kill_group()
        for process in running:
            process.wait()
