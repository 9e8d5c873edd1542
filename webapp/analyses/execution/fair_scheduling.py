"""Fair scheduling: users take turns, regardless of how much each has queued; each user's oldest analysis is first."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from webapp.analyses.execution.lease import Lease, claim
from webapp.analyses.models import Analysis, Turn


def waiting(*, published: bool) -> QuerySet[Analysis]:
    """Analyses that wait for prediction, or for rendering if `published`, in the order in which workers take them.

    Analyses deferred because of a fault of the installation wait for two lease periods.
    """
    queued = Analysis.objects.filter(status=Analysis.Status.QUEUED, timeline_at__isnull=not published)
    pause = timedelta(seconds=2 * settings.LEASE_SECONDS)
    # In both directions, because the database's clock may have been set back.
    deferred = ~Q(error_code="") & Q(dispatched_at__range=(Now() - pause, Now() + pause))
    last = F(f"recording__owner__turn__{_turn_field(published)}")
    return queued.exclude(deferred).order_by(last.asc(nulls_first=True), "created_at", "pk")


def claim_next(*, published: bool) -> Lease | None:
    """Lease the next step of the analysis whose turn it is. None if nothing waits."""
    while candidate := waiting(published=published).values_list("pk", "recording__owner").first():
        pk, owner = candidate
        with transaction.atomic():
            # The user's row is locked before the analysis, as in deletions, to avoid deadlocks.
            _record_turn(owner, published)
            if lease := claim(pk, published=published):
                return lease
            transaction.set_rollback(True)  # another worker has it: no turn was taken
    return None


def _record_turn(owner: int, published: bool) -> None:
    Turn.objects.update_or_create(user_id=owner, defaults={_turn_field(published): Now()})


def _turn_field(published: bool) -> str:
    return "rendered_at" if published else "read_at"
