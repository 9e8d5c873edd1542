"""Titles, projects and tags of recordings."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.dispatch import Signal
from django.http import Http404

from webapp.accounts import services as accounts
from webapp.accounts.models import User
from webapp.core.errors import RequestError, WebCode
from webapp.recordings import purposes, retention
from webapp.recordings.models import Project, Recording, Tag, retention_days_of

Losses = dict[str, int]  # how many recordings lost what
PARTICIPANT = "participant"

leaving_project = Signal()
"""Arguments: recording_ids: Collection[UUID]. Receivers delete what is of the project, and return Losses."""


def create_project(*, owner: User, name: str, **fields: Any) -> Project:
    """Create a project; `fields` may have `description`, `purpose` and `retention_days`.

    Raises RequestError(NAME_TAKEN | PURPOSE_FORBIDDEN).
    """
    purposes.require_allowed(fields.get("purpose", ""))
    with _unique_name("project", name):
        return Project.objects.create(owner=owner, name=name, **fields)


def update_project(*, project: Project, erase_due: bool = False, **fields: Any) -> None:
    """Change the project's `name`, `description`, `purpose` or `retention_days`.

    Raises RequestError(NAME_TAKEN | PURPOSE_FORBIDDEN), RequestError(RETENTION_ERASES) unless `erase_due`, and Http404
    if it was deleted meanwhile.
    """
    purposes.require_allowed(fields.get("purpose", ""))
    retention.require_confirmation(
        recordings=Recording.objects.filter(project=project), days=fields.get("retention_days"), confirmed=erase_due
    )
    _update("project", project, fields)


@transaction.atomic
def delete_project(*, project: Project) -> None:
    """Delete the project; its recordings stay, without a project."""
    accounts.lock_user(project.owner)  # so that no recording is created in it meanwhile
    project.delete()


def create_tag(*, owner: User, name: str) -> Tag:
    """Create a tag. Raises RequestError(NAME_TAKEN)."""
    with _unique_name("tag", name):
        return Tag.objects.create(owner=owner, name=name)


def update_tag(*, tag: Tag, **fields: Any) -> None:
    """Change the tag's `name`. Raises RequestError(NAME_TAKEN), and Http404 if it was deleted meanwhile."""
    _update("tag", tag, fields)


def delete_tag(*, tag: Tag) -> None:
    """Delete the tag, which removes it from every recording."""
    tag.delete()


def delete_unused_tags(*, tags: Collection[UUID]) -> None:
    """Delete those of the tags that no recording has. Belongs in a transaction that locks their owner."""
    Tag.objects.filter(pk__in=tags, recordings=None).delete()


@transaction.atomic
def update_recording(
    *, recording: Recording, tags: Iterable[str] | None = None, erase_due: bool = False, **fields: Any
) -> Losses:
    """Change the recording's `title`, `project` or `participant`, and replace its tags by `tags`, given by name.

    Returns what it loses by leaving a project. Raises RequestError(RETENTION_ERASES) unless `erase_due`,
    RequestError(NOT_IN_PROJECT) if the participant is of another project, and Http404 if it was erased meanwhile.
    """
    owner = accounts.lock_user(recording.owner)  # so that none of the tags is deleted meanwhile
    try:
        recording.refresh_from_db(fields=["project", "participant"])  # it may have been moved meanwhile
    except Recording.DoesNotExist as error:
        raise Http404 from error
    losses: Losses = {}
    if "project" in fields:
        recordings = Recording.objects.filter(pk=recording.pk)
        losses = _move(recordings, fields["project"], erase_due=erase_due)
        if losses.get(PARTICIPANT):
            recording.participant = None
    for name, value in fields.items():
        setattr(recording, name, value)
    if recording.participant and recording.participant.project_id != recording.project_id:
        message = f"Participant “{recording.participant}” is not of the recording's project. Choose one that is."
        raise RequestError(WebCode.NOT_IN_PROJECT, message, field="participant")
    recording.save(update_fields=fields)
    if tags is not None:
        recording.tags.set(get_or_create_tags(owner=owner, names=tags))
    return losses


@transaction.atomic
def move_to_project(*, recordings: Sequence[Recording], project: Project | None, erase_due: bool = False) -> Losses:
    """Move recordings into a project, or with None out of theirs; returns how many lose what by leaving a project.

    Raises RequestError(RETENTION_ERASES) unless `erase_due`.
    """
    for owner in {recording.owner_id: recording.owner for recording in recordings}.values():
        accounts.lock_user(owner)
    return _move(
        Recording.objects.filter(pk__in=[recording.pk for recording in recordings]), project, erase_due=erase_due
    )


def _move(rows: QuerySet[Recording], project: Project | None, *, erase_due: bool) -> Losses:
    retention.require_confirmation(recordings=rows, days=retention_days_of(project), confirmed=erase_due)
    moved = list(rows.exclude(project=project).values_list("pk", flat=True))
    losses: Losses = {PARTICIPANT: rows.filter(pk__in=moved).exclude(participant=None).update(participant=None)}
    answers: list[tuple[Any, Any]] = leaving_project.send(sender=Recording, recording_ids=moved)
    for _, lost in answers:
        losses.update(lost)
    rows.update(project=project)
    return {what: count for what, count in losses.items() if count}


@transaction.atomic
def update_tags(*, owner: User, recordings: Sequence[Recording], add: Iterable[str], remove: Iterable[str]) -> None:
    """Add tags, by name, to the recordings, and remove others."""
    owner = accounts.lock_user(owner)
    removed = {name.lower() for name in remove}
    for tag in get_or_create_tags(owner=owner, names=add):
        tag.recordings.add(*recordings)
    for tag in [tag for tag in owner.tags.all() if tag.name.lower() in removed]:
        tag.recordings.remove(*recordings)


def get_or_create_tags(*, owner: User, names: Iterable[str]) -> list[Tag]:
    """The owner's tags with these names, ignoring case; missing ones are created."""
    wanted = {name.lower(): name for name in names}
    Tag.objects.bulk_create([Tag(owner=owner, name=name) for name in wanted.values()], ignore_conflicts=True)
    return [tag for tag in owner.tags.all() if tag.name.lower() in wanted]


def _update(kind: str, row: Project | Tag, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        setattr(row, name, value)
    with _unique_name(kind, row.name):
        if fields and not type(row)._default_manager.filter(pk=row.pk).update(**fields):
            raise Http404


@contextmanager
def _unique_name(kind: str, name: str) -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        message = f"You have a {kind} called “{name}” already. Choose another name."
        raise RequestError(WebCode.NAME_TAKEN, message, field="name") from error
