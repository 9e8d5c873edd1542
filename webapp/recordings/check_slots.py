"""How many files are checked at once: each check is a process that may work for as long as it has patience.

A host checks so many, whichever web process was asked, and one for each person. Who holds a place holds a lock on a
file, which the kernel takes from a process that was killed.
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

AT_ONCE = 2
WAIT_SECONDS, POLL_SECONDS = 2.0, 0.05

_threads = threading.BoundedSemaphore(settings.WEB_THREADS // 4)  # of a web process, that check or wait to


@contextmanager
def checking(*, owner: User) -> Iterator[None]:
    """Check files within. Raises RequestError(CHECKS_BUSY) where no place becomes free soon."""
    if not _threads.acquire(blocking=False):
        raise _busy()
    try:
        with _place(owner):
            yield
    finally:
        _threads.release()


def _place(owner: User) -> ExitStack:
    """Locks to hold. Raises RequestError(CHECKS_BUSY)."""
    until = time.monotonic() + WAIT_SECONDS
    while True:
        with ExitStack() as locks:
            if _locked(locks, f"person-{owner.pk}") and any(_locked(locks, f"place-{each}") for each in range(AT_ONCE)):
                return locks.pop_all()
        if time.monotonic() > until:
            raise _busy()
        time.sleep(POLL_SECONDS)


def _locked(locks: ExitStack, name: str) -> bool:
    path = _files() / name
    path.touch(mode=0o600)
    try:
        locks.enter_context(media.lock_partial(path))
    except BlockingIOError:
        return False
    return True


def _files() -> Path:
    return paths.make_private_dir(Path(settings.VAR) / "checks")


def _busy() -> RequestError:
    return RequestError(
        WebCode.CHECKS_BUSY,
        "The server is checking other files. Send the request again in a moment: files that were sent in parts are "
        "still there.",
    )
