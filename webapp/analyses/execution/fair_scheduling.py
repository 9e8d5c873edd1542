"""Fair scheduling: users take turns, regardless of how much each has queued; each user's oldest analysis is first.

A span of a long recording takes a turn of its own.
"""

from collections.abc import Iterator
from datetime import timedelta
from itertools import repeat
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from webapp.analyses.execution.lease import Lease, claim
from webapp.analyses.execution.span_lease import claim_span, free_spans, open_analyses, unfinished_spans
from webapp.analyses.models import Analysis, Span, Turn

FREE_SPANS = Count("spans", filter=Q(spans__reading=None, spans__video="", spans__lease_token=None))


def queued(*, published: bool) -> QuerySet[Analysis]:
    """Analyses that wait for prediction, or for rendering if `published`.

    One that is divided into spans waits as long as there is a span that nobody works on, and again to be merged.
    """
    unfinished, free = (Exists(spans.filter(analysis=OuterRef("pk"))) for spans in (unfinished_spans(), free_spans()))
    whole = Q(~unfinished, status=Analysis.Status.QUEUED)
    return open_analyses(published=published).filter(whole | free)


def waiting(*, published: bool) -> QuerySet[Analysis]:
    """Those that are `queued`, in the order in which workers take them.

    Analyses deferred because of a fault of the installation wait for two lease periods.
    """
    pause = timedelta(seconds=2 * settings.LEASE_SECONDS)
    # In both directions, because the database's clock may have been set back.
    deferred = ~Q(error_code="") & Q(dispatched_at__range=(Now() - pause, Now() + pause))
    last = F(f"recording__owner__turn__{_turn_field(published)}")
    return queued(published=published).exclude(deferred).order_by(last.asc(nulls_first=True), "created_at", "pk")


def waiting_steps(*, published: bool) -> Iterator[UUID]:
    """The analyses that wait, each as often as a worker can take a step of it."""
    for pk, spans in waiting(published=published).annotate(free=FREE_SPANS).values_list("pk", "free").iterator():
        yield from repeat(pk, max(1, spans))


def claim_next(*, published: bool) -> Lease | None:
    """Lease the next step of the analysis whose turn it is. None if nothing waits."""
    while candidate := waiting(published=published).values_list("pk", "recording__owner").first():
        pk, owner = candidate
        with transaction.atomic():
            # The user's row is locked before the analysis, as in deletions, to avoid deadlocks.
            _record_turn(owner, published)
            if lease := _claim_step(pk, published):
                return lease
            transaction.set_rollback(True)  # another worker has it: no turn was taken
    return None


def _claim_step(pk: UUID, published: bool) -> Lease | None:
    if unfinished_spans().filter(analysis=pk).exists():
        return claim_span(pk, published=published)
    return claim(pk, published=published, merges=Span.objects.filter(analysis=pk).exists())


def _record_turn(owner: int, published: bool) -> None:
    Turn.objects.update_or_create(user_id=owner, defaults={_turn_field(published): Now()})


def _turn_field(published: bool) -> str:
    return "rendered_at" if published else "read_at"
