"""Recovers analyses whose worker died and lost messages; deletes files without a row."""

import logging
from datetime import timedelta
from itertools import islice
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, Q, QuerySet
from django.db.models.functions import Now
from django.dispatch import Signal

from webapp.accounts import deletion
from webapp.analyses.execution import dispatch, fair_scheduling, lease
from webapp.analyses.execution.span_lease import delete_spans, unfinished_spans
from webapp.analyses.models import Analysis, Span
from webapp.core import queue
from webapp.core.isolation import log_and_continue
from webapp.observability.metrics import REAPED
from webapp.recordings import uploads
from webapp.recordings.models import Upload
from webapp.storage import media
from webapp.storage.file_inventory import file_entries

Status = Analysis.Status

# Longer than the time between two writes to a file that is in use.
ORPHAN_SECONDS = 6 * 3600
MAX_MESSAGES = 500

logger = logging.getLogger(__name__)
reaping = Signal()
"""Sent in every round, for apps above this one."""


def reap() -> None:
    """Queue analyses without a heartbeat again, or fail them after the last attempt; send lost messages again.

    Expired uploads are deleted here too, because users are told that theirs are gone within an hour.
    """
    lapsed = Analysis.objects.filter(
        _unchanged_for("heartbeat_at", settings.LEASE_SECONDS), status=Status.RUNNING, lease_token__isnull=False
    )
    spent = lapsed.filter(attempt__gte=settings.MAX_ATTEMPTS)
    for pk in list(spent.values_list("pk", flat=True)):
        with log_and_continue(f"analysis {pk}"):
            _fail(pk, spent)
    # Excludes what lapsed after its last attempt since the query above: the next round fails it.
    again = lapsed.filter(attempt__lt=settings.MAX_ATTEMPTS)
    for pk in list(again.values_list("pk", flat=True)):
        with log_and_continue(f"analysis {pk}"):
            # The condition is repeated in the UPDATE: there may have been a heartbeat meanwhile.
            if again.filter(pk=pk).update(
                status=Status.QUEUED, lease_token=None, heartbeat_at=None, dispatched_at=Now()
            ):
                REAPED.labels(outcome="queued").inc()
                logger.warning("analysis %s is queued again: its worker was lost", pk)
                lease.redispatch(pk)
    with log_and_continue("spans"):
        _reap_spans()
    for published in (False, True):
        with log_and_continue("lost messages"):
            _redispatch_lost(published=published)
    with log_and_continue("expired uploads"):
        uploads.delete_expired()
    reaping.send_robust(sender=None)


def _reap_spans() -> None:
    """Free the spans of lost workers, or fail their analyses after the last attempt; delete those that are over."""
    unfinished = unfinished_spans().filter(analysis__status__in=Analysis.OPEN)
    lapsed = unfinished.filter(_unchanged_for("heartbeat_at", settings.LEASE_SECONDS), lease_token__isnull=False)
    for pk, analysis, number, token, attempt in list(
        lapsed.values_list("pk", "analysis", "number", "lease_token", "attempt")
    ):
        with log_and_continue(f"span {number} of analysis {analysis}"):
            if attempt >= settings.MAX_ATTEMPTS:
                _fail(analysis, Analysis.objects.filter(Exists(lapsed.filter(pk=pk)), status__in=Analysis.OPEN))
            # The conditions are those of the row itself: there may have been a heartbeat meanwhile.
            elif Span.objects.filter(
                _unchanged_for("heartbeat_at", settings.LEASE_SECONDS), pk=pk, lease_token=token
            ).update(lease_token=None, heartbeat_at=None, progress=0.0):
                REAPED.labels(outcome="queued").inc()
                logger.warning("span %s of analysis %s is free again: its worker was lost", number, analysis)
                lease.redispatch(analysis)
    delete_spans(Span.objects.exclude(analysis__status__in=Analysis.OPEN))


def _fail(pk: UUID, among: QuerySet[Analysis]) -> None:
    """Fail the analysis if it is still `among` those whose workers were lost too often."""
    message = (
        f"The program that read the recording was lost {settings.MAX_ATTEMPTS} times, perhaps for want of "
        "memory. Try again, or send a shorter recording."
    )
    if lease.fail_analysis(pk, among, lease.WORKER_LOST, message):
        logger.error("analysis %s failed: its workers were lost too often", pk)
        REAPED.labels(outcome="failed").inc()


def _redispatch_lost(*, published: bool) -> None:
    """Send at most as many messages as steps wait, so that they do not pile up while workers are busy or away."""
    sent = queue.queue_length(dispatch.queue_name(published=published))
    for pk in islice(fair_scheduling.waiting_steps(published=published), sent, sent + MAX_MESSAGES):
        dispatch.enqueue(pk, published=published)


def _unchanged_for(field: str, seconds: float) -> Q:
    """The field is older than `seconds` by the database's clock, or in the future because that was set back."""
    period = timedelta(seconds=seconds)
    return ~Q((f"{field}__range", (Now() - period, Now() + period)))


def sweep() -> None:
    """Delete old sessions and logins, and files without a row, which killed processes leave behind."""
    with log_and_continue("expired sessions and logins"):
        deletion.delete_expired_login_records()
    with log_and_continue("the storage"):
        _sweep_storage()
    with log_and_continue("temporary files"):
        media.delete_abandoned()
        _sweep_partial_files()


def _sweep_storage() -> None:
    referenced = {each.name for each in file_entries()}
    for key in list(media.list_keys()):
        with log_and_continue(key):
            if key not in referenced and media.is_older_than(key, ORPHAN_SECONDS) and media.delete(key):
                logger.warning("removed %s, which no row refers to", key)


def _sweep_partial_files() -> None:
    pending = {upload.path for upload in Upload.objects.all()}
    for path in list(media.list_temporary()):
        with log_and_continue(path.name):
            if path not in pending and media.unchanged_for(path, ORPHAN_SECONDS) and media.delete_temporary(path):
                logger.warning("removed %s, which no row refers to", path.name)
