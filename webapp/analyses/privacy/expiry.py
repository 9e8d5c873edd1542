"""Erasing recordings whose time is over."""

import logging
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from webapp.accounts.models import User
from webapp.analyses.services import erase
from webapp.recordings import retention
from webapp.recordings.models import Recording

BATCH_SIZE = 100

logger = logging.getLogger(__name__)


def erase_expired() -> int:
    """Erase the oldest AT_ONCE of them: how many were. Each is erased by itself: a round that was killed harms none."""
    due = retention.expired()
    return sum(_erase(due, pk) for pk in list(due.values_list("pk", flat=True)[:BATCH_SIZE]))


def _erase(due: QuerySet[Recording], pk: UUID) -> bool:
    try:
        with transaction.atomic():
            # Their owner is held first, as everywhere: who holds one of two in another order waits for ever.
            User.objects.select_for_update(of=("self",), no_key=True).filter(recordings=pk).first()
            # Asked again: somebody may have deleted it, or moved it to where it is kept longer.
            recording = due.select_for_update(of=("self",)).filter(pk=pk).first()
            if recording is None:
                return False
            erase(recording=recording)
    except Exception:
        logger.exception("recording %s could not be erased, although its time is over", pk)
        return False
    logger.info("recording %s is erased: its time is over", pk)
    return True
