"""Who works on an analysis: one worker at a time, for as long as it shows that it is alive.

Claiming is one conditional UPDATE. Every later write names the lease's token, so that a worker whose lease was
taken away, for whatever reason, changes nothing any more. All times are the database's: clocks of workers may differ,
or jump.
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
from django.db.models import F
from django.db.models.functions import Coalesce, Now

from inference.types import Stage
from webapp.analyses import events
from webapp.analyses.execution import dispatch
from webapp.analyses.execution.stage_timing import StageTimer
from webapp.analyses.models import Analysis

Status = Analysis.Status

# What part of the whole work each stage is, as measured on ordinary recordings.
PROGRESS_SPANS = {
    Stage.PROBE: (0.0, 0.02),
    Stage.SAMPLE: (0.02, 0.35),
    Stage.SCORE: (0.35, 0.5),
    Stage.TIMELINE: (0.5, 0.52),
    Stage.RENDER: (0.52, 1.0),
}
PROGRESS_INTERVAL_SECONDS = 0.5  # between two writes of it
POLL_SECONDS = 0.25  # how soon the end, or an order to stop, is noticed

INTERNAL_ERROR = "internal_error"
WORKER_LOST = "worker_lost"

logger = logging.getLogger(__name__)
stopping = threading.Event()
"""Set, by a signal's handler, when this process is told to end: leases are then given back at once."""


class LeaseLostError(Exception):
    """Somebody else has the analysis now, or nobody needs it any more: stop and write nothing."""


@dataclass(frozen=True)
class Lease:
    pk: uuid.UUID
    token: uuid.UUID

    def write(self, **values: Any) -> None:
        """Write columns of the analysis. Raises LeaseLostError where the lease does not hold."""
        if not Analysis.objects.filter(pk=self.pk, lease_token=self.token).update(**values):
            raise LeaseLostError(str(self.pk))

    def end(self, status: Status, **values: Any) -> None:
        """The last write of this lease."""
        self.write(status=status, lease_token=None, heartbeat_at=None, **values)

    def fail(self, code: str, message: str) -> None:
        with transaction.atomic():
            self.end(Status.FAILED, error_code=code, error_message=message, finished_at=Now())
            events.emit_analysis_event(events.EventType.FAILED, self.pk)

    def defer(self, code: str = "", message: str = "") -> None:
        """Have it tried again later, when the reaper repeats the message; this does not count as an attempt.

        Until then, `message` says what it waits for.
        """
        self.end(Status.QUEUED, attempt=F("attempt") - 1, nudged_at=Now(), error_code=code, error_message=message)

    def release(self) -> None:
        """Let another worker do it instead; that does not count as an attempt either."""
        self.defer()
        redispatch(self.pk)


def claim(pk: uuid.UUID, *, published: bool) -> Lease | None:
    """Take on the next step of an analysis: reading, or rendering where the timeline is published.

    None where it does not wait for that step: done, taken or cancelled in the meantime.
    """
    lease = Lease(pk, uuid.uuid4())
    claimed = Analysis.objects.filter(pk=pk, status=Status.QUEUED, timeline_at__isnull=not published).update(
        status=Status.RUNNING,
        stage=Stage.RENDER if published else Stage.PROBE,
        progress=PROGRESS_SPANS[Stage.RENDER if published else Stage.PROBE][0],
        attempt=F("attempt") + 1,
        lease_token=lease.token,
        heartbeat_at=Now(),
        error_code="",
        error_message="",
        started_at=Coalesce("started_at", Now()),
    )
    return lease if claimed else None


def redispatch(pk: uuid.UUID) -> None:
    """Send the message for the step that the analysis waits for."""
    published = Analysis.objects.filter(pk=pk, timeline_at__isnull=False).exists()
    dispatch.enqueue(pk, published=published)


class LeaseKeeper:
    """Keeps a lease alive while the block runs, from a thread of its own: a long silent stage is no sign of death."""

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        self._over = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"heartbeat {lease.pk}", daemon=True)
        self._stage: Stage | None = None
        self._written = 0.0
        self._times = StageTimer()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        if kind is None:
            self._times.end()

    def progress(self, stage: Stage, share: float) -> None:
        """Note how far the work is. Raises LeaseLostError, which stops it."""
        if self._lost.is_set():
            raise LeaseLostError(str(self.lease.pk))
        self._times.report(stage, share)
        now = time.monotonic()
        if stage is self._stage and now - self._written < PROGRESS_INTERVAL_SECONDS:
            return
        self._stage, self._written = stage, now
        start, end = PROGRESS_SPANS[stage]
        try:
            self.lease.write(stage=stage, progress=start + share * (end - start), heartbeat_at=Now())
        except Error:
            self._note_absence()

    def _beat(self) -> None:
        beaten = time.monotonic()
        try:
            while not self._over.wait(POLL_SECONDS):
                try:
                    if stopping.is_set():
                        self.lease.release()
                        logger.info("analysis %s is given back: this worker ends", self.lease.pk)
                        self._lost.set()
                        return
                    if time.monotonic() - beaten >= settings.HEARTBEAT_SECONDS:
                        self.lease.write(heartbeat_at=Now())
                        beaten = time.monotonic()
                except LeaseLostError:
                    self._lost.set()
                    return
                except Error:
                    self._note_absence()
        finally:
            connection.close()

    def _note_absence(self) -> None:
        """The database may be back before the lease runs out."""
        logger.warning("analysis %s: no heartbeat written", self.lease.pk, exc_info=True)
        connection.close()
