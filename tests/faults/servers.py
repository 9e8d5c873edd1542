"""PostgreSQL and Redis going away for a while, as in a restart; their keeper starts them again."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
from django.conf import settings
from django.db import connection

from tests.integration.processes import alive, eventually
from webapp.local.embedded.lifecycle import is_answering

AWAY_SECONDS = 2


@contextmanager
def silent(name: str) -> Iterator[None]:
    """Inside, that server takes connections and does not answer."""
    _, server = _keeper_and(name)
    server.suspend()
    try:
        yield
    finally:
        server.resume()


def _keeper_and(name: str) -> tuple[psutil.Process, psutil.Process]:
    postmaster = psutil.Process(int((settings.DATA_DIR / "postgres" / "postmaster.pid").read_text().split()[0]))
    keeper = postmaster.parent()
    assert keeper is not None
    server = postmaster if name == "postgres" else next(each for each in keeper.children() if each.name() == name)
    return keeper, server


@contextmanager
def killed(name: str) -> Iterator[None]:
    """Inside, the server "postgres" or "valkey-server" is gone: it had no time to end in good order."""
    keeper, server = _keeper_and(name)
    keeper.suspend()
    try:
        # A postmaster that is killed outright would leave its children behind; told so, it ends them at once.
        server.send_signal(signal.SIGQUIT if name == "postgres" else signal.SIGKILL)
        assert eventually(lambda: not alive([server]))
        time.sleep(AWAY_SECONDS)
        yield
    finally:
        keeper.resume()
    assert eventually(lambda: is_answering(settings.DATA_DIR))
    connection.close()  # this process had one, too
