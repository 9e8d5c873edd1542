"""Limits how many file checks run at once: each check is a process that may run until its timeout.

The limit holds per host across all web processes, plus one check per user. A slot is a file lock, which the kernel
releases when its process dies.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from django.conf import settings

from webapp.accounts.models import User
from webapp.core import paths
from webapp.core.errors import RequestError, WebCode
from webapp.storage import media

MAX_CONCURRENT = 2
WAIT_SECONDS, POLL_SECONDS = 2.0, 0.05

_threads = threading.BoundedSemaphore(settings.WEB_THREADS // 4)  # of this web process, running or waiting


@contextmanager
def check_slot(*, owner: User) -> Iterator[None]:
    """Hold a slot while the block checks files. Raises RequestError(CHECKS_BUSY) if none becomes free in time."""
    if not _threads.acquire(blocking=False):
        raise _busy()
    try:
        with _acquire(owner):
            yield
    finally:
        _threads.release()


def _acquire(owner: User) -> ExitStack:
    """The locks of one slot. Raises RequestError(CHECKS_BUSY)."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        with ExitStack() as locks:
            if _try_lock(locks, f"person-{owner.pk}") and any(
                _try_lock(locks, f"place-{slot}") for slot in range(MAX_CONCURRENT)
            ):
                return locks.pop_all()
        if time.monotonic() > deadline:
            raise _busy()
        time.sleep(POLL_SECONDS)


def _try_lock(locks: ExitStack, name: str) -> bool:
    path = paths.make_private_dir(Path(settings.DATA_DIR) / "checks") / name
    path.touch(mode=0o600)
    try:
        locks.enter_context(media.lock_partial(path))
    except BlockingIOError:
        return False
    return True


def _busy() -> RequestError:
    return RequestError(
        WebCode.CHECKS_BUSY,
        "The server is checking other files. Send the request again in a moment: files that were sent in parts are "
        "still there.",
    )
