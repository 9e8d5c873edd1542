"""Erasing recordings whose time is over."""

import logging

from django.db import transaction

from webapp.analyses.services import erase
from webapp.recordings import retention

AT_ONCE = 100

logger = logging.getLogger(__name__)


def purge() -> int:
    """Erase the oldest AT_ONCE of them: how many there were.

    Each is erased by itself: where one round was killed, the next goes on.
    """
    due = retention.due()
    found = list(due.values_list("pk", flat=True)[:AT_ONCE])
    for pk in found:
        with transaction.atomic():
            # Asked again: somebody may have deleted it, or moved it to where it is kept longer.
            recording = due.select_for_update(of=("self",)).filter(pk=pk).first()
            if recording is not None:
                erase(recording=recording)
                logger.info("recording %s is erased: its time is over", pk)
    return len(found)
