"""What happens to recordings and analyses, told to whoever listens.

It is told inside the transaction that makes it so: what a listener writes is kept if, and only if, it happened.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.dispatch import Signal

from webapp.analyses.models import Analysis


class Event(StrEnum):
    TIMELINE_PUBLISHED = "analysis.timeline_published"
    SUCCEEDED = "analysis.succeeded"
    FAILED = "analysis.failed"
    RECORDING_DELETED = "recording.deleted"


@dataclass(frozen=True)
class Happening:
    """What happened to an analysis."""

    event: Event
    owner_id: int
    recording_id: UUID
    analysis_id: UUID
    status: str


happened = Signal()  # with happening=Happening(...)
deleted = Signal()  # with owner_id, and the ids of recordings: recording_ids


def tell_of_analysis(event: Event, pk: UUID) -> None:
    owner_id, recording_id, status = Analysis.objects.values_list("recording__owner", "recording", "status").get(pk=pk)
    happened.send(sender=Analysis, happening=Happening(event, owner_id, recording_id, pk, status))


def tell_of_deletion(*, owner_id: int, recording_ids: Collection[UUID]) -> None:
    deleted.send(sender=Analysis, owner_id=owner_id, recording_ids=recording_ids)
