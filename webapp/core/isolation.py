"""Periodic tasks that must not stop one another."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error, connection

logger = logging.getLogger(__name__)


@contextmanager
def log_and_continue(task: str) -> Iterator[None]:
    """Log any exception of one task instead of raising it; the next round tries it again."""
    try:
        yield
    except Exception as error:
        logger.exception("%s could not be looked after in this round", task)
        if isinstance(error, Error):
            connection.close()  # the connection may be what failed
