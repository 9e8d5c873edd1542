"""Leases of spans: each part of a long recording is claimed, kept, retried and released by itself."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Avg, Exists, F, OuterRef, QuerySet
from django.db.models.functions import Coalesce, Now

from inference.types import Stage
from webapp.analyses.execution import dispatch
from webapp.analyses.execution.lease import PROGRESS_RANGES, Lease, LeaseLostError, Status, fail_analysis
from webapp.analyses.models import Analysis, Span

READ_SHARE = PROGRESS_RANGES[Stage.TIMELINE][0]  # of the overall progress, when all spans are read


@dataclass(frozen=True)
class SpanLease(Lease):
    """The right to write span `number` of the analysis `pk` while the span's row has this token."""

    number: int

    def write(self, **values: Any) -> None:
        """Update columns of the span. Raises LeaseLostError if the lease is lost or the analysis has ended."""
        rows = Span.objects.filter(analysis=self.pk, number=self.number, lease_token=self.token)
        # Not by a join, whose conditions PostgreSQL does not check again after it waited for the row.
        analysis = Analysis.objects.filter(pk=OuterRef("analysis"), status__in=Analysis.OPEN, timeline_at=None)
        if not rows.filter(Exists(analysis)).update(**values):
            raise LeaseLostError(f"{self.pk}, span {self.number}")

    def attempts(self) -> int:
        """How often the span was claimed."""
        found = Span.objects.filter(analysis=self.pk, number=self.number)
        return found.values_list("attempt", flat=True).first() or 0

    def media_seconds(self) -> float:
        """The mean length of the recording's spans; 0 if it is gone."""
        return super().media_seconds() / max(1, Span.objects.filter(analysis=self.pk).count())

    def report(self, stage: Stage, progress: float) -> None:
        """Write the span's progress, and the sum over all spans as the analysis'."""
        self.write(progress=min(1.0, progress / READ_SHARE), heartbeat_at=Now())
        shares = Span.objects.filter(analysis=self.pk).aggregate(mean=Avg("progress"))
        Analysis.objects.filter(pk=self.pk, status=Status.RUNNING, lease_token=None).update(
            stage=stage, progress=READ_SHARE * (shares["mean"] or 0.0)
        )

    def survey(self) -> bytes | None:
        """What a span's worker found out of the whole sound; None as long as none has."""
        rows = Span.objects.filter(analysis=self.pk).exclude(survey=None)
        found = rows.values_list("survey", flat=True).first()
        return None if found is None else bytes(found)

    def leaves_survey_to_another(self) -> bool:
        """Whether a worker holds an earlier span: only the first of those that are held surveys the sound."""
        earlier = unread_spans().filter(analysis=self.pk, number__lt=self.number)
        return earlier.exclude(lease_token=None).exists()

    def publish(self, reading: bytes) -> None:
        """Store what was read. The last span queues the analysis to be merged. Raises LeaseLostError."""
        with transaction.atomic():
            self._lock_analysis()
            self.write(reading=reading, progress=1.0, lease_token=None, heartbeat_at=None)
            if not unread_spans().filter(analysis=self.pk).exists():
                Analysis.objects.filter(pk=self.pk).update(
                    status=Status.QUEUED, dispatched_at=Now(), error_code="", error_message=""
                )
                transaction.on_commit(lambda: dispatch.enqueue(self.pk, published=False))

    def fail(self, code: str, message: str) -> None:
        """Finish the whole analysis as failed; the workers of its other spans notice."""
        with transaction.atomic():
            self._lock_analysis()
            self._free()
            fail_analysis(self.pk, Analysis.objects.filter(status__in=Analysis.OPEN), code, message)

    def defer(self, code: str = "", message: str = "") -> None:
        """Leave the span for later; this does not count as an attempt. With a `code`, all spans wait."""
        with transaction.atomic():
            self._lock_analysis()
            self._free(attempt=F("attempt") - 1)
            if code:
                Analysis.objects.filter(pk=self.pk).update(
                    status=Status.QUEUED, dispatched_at=Now(), error_code=code, error_message=message
                )

    def release(self) -> None:
        """Leave the span to another worker at once; this does not count as an attempt."""
        self.defer()
        dispatch.enqueue(self.pk, published=False)

    def retry(self) -> None:
        """Leave the span for another attempt."""
        self._free()
        dispatch.enqueue(self.pk, published=False)

    def _free(self, **values: Any) -> None:
        self.write(lease_token=None, heartbeat_at=None, progress=0.0, **values)

    def _lock_analysis(self) -> None:
        """Lock the analysis before its spans, as everything does, to avoid deadlocks."""
        list(Analysis.objects.select_for_update(no_key=True).filter(pk=self.pk).values_list("pk"))


def unread_spans() -> QuerySet[Span]:
    """Spans of all analyses that are not read, by nobody or not to the end."""
    return Span.objects.filter(reading=None)


def free_spans() -> QuerySet[Span]:
    """Unread spans that no worker holds."""
    return unread_spans().filter(lease_token=None)


def claim_span(pk: uuid.UUID) -> SpanLease | None:
    """Lease the first span of the analysis that nobody reads, in a transaction. None if there is none any more."""
    # The row that is updated first lets one worker at a time choose.
    if not Analysis.objects.filter(pk=pk, status__in=Analysis.OPEN, timeline_at=None).update(
        status=Status.RUNNING,
        stage=Stage.SAMPLE,
        started_at=Coalesce("started_at", Now()),
        error_code="",
        error_message="",
    ):
        return None
    number = free_spans().filter(analysis=pk).order_by("number").values_list("number", flat=True).first()
    if number is None:
        return None
    lease = SpanLease(pk, uuid.uuid4(), number)
    Span.objects.filter(analysis=pk, number=number).update(
        attempt=F("attempt") + 1, lease_token=lease.token, heartbeat_at=Now(), progress=0.0
    )
    return lease
