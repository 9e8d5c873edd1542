"""What tests of real processes share: starting the application's own commands and waiting for what they do."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import psutil

from webapp.core import paths
from webapp.local.embedded.server import die_with_parent

PATIENCE_SECONDS = 400


def eventually(true: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> bool:
    """Whether something comes true in time. The time is a limit, not a measurement."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@contextmanager
def python(arguments: Sequence[str], environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A Python process of the project, killed if it still runs at the end; what it started has to follow by itself."""
    ours = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "PORT")}
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=paths.PROJECT,
        env={**ours, "DJANGO_SETTINGS_MODULE": "webapp.config.settings", "PYTHONUNBUFFERED": "1", **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent(signal.SIGKILL),  # a test run that is killed leaves none of them
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stderr is not None and not process.stderr.closed:
            sys.stderr.write(_left_in(process.stderr.fileno()))  # pytest shows it where a test fails
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def _left_in(pipe: int) -> str:
    """What can be read at once, not to its end: what the process started holds it open, if it wrongly still runs."""
    os.set_blocking(pipe, False)
    try:
        return os.read(pipe, 65536).decode(errors="replace")
    except BlockingIOError:
        return ""


def descendants(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def alive(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    """Those that run. A zombie whose new parent has not looked yet runs no more."""
    return [each for each in processes if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]
