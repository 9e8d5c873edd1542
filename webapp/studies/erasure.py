"""What goes when recordings are erased or leave their project, beyond the rows that name them."""

from collections.abc import Collection
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from webapp.recordings.projects_and_tags import Losses
from webapp.storage import media
from webapp.studies.collection import discard_upload
from webapp.studies.models import CollectionSession, Comparison, Marker, Stimulus, VariableValue

VARIABLES, STIMULI = "variables", "stimuli"


def on_recordings_deleted(*, owner_id: int, recording_ids: Collection[UUID], **_: Any) -> None:
    """Delete the saved comparisons that rest on one of the recordings."""
    comparisons = Comparison.objects.filter(project__owner=owner_id)
    comparisons.filter(recording_ids__overlap=list(recording_ids)).delete()


def on_leaving_project(*, recording_ids: Collection[UUID], **_: Any) -> Losses:
    """Delete the recordings' values of variables, and the links from their markers to stimuli."""
    values = VariableValue.objects.filter(recording__in=recording_ids)
    linked = Marker.objects.filter(recording__in=recording_ids).exclude(stimulus=None)
    lost = {
        VARIABLES: values.values("recording").distinct().count(),
        STIMULI: linked.values("recording").distinct().count(),
    }
    values.delete()
    linked.update(stimulus=None)
    return lost


def on_stimulus_deleted(*, instance: Stimulus, **_: Any) -> None:
    """Delete the file of a stimulus, also where its project or its owner's account is deleted."""
    if instance.file:
        transaction.on_commit(partial(media.delete_recording, instance.pk))


def on_session_deleted(*, instance: CollectionSession, **_: Any) -> None:
    """Delete what a participant sent that is no recording yet."""
    discard_upload(session=instance)
