"""How every change of a study begins: serialised by its owner's row, as erasing is, and recorded."""

from collections.abc import Collection
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.http import Http404
from django.shortcuts import get_object_or_404

from webapp.accounts import services as accounts
from webapp.accounts.models import User
from webapp.audit.models import Action
from webapp.audit.services import record_each, record_throttled
from webapp.recordings.models import Project, Recording


def begin_change(*, project: Project, by: User, action: Action) -> None:
    """Belongs in a transaction. Raises Http404 if the project was deleted meanwhile."""
    accounts.lock_user(project.owner)
    get_object_or_404(Project.objects.select_for_update(no_key=True), pk=project.pk)
    record_throttled(action, by=by.pk, owner=project.owner_id, target=project)


def reread(row: models.Model) -> None:
    """Read a row again as it is after a change began. Raises Http404 if it was deleted meanwhile."""
    try:
        row.refresh_from_db()
    except ObjectDoesNotExist:
        raise Http404 from None


def begin_recording_change(*, recordings: Collection[Recording], by: User, action: Action) -> set[UUID]:
    """The same for recordings of one owner; returns the projects that they are in now.

    Raises Http404 if one of them was erased meanwhile.
    """
    for owner in {recording.owner_id: recording.owner for recording in recordings}.values():
        accounts.lock_user(owner)
    projects = dict(
        Recording.objects.filter(pk__in=[recording.pk for recording in recordings]).values_list("pk", "project")
    )
    for recording in recordings:
        if recording.pk not in projects:
            raise Http404
        recording.project_id = projects[recording.pk]
    if len(recordings) == 1:
        (recording,) = recordings
        record_throttled(action, by=by.pk, owner=recording.owner_id, target=recording)
    elif recordings:
        record_each(action, by=by.pk, owner=next(iter(recordings)).owner_id, targets=recordings)
    return {pk for pk in projects.values() if pk is not None}
