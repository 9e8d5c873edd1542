"""Leases: one worker at a time runs an analysis, as long as it sends heartbeats.

Claiming is one conditional UPDATE. Every later write is conditional on the lease's token, so that a worker that lost
its lease changes nothing. All times are the database's, because the clocks of workers may differ or jump.
"""

import logging
import threading
import time
import uuid
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from django.conf import settings
from django.db import Error, connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce, Now

from inference.types import Stage
from webapp.analyses import events
from webapp.analyses.execution import dispatch
from webapp.analyses.execution.stage_timing import StageTimer
from webapp.analyses.models import Analysis

Status = Analysis.Status

# The range of the overall progress that each stage covers, as measured on ordinary recordings.
PROGRESS_RANGES = {
    Stage.PROBE: (0.0, 0.02),
    Stage.SAMPLE: (0.02, 0.35),
    Stage.SCORE: (0.35, 0.5),
    Stage.TIMELINE: (0.5, 0.52),
    Stage.RENDER: (0.52, 1.0),
}
PIECES_SHARE = 0.9  # of a rendering in pieces; then they are joined
# The range that the spans of a long recording cover together, of the prediction or, if it is published, the rendering.
SPAN_RANGES = {
    False: (0.0, PROGRESS_RANGES[Stage.TIMELINE][0]),
    True: (PROGRESS_RANGES[Stage.RENDER][0], PROGRESS_RANGES[Stage.RENDER][0] * (1 - PIECES_SHARE) + PIECES_SHARE),
}
PROGRESS_INTERVAL_SECONDS = 0.5  # between two writes
POLL_SECONDS = 0.25  # within which the end, or a shutdown, is noticed

INTERNAL_ERROR = "internal_error"
WORKER_LOST = "worker_lost"

logger = logging.getLogger(__name__)
stopping = threading.Event()
"""Set by a signal handler when this process shuts down: leases are then released at once."""


class LeaseLostError(Exception):
    """Another worker has the analysis, or it was cancelled or deleted: stop and write nothing."""


@dataclass(frozen=True)
class Lease:
    """The right to write the analysis `pk` while its row has this token."""

    pk: uuid.UUID
    token: uuid.UUID

    def write(self, **values: Any) -> None:
        """Update columns of the analysis. Raises LeaseLostError if the lease is lost."""
        if not Analysis.objects.filter(pk=self.pk, lease_token=self.token).update(**values):
            raise LeaseLostError(str(self.pk))

    def attempts(self) -> int:
        """How often the step was claimed."""
        return Analysis.objects.filter(pk=self.pk).values_list("attempt", flat=True).first() or 0

    def media_seconds(self) -> float:
        """The length of the recording that this step is about; 0 if it is gone."""
        return Analysis.objects.filter(pk=self.pk).values_list("recording__duration_s", flat=True).first() or 0.0

    def report(self, stage: Stage, progress: float) -> None:
        """Write the overall progress, 0 to 1, which is a heartbeat."""
        self.write(stage=stage, progress=progress, heartbeat_at=Now())

    def finish(self, status: Status, **values: Any) -> None:
        """Write the last update and give up the lease."""
        self.write(status=status, lease_token=None, heartbeat_at=None, **values)

    def fail(self, code: str, message: str) -> None:
        """Finish the analysis as failed. Raises LeaseLostError."""
        if not fail_analysis(self.pk, Analysis.objects.filter(lease_token=self.token), code, message):
            raise LeaseLostError(str(self.pk))

    def defer(self, code: str = "", message: str = "") -> None:
        """Queue the step for later, when the reaper sends its message again; this does not count as an attempt.

        Until then, `code` and `message` tell the owner what it waits for.
        """
        self.finish(
            Status.QUEUED, attempt=F("attempt") - 1, dispatched_at=Now(), error_code=code, error_message=message
        )

    def release(self) -> None:
        """Queue the step for another worker at once; this does not count as an attempt."""
        self.defer()
        redispatch(self.pk)

    def retry(self) -> None:
        """Queue the step for another attempt."""
        self.finish(Status.QUEUED, dispatched_at=Now())
        redispatch(self.pk)


