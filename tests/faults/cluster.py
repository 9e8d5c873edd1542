"""A cluster of workers and a reaper that outlasts one test, as in production: a process that dies is replaced."""

import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import redis
from django.conf import settings

from inference.hashing import sha256_file
from tests.conftest import Start, application
from tests.integration.processes import alive, descendants, eventually
from webapp.analyses.models import Analysis

LEASE_SECONDS = 4
SHORT_LEASE = {"EMOTRACE_LEASE_SECONDS": str(LEASE_SECONDS), "EMOTRACE_HEARTBEAT_SECONDS": "1"}
SILENT = {"EMOTRACE_LOG_LEVEL": "CRITICAL"}  # what they say in many runs would fill a pipe that nobody reads
STOP_SECONDS = 30
RECOVERY_SECONDS = 180  # the longest that anything may take after the end of a fault


class Cluster:
    def __init__(self, orders: Path, workers: int, environment: Mapping[str, str]) -> None:
        self._orders = orders
        self.terms = (workers, environment)
        self._running = ExitStack()
        start: Start = self._running.enter_context(application())
        environment = {**SHORT_LEASE, **SILENT, "TEST_ORDERS": str(orders), **environment}
        self.reaper = start("reaper", **environment)
        self._spawner = start("spawner", **environment)
        self.workers = [self._worker() for _ in range(workers)]
        self._families: list[psutil.Process] = []

    def _worker(self) -> psutil.Process:
        assert self._spawner.stdin is not None and self._spawner.stdout is not None
        self._spawner.stdin.write("one more\n")
        self._spawner.stdin.flush()
        answer = self._spawner.stdout.readline()
        assert answer, self._spawner.communicate()[1]
        return psutil.Process(int(answer))

    def stop(self) -> None:
        """End all processes. A worker that is about to die would still take the next test's message, and lose it."""
        self._running.close()
        assert eventually(lambda: not alive(self.workers), STOP_SECONDS)

    def order(self, place: str, *, jump_s: int | None = None) -> None:
        """The next worker that gets to `place` stops there, or has its clock jump there."""
        (self._orders / place).write_text("" if jump_s is None else str(jump_s))

    @contextmanager
    def broken(self, path: Path, way: str) -> Iterator[None]:
        """Whoever decodes the frames of a file meanwhile, in a process of its own, does "hang", "crash" or "eat"."""
        order = self._orders / f"{way}-{sha256_file(path)}"
        order.touch()
        yield
        order.unlink()

    def stopped(self, place: str) -> int:
        """The worker, by its process id, that has stopped at `place`."""
        assert eventually(lambda: any(self._orders.glob(f"{place}.*"))), f"no worker got to {place}"
        return int(next(self._orders.glob(f"{place}.*")).suffix[1:])

    def go_on(self, place: str) -> None:
        next(self._orders.glob(f"{place}.*")).unlink()

    def kill(self, pid: int) -> None:
        """End a worker without a warning; another one is started in its place."""
        self._families += descendants(pid)
        os.kill(pid, signal.SIGKILL)
        self.replace(pid)
        for taken in self._orders.glob(f"*.{pid}"):
            taken.unlink()

    def replace(self, pid: int) -> None:
        """Start a worker where one has ended or is about to."""
        place = next(place for place, worker in enumerate(self.workers) if worker.pid == pid)
        self.workers[place].wait(STOP_SECONDS)
        self.workers[place] = self._worker()

    def holds(self, messages: int) -> bool:
        """Whether nothing is queued, and workers have taken so many messages and not done with them."""
        queues = (settings.INFERENCE_QUEUE, settings.RENDER_QUEUE)
        server = redis.Redis.from_url(settings.REDIS_URL)
        return not any(map(server.llen, queues)) and server.hlen("unacked") == messages

    def recover(self) -> None:
        """Wait until every analysis has ended."""
        waiting = Analysis.objects.filter(status__in=Analysis.OPEN)
        deadline = time.monotonic() + RECOVERY_SECONDS
        while waiting.exists():
            assert time.monotonic() < deadline, list(waiting.values("status", "stage", "attempt", "dispatched_at"))
            time.sleep(0.05)

    def check(self) -> None:
        """Whoever was not killed runs, and of those that were nothing does."""
        assert self.reaper.poll() is None, "the reaper has ended"
        assert len(alive(self.workers)) == len(self.workers), "a worker has ended"
        assert eventually(lambda: not alive(self._families)), alive(self._families)
        self._families.clear()
        assert not any(self._orders.iterdir())
