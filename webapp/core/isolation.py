"""Work in rounds, of which one part that fails must not stop the others."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error, connection

logger = logging.getLogger(__name__)


@contextmanager
def isolated(what: str) -> Iterator[None]:
    """Log any exception and go on with the rest: the next round tries it again."""
    try:
        yield
    except Exception as error:
        logger.exception("%s could not be looked after in this round", what)
        if isinstance(error, Error):
            connection.close()  # it may be what failed