def claim(pk: uuid.UUID, *, published: bool, merges: bool = False) -> Lease | None:
    """Lease the next step of an analysis: prediction, or rendering if the timeline is published.

    The step `merges` what was done in spans. None if the analysis no longer waits for that step: it was
    finished, claimed or cancelled meanwhile.
    """
    lease = Lease(pk, uuid.uuid4())
    stage = Stage.RENDER if published else Stage.TIMELINE if merges else Stage.PROBE
    claimed = Analysis.objects.filter(pk=pk, status=Status.QUEUED, timeline_at__isnull=not published).update(
        status=Status.RUNNING,
        stage=stage,
        progress=SPAN_RANGES[published][1] if merges else PROGRESS_RANGES[stage][0],
        attempt=F("attempt") + 1,
        lease_token=lease.token,
        heartbeat_at=Now(),
        error_code="",
        error_message="",
        started_at=Coalesce("started_at", Now()),
    )
    return lease if claimed else None


def fail_analysis(pk: uuid.UUID, among: QuerySet[Analysis], code: str, message: str) -> bool:
    """Finish the analysis as failed if it is `among` these; whether it was."""
    with transaction.atomic():
        failed = among.filter(pk=pk).update(
            status=Status.FAILED,
            error_code=code,
            error_message=message,
            lease_token=None,
            heartbeat_at=None,
            finished_at=Now(),
        )
        if failed:
            events.emit_analysis_event(events.EventType.FAILED, pk)
    return bool(failed)


def redispatch(pk: uuid.UUID) -> None:
    """Send the message for the step that the analysis waits for."""
    published = Analysis.objects.filter(pk=pk, timeline_at__isnull=False).exists()
    dispatch.enqueue(pk, published=published)


class LeaseKeeper:
    """Context manager that sends heartbeats from a thread: long stages without progress keep their lease."""

    def __init__(self, lease: Lease) -> None:
        """Begin with `with`."""
        self.lease = lease
        self._done = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._send_heartbeats, name=f"heartbeat {lease.pk}", daemon=True)
        self._stage: Stage | None = None
        self._written = 0.0
        self._timer = StageTimer()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()
        if kind is None:
            self._timer.finish()

    def progress(self, stage: Stage, share: float) -> None:
        """Write the progress, `share` of the stage from 0 to 1. Raises LeaseLostError, which stops the work."""
        if self._lost.is_set():
            raise LeaseLostError(str(self.lease.pk))
        self._timer.report(stage, share)
        now = time.monotonic()
        if stage is self._stage and now - self._written < PROGRESS_INTERVAL_SECONDS:
            return
        self._stage, self._written = stage, now
        start, end = PROGRESS_RANGES[stage]
        try:
            self.lease.report(stage, start + share * (end - start))
        except Error:
            self._log_missed_heartbeat()

    def _send_heartbeats(self) -> None:
        sent_at = time.monotonic()
        try:
            while not self._done.wait(POLL_SECONDS):
                try:
                    if stopping.is_set():
                        self.lease.release()
                        logger.info("analysis %s is released: this worker shuts down", self.lease.pk)
                        self._lost.set()
                        return
                    if time.monotonic() - sent_at >= settings.HEARTBEAT_SECONDS:
                        self.lease.write(heartbeat_at=Now())
                        sent_at = time.monotonic()
                except LeaseLostError:
                    self._lost.set()
                    return
                except Error:
                    self._log_missed_heartbeat()
        finally:
            connection.close()

    def _log_missed_heartbeat(self) -> None:
        """Log and reconnect: the database may be back before the lease expires."""
        logger.warning("analysis %s: no heartbeat written", self.lease.pk, exc_info=True)
        connection.close()
