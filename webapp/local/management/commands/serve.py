"""Runs web, workers, reaper and, where needed, the embedded servers in the foreground."""

import os
import shutil
import signal
import socket
import sys
from argparse import ArgumentParser
from dataclasses import replace
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from webapp.accounts.first_password import sign_in_hint
from webapp.core import paths
from webapp.local import embedded
from webapp.local.bootstrap import prepare_installation
from webapp.local.supervisor import ChildProcess, Supervisor

HOST = "127.0.0.1"
LOG_BYTES = 10 * 2**20


class Command(BaseCommand):
    help = f"Run web, workers and reaper on {HOST}:PORT until Ctrl-C. Data is kept under EMOTRACE_DATA_DIR."
    requires_system_checks: list[str] = []  # migrate runs them, once the database answers

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=settings.PORT)

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        with _listen(port) as listener:
            try:
                with embedded.servers_running():
                    prepare_installation()
                    log = _open_log()
                    self.stdout.write(f"Emotrace runs on http://{HOST}:{port}/ (Ctrl-C stops it)")
                    self.stdout.write(f"Requests and analyses are logged in {log}")
                    self.stdout.flush()
                    Supervisor(
                        children(listener, log),
                        self._restart_servers,
                        lambda: _is_ready(port),
                        self._print_sign_in_hint,
                    ).run()
            except embedded.EmbeddedError as error:
                raise CommandError(str(error)) from None
        self.stdout.write(f"Stopped. Data is kept in {settings.DATA_DIR}")

    def _restart_servers(self) -> None:
        try:
            embedded.restart_if_dead()
        except embedded.EmbeddedError as error:  # such as a full disk: the next round tries again
            self.stderr.write(str(error))

    def _print_sign_in_hint(self) -> None:
        if words := sign_in_hint():
            self.stdout.write(words)
            self.stdout.flush()


def _open_log() -> Path:
    """The log of web, workers and reaper; a large one of an earlier start is rotated."""
    path = paths.make_private_dir(paths.data_dir() / "log") / "serve.log"
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_suffix(".1.log"))
    path.touch(mode=0o600)
    return path


def _is_ready(port: int) -> bool:
    try:
        with urlopen(f"http://{HOST}:{port}/readyz", timeout=0.5) as answer:  # an address of our own
            return bool(answer.status == HTTPStatus.OK)
    except (OSError, HTTPException):
        return False


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise CommandError(f"Port {port} cannot be used ({error.strerror}): set PORT to another one") from None
    # gunicorn inherits the bound socket, so that a restarted web process keeps the port.
    listener.listen(64)
    listener.set_inheritable(True)
    return listener


def children(listener: socket.socket, log: Path) -> list[ChildProcess]:
    """Web on `listener`, a worker for each queue, and the reaper, which write to `log`."""
    manage = Path(settings.BASE_DIR) / "manage.py"
    web = [
        *(sys.executable, "-m", "gunicorn", "--config", "python:webapp.config.gunicorn"),
        *("--bind", f"fd://{listener.fileno()}"),
        *("--graceful-timeout", "3"),
        *("--log-level", "warning"),
    ]
    found = [
        ChildProcess("web", web, pass_fds=(listener.fileno(),)),
        worker(settings.INFERENCE_QUEUE),
        worker(settings.RENDER_QUEUE),
        # Receivers may be slow; threads keep them from blocking one another.
        worker(settings.WEBHOOK_QUEUE, "--pool", "threads", "--concurrency", "8"),
        ChildProcess("reaper", [sys.executable, str(manage), "reap", "--every", "15"]),
    ]
    shared = {"PROMETHEUS_MULTIPROC_DIR": str(_fresh_metrics_dir())}
    return [replace(child, log=log, environment={**child.environment, **shared}) for child in found]


def _fresh_metrics_dir() -> Path:
    """The directory where the processes share their metrics; values of an earlier start are deleted."""
    directory = paths.data_dir() / "metrics"
    shutil.rmtree(directory, ignore_errors=True)
    return paths.make_private_dir(directory)


def worker(queue: str, *pool: str) -> ChildProcess:
    """A worker of one queue, in a single process: nothing is forked after torch is loaded."""
    command = [
        *(sys.executable, "-m", "celery", "--app", "webapp.config", "--quiet", "worker"),
        *("--queues", queue),
        *("--hostname", f"{queue}-{os.getpid()}@%h"),
        *(pool or ("--pool", "solo")),
        *("--loglevel", "info"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]
    environment = {
        "OPENBLAS_NUM_THREADS": "1",  # BLAS threads beside torch's cost 28 % CPU.
        # Celery warns root of pickled messages; these are JSON.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
    }
    return ChildProcess(f"{queue} worker", command, signal.SIGKILL, environment)
