"""What goes with recordings beyond the rows that name them."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from webapp.studies.models import Comparison


def on_recordings_deleted(*, owner_id: int, recording_ids: Collection[UUID], **_: Any) -> None:
    """Delete the saved comparisons that rest on one of the recordings."""
    comparisons = Comparison.objects.filter(project__owner=owner_id)
    comparisons.filter(recording_ids__overlap=list(recording_ids)).delete()
