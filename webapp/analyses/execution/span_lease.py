"""Leases of spans: each part of a step of a long recording is claimed, kept, retried and released by itself."""

import uuid
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Avg, Exists, F, OuterRef, QuerySet
from django.db.models.functions import Coalesce, Now

from inference.types import Stage
from webapp.analyses.execution import dispatch
from webapp.analyses.execution.lease import SPAN_RANGES, Lease, LeaseLostError, Status, fail_analysis
from webapp.analyses.models import Analysis, Span
from webapp.storage import media


@dataclass(frozen=True)
class SpanLease(Lease):
    """The right to write span `number` of the analysis `pk` while the span's row has this token.

    It is a span of the prediction, or of the rendering if the timeline is `published`.
    """

    number: int
    published: bool

    def write(self, **values: Any) -> None:
        """Update columns of the span. Raises LeaseLostError if the lease is lost or the analysis has ended."""
        rows = Span.objects.filter(analysis=self.pk, number=self.number, lease_token=self.token)
        # Not by a join, whose conditions PostgreSQL does not check again after it waited for the row.
        analysis = open_analyses(published=self.published).filter(pk=OuterRef("analysis"))
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
        """Write the span's progress, and that of all spans as the analysis'."""
        first, last = SPAN_RANGES[self.published]
        self.write(progress=min(1.0, (progress - first) / (last - first)), heartbeat_at=Now())
        self._write_progress_of_all(stage=stage)

    def survey(self) -> bytes | None:
        """What a span's worker found out of the whole sound; None as long as none has."""
        rows = Span.objects.filter(analysis=self.pk).exclude(survey=None)
        found = rows.values_list("survey", flat=True).first()
        return None if found is None else bytes(found)

    def leaves_survey_to_another(self) -> bool:
        """Whether a worker holds an earlier span: only the first of those that are held surveys the sound."""
        earlier = unfinished_spans().filter(analysis=self.pk, number__lt=self.number)
        return earlier.exclude(lease_token=None).exists()

    def publish(self, **result: Any) -> None:
        """Store the span's `reading`, or the key of its `video`. Raises LeaseLostError.

        The last span queues the analysis to be merged, or to be joined.
        """
        with transaction.atomic():
            self._lock_analysis()
            self.write(**result, progress=1.0, lease_token=None, heartbeat_at=None)
            self._write_progress_of_all()
            if not unfinished_spans().filter(analysis=self.pk).exists():
                self._queue_analysis()

    def give_up_spans(self) -> None:
        """Have one worker do the whole step instead of its spans."""
        with transaction.atomic():
            self._lock_analysis()
            self._free()
            delete_spans(Span.objects.filter(analysis=self.pk))
            self._queue_analysis()

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
        dispatch.enqueue(self.pk, published=self.published)

    def retry(self) -> None:
        """Leave the span for another attempt."""
        self._free()
        dispatch.enqueue(self.pk, published=self.published)

    def _write_progress_of_all(self, **values: Any) -> None:
        first, last = SPAN_RANGES[self.published]
        shares = Span.objects.filter(analysis=self.pk).aggregate(mean=Avg("progress"))
        Analysis.objects.filter(pk=self.pk, status=Status.RUNNING, lease_token=None).update(
            progress=first + (last - first) * (shares["mean"] or 0.0), **values
        )

    def _free(self, **values: Any) -> None:
        self.write(lease_token=None, heartbeat_at=None, progress=0.0, **values)

    def _queue_analysis(self) -> None:
        Analysis.objects.filter(pk=self.pk).update(
            status=Status.QUEUED, dispatched_at=Now(), error_code="", error_message=""
        )
        transaction.on_commit(lambda: dispatch.enqueue(self.pk, published=self.published))

    def _lock_analysis(self) -> None:
        """Lock the analysis before its spans, as everything does, to avoid deadlocks."""
        list(Analysis.objects.select_for_update(no_key=True).filter(pk=self.pk).values_list("pk"))


def open_analyses(*, published: bool) -> QuerySet[Analysis]:
    """Analyses whose prediction is not over, or whose rendering is not if the timeline is `published`."""
    return Analysis.objects.filter(status__in=Analysis.OPEN, timeline_at__isnull=not published)


def unfinished_spans() -> QuerySet[Span]:
    """Spans of all analyses that are not done, by nobody or not to the end."""
    return Span.objects.filter(reading=None, video="")


def free_spans() -> QuerySet[Span]:
    """Unfinished spans that no worker holds."""
    return unfinished_spans().filter(lease_token=None)


def create_spans(analysis: uuid.UUID, count: int) -> int:
    """Divide the step that an analysis is at into `count` spans, one of which is none; returns the number of steps."""
    if count > 1:
        Span.objects.bulk_create(Span(analysis_id=analysis, number=number) for number in range(count))
    return count


def delete_spans(spans: QuerySet[Span]) -> None:
    """Delete spans that are over; their files go when the transaction is committed."""
    found = dict(spans.values_list("pk", "video"))
    Span.objects.filter(pk__in=found).delete()
    for key in filter(None, found.values()):
        transaction.on_commit(partial(media.delete, key))


def claim_span(pk: uuid.UUID, *, published: bool) -> SpanLease | None:
    """Lease the first span of the analysis that nobody works on, in a transaction. None if there is none any more."""
    # The row that is updated first lets one worker at a time choose.
    if (
        not open_analyses(published=published)
        .filter(pk=pk)
        .update(
            status=Status.RUNNING,
            stage=Stage.RENDER if published else Stage.SAMPLE,
            started_at=Coalesce("started_at", Now()),
            error_code="",
            error_message="",
        )
    ):
        return None
    number = free_spans().filter(analysis=pk).order_by("number").values_list("number", flat=True).first()
    if number is None:
        return None
    lease = SpanLease(pk, uuid.uuid4(), number, published)
    Span.objects.filter(analysis=pk, number=number).update(
        attempt=F("attempt") + 1, lease_token=lease.token, heartbeat_at=Now(), progress=0.0
    )
    return lease
