"""Events about analyses and recordings, sent to apps above this one as Django signals.

They are sent inside the transaction of the change, so that what a receiver writes is committed or rolled back with it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.dispatch import Signal

from webapp.analyses.models import Analysis


class EventType(StrEnum):
    """The types of events, as webhooks name them."""

    TIMELINE_PUBLISHED = "analysis.timeline_published"
    SUCCEEDED = "analysis.succeeded"
    FAILED = "analysis.failed"
    RECORDING_DELETED = "recording.deleted"


@dataclass(frozen=True)
class Event:
    """A change of an analysis."""

    type: EventType
    owner_id: int
    recording_id: UUID
    analysis_id: UUID
    status: str


analysis_changed = Signal()
"""Arguments: event: Event."""

recordings_deleted = Signal()
"""Arguments: owner_id: int, recording_ids: Collection[UUID]."""


def emit_analysis_event(event_type: EventType, pk: UUID) -> None:
    """Send `analysis_changed` for the analysis `pk`."""
    owner_id, recording_id, status = Analysis.objects.values_list("recording__owner", "recording", "status").get(pk=pk)
    analysis_changed.send(sender=Analysis, event=Event(event_type, owner_id, recording_id, pk, status))


def emit_deletion(*, owner_id: int, recording_ids: Collection[UUID]) -> None:
    """Send `recordings_deleted`."""
    recordings_deleted.send(sender=Analysis, owner_id=owner_id, recording_ids=recording_ids)
