"""Whose analysis is next: people take turns, however much each of them has queued, and each one's oldest is first."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from webapp.analyses.execution.lease import Lease, claim
from webapp.analyses.models import Analysis, Turn


def waiting(*, published: bool) -> QuerySet[Analysis]:
    """What waits for its next step, in the order in which workers take it: rendering where the timeline is published.

    What was put off for a fault of the installation is not tried again before two leases have passed.
    """
    queued = Analysis.objects.filter(status=Analysis.Status.QUEUED, timeline_at__isnull=not published)
    pause = timedelta(seconds=2 * settings.LEASE_SECONDS)
    # Both ways, for the database's clock may have been set back.
    deferred = ~Q(error_code="") & Q(nudged_at__range=(Now() - pause, Now() + pause))
    last = F(f"recording__owner__turn__{_turn_field(published)}")
    return queued.exclude(deferred).order_by(last.asc(nulls_first=True), "created_at", "pk")


def claim_next(*, published: bool) -> Lease | None:
    """Take on the next step of whichever analysis it is the turn of. None where nothing waits."""
    while chosen := waiting(published=published).values_list("pk", "recording__owner").first():
        pk, owner = chosen
        with transaction.atomic():
            # The person's row before the analysis, as where either is erased: no two wait for each other.
            _record_turn(owner, published)
            if lease := claim(pk, published=published):
                return lease
            transaction.set_rollback(True)  # somebody else has it: this was nobody's turn
    return None


def _record_turn(owner: int, published: bool) -> None:
    Turn.objects.update_or_create(user_id=owner, defaults={_turn_field(published): Now()})


def _turn_field(published: bool) -> str:
    return "rendered_at" if published else "read_at"
