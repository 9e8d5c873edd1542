"""SIGINT and SIGTERM, held back while a process is half started and obeyed right after."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

DEFERRED = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def defer_signals() -> Iterator[None]:
    """Call the Python handlers of these signals when the block is over, not in it.

    What a handler raises within `subprocess.Popen` would leave a child that nobody knows, and within a hook around
    the fork Python itself drops it. Other threads than the main one never run a handler: there this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers: dict[int, Callable[[int, FrameType | None], object]] = {
        which: handler for which in DEFERRED if callable(handler := signal.getsignal(which))
    }
    came: list[int] = []
    try:
        for which in handlers:
            signal.signal(which, lambda number, _: came.append(number))
        yield
    finally:
        for which, handler in handlers.items():
            signal.signal(which, handler)
        for number in came:
            handlers[number](number, None)
