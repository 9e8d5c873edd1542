"""Erases recordings whose retention period is over."""

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
    """Erase the oldest BATCH_SIZE expired recordings, one transaction each; returns how many."""
    expired = retention.expired()
    return sum(_erase(expired, pk) for pk in list(expired.values_list("pk", flat=True)[:BATCH_SIZE]))


def _erase(expired: QuerySet[Recording], pk: UUID) -> bool:
    try:
        with transaction.atomic():
            # The owner is locked first, as everywhere, to avoid deadlocks.
            User.objects.select_for_update(of=("self",), no_key=True).filter(recordings=pk).first()
            # Queried again: it may have been deleted, or moved to a project that keeps it longer.
            recording = expired.select_for_update(of=("self",)).filter(pk=pk).first()
            if recording is None:
                return False
            erase(recording=recording)
    except Exception:
        logger.exception("recording %s could not be erased, although its retention period is over", pk)
        return False
    logger.info("recording %s is erased: its retention period is over", pk)
    return True
