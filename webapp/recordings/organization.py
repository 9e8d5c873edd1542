"""Keeping recordings in order: their titles, the projects that they belong to, the tags that they carry."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from webapp.accounts import services as accounts
from webapp.accounts.models import User
from webapp.core.errors import RequestError, WebCode
from webapp.recordings import purposes, retention
from webapp.recordings.models import Project, Recording, Tag, days_kept


def make_project(*, owner: User, name: str, **about: Any) -> Project:
    """A project with a `description`, `purpose` and `retention_days`, if given.

    Raises RequestError(NAME_TAKEN | PURPOSE_FORBIDDEN).
    """
    purposes.require_allowed(about.get("purpose", ""))
    with _name_of_its_own("project", name):
        return Project.objects.create(owner=owner, name=name, **about)


def change_project(*, project: Project, erase_due: bool = False, **fields: Any) -> None:
    """Give a project another `name`, `description`, `purpose` or `retention_days`.

    Raises RequestError(NAME_TAKEN | PURPOSE_FORBIDDEN), and RequestError(RETENTION_ERASES) unless `erase_due`.
    """
    purposes.require_allowed(fields.get("purpose", ""))
    retention.require_sure(
        recordings=Recording.objects.filter(project=project), days=fields.get("retention_days"), sure=erase_due
    )
    _change("project", project, fields)


def delete_project(*, project: Project) -> None:
    """Its recordings stay, in no project."""
    project.delete()


def make_tag(*, owner: User, name: str) -> Tag:
    """Raises RequestError(NAME_TAKEN)."""
    with _name_of_its_own("tag", name):
        return Tag.objects.create(owner=owner, name=name)


def change_tag(*, tag: Tag, **fields: Any) -> None:
    """Give a tag another `name`, on every recording that carries it. Raises RequestError(NAME_TAKEN)."""
    _change("tag", tag, fields)


def delete_tag(*, tag: Tag) -> None:
    """Take it off every recording."""
    tag.delete()


def forget_unused(*, tags: Collection[UUID]) -> None:
    """Delete those of the tags that no recording carries any more. The transaction around this holds their owner."""
    Tag.objects.filter(pk__in=tags, recordings=None).delete()


@transaction.atomic
def change(*, recording: Recording, tags: Iterable[str] | None = None, erase_due: bool = False, **fields: Any) -> None:
    """Give a recording another `title` or `project`, and `tags`, by name, instead of those that it carries.

    Raises RequestError(RETENTION_ERASES) unless `erase_due`.
    """
    owner = accounts.locked(recording.owner)  # whoever erases the last recording with a tag waits
    if "project" in fields:
        one = Recording.objects.filter(pk=recording.pk)
        retention.require_sure(recordings=one, days=days_kept(fields["project"]), sure=erase_due)
    for name, value in fields.items():
        setattr(recording, name, value)
    recording.save(update_fields=fields)
    if tags is not None:
        recording.tags.set(named(owner=owner, names=tags))


def move(*, recordings: Sequence[Recording], project: Project | None, erase_due: bool = False) -> None:
    """Put recordings into one project, or take them out of theirs.

    Raises RequestError(RETENTION_ERASES) unless `erase_due`.
    """
    chosen = Recording.objects.filter(pk__in=[each.pk for each in recordings])
    retention.require_sure(recordings=chosen, days=days_kept(project), sure=erase_due)
    chosen.update(project=project)


@transaction.atomic
def retag(*, owner: User, recordings: Sequence[Recording], add: Iterable[str], remove: Iterable[str]) -> None:
    """Put tags on recordings, by name, and take others off."""
    owner = accounts.locked(owner)
    wanted, unwanted = named(owner=owner, names=add), {name.lower() for name in remove}
    ones = [tag for tag in owner.tags.all() if tag.name.lower() in unwanted]
    for tag in wanted:
        tag.recordings.add(*recordings)
    for tag in ones:
        tag.recordings.remove(*recordings)


def named(*, owner: User, names: Iterable[str]) -> list[Tag]:
    """The owner's tags of these names, made where there is none yet."""
    wanted = {name.lower(): name for name in names}
    Tag.objects.bulk_create([Tag(owner=owner, name=name) for name in wanted.values()], ignore_conflicts=True)
    return [tag for tag in owner.tags.all() if tag.name.lower() in wanted]


def _change(kind: str, row: Project | Tag, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        setattr(row, name, value)
    with _name_of_its_own(kind, row.name):
        row.save(update_fields=fields)


@contextmanager
def _name_of_its_own(kind: str, name: str) -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        message = f"You have a {kind} called “{name}” already. Choose another name."
        raise RequestError(WebCode.NAME_TAKEN, message, field="name") from error
