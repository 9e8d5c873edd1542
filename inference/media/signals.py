"""SIGINT and SIGTERM, deferred while a child process is being started."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

DEFERRED = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def defer_signals() -> Iterator[None]:
    """Call the Python handlers of these signals at the end of the block.

    An exception of a handler within `subprocess.Popen` would leave an unknown child, and within a fork hook Python
    drops it. Only the main thread runs handlers; in other threads this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers: dict[int, Callable[[int, FrameType | None], object]] = {
        which: handler for which in DEFERRED if callable(handler := signal.getsignal(which))
    }
    received: list[int] = []
    try:
        for which in handlers:
            signal.signal(which, lambda number, _: received.append(number))
        yield
    finally:
        for which, handler in handlers.items():
            signal.signal(which, handler)
        for number in received:
            handlers[number](number, None)
