"""Reading recordings. Whoever asks says for whom: there is no other way to one."""

from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Lower
from django.shortcuts import get_object_or_404
from django.utils import timezone

from webapp.accounts.models import User
from webapp.recordings import permissions
from webapp.recordings.models import MediaFile, Project, Recording, Tag, Transfer


def recordings_of(user: User) -> QuerySet[Recording]:
    """The user's recordings, newest first, with their project, files and tags."""
    return user.recordings.order_by("-created_at").select_related("project").prefetch_related("files", "tags")


def recording_for(user: User, pk: UUID) -> Recording:
    """The user's recording `pk`. Raises Http404, for somebody else's as for one that does not exist."""
    return get_object_or_404(recordings_of(user), pk=pk)


def matching(words: str) -> QuerySet[Recording]:
    """Recordings of which the title, a file's own name or a tag holds each of the words."""
    found = Recording.objects.all()
    for word in words.split():
        tags = Recording.tags.through.objects.filter(recording=OuterRef("pk"), tag__name__icontains=word)
        files = MediaFile.objects.filter(recording=OuterRef("pk"), original_name__icontains=word)
        found = found.filter(Q(title__icontains=word) | Exists(files) | Exists(tags))
    return found


def tagged(names: str) -> QuerySet[Recording]:
    """Recordings that carry every one of the tags, which have commas between them."""
    wanted = {name.strip().lower(): name.strip() for name in names.split(",")}
    # Counted in one subquery: of one for each tag, the database would plan for minutes.
    carried: QuerySet[Any] = Recording.tags.through.objects.alias(lower=Lower("tag__name"))
    carried = carried.filter(lower__in=[Lower(Value(name)) for name in wanted.values()])
    carrying = carried.values("recording").annotate(count=Count("lower", distinct=True)).filter(count=len(wanted))
    return Recording.objects.filter(pk__in=carrying.values("recording"))


def projects_of(user: User) -> QuerySet[Project]:
    """The user's projects by name, with `count`, the number of their recordings, and whether they are `shared`."""
    shared = Exists(permissions.good().filter(project=OuterRef("pk")))
    return user.projects.annotate(count=Count("recordings"), shared=shared).order_by(Lower("name"))


def project_for(user: User, pk: UUID) -> Project:
    """The user's project `pk`. Raises Http404, for somebody else's as for one that does not exist."""
    return get_object_or_404(projects_of(user), pk=pk)


def tags_of(user: User) -> QuerySet[Tag]:
    """The user's tags by name, with `count`, the number of recordings that carry them."""
    return user.tags.annotate(count=Count("recordings")).order_by(Lower("name"))


def tag_for(user: User, pk: UUID) -> Tag:
    """The user's tag `pk`. Raises Http404, for somebody else's as for one that does not exist."""
    return get_object_or_404(tags_of(user), pk=pk)


def transfers_of(user: User) -> QuerySet[Transfer]:
    """The user's uploads that are unfinished or belong to no recording yet, without those that have expired."""
    return user.transfers.filter(expires_at__gt=timezone.now())


def transfer_for(user: User, pk: UUID) -> Transfer:
    """The user's upload `pk`. Raises Http404, for somebody else's or an expired one as for one that does not exist."""
    return get_object_or_404(transfers_of(user), pk=pk)
