"""Reading recordings. Every query takes the requesting user; none is unscoped."""

from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Lower
from django.shortcuts import get_object_or_404
from django.utils import timezone

from webapp.accounts.models import User
from webapp.recordings import permissions
from webapp.recordings.models import MediaFile, Project, Recording, Tag, Upload


def recordings_of(user: User) -> QuerySet[Recording]:
    """The user's recordings, newest first, with their project, participant, files and tags."""
    recordings = user.recordings.order_by("-created_at").select_related("project", "participant")
    return recordings.prefetch_related("files", "tags")


def recording_for(user: User, pk: UUID) -> Recording:
    """The user's recording `pk`. Raises Http404 if it does not exist or belongs to another user."""
    return get_object_or_404(recordings_of(user), pk=pk)


def search(user: User, words: str) -> QuerySet[Recording]:
    """The user's recordings whose title, original file names or tags contain every one of the words."""
    matches = user.recordings.all()
    for word in words.split():
        tags = Recording.tags.through.objects.filter(recording=OuterRef("pk"), tag__name__icontains=word)
        files = MediaFile.objects.filter(recording=OuterRef("pk"), original_name__icontains=word)
        matches = matches.filter(Q(title__icontains=word) | Exists(files) | Exists(tags))
    return matches


def with_tags(user: User, names: str) -> QuerySet[Recording]:
    """The user's recordings that have every one of the comma-separated tags."""
    wanted = {name.strip().lower(): name.strip() for name in names.split(",")}
    matches: QuerySet[Any] = Recording.tags.through.objects.filter(tag__owner=user).alias(lower=Lower("tag__name"))
    matches = matches.filter(lower__in=[Lower(Value(name)) for name in wanted.values()])
    if len(wanted) == 1:
        return Recording.objects.filter(pk__in=matches.values("recording"))
    # One subquery that counts: with one subquery per tag, PostgreSQL plans for minutes.
    complete = matches.values("recording").annotate(count=Count("lower", distinct=True)).filter(count=len(wanted))
    return Recording.objects.filter(pk__in=complete.values("recording"))


def projects_by_name(user: User) -> QuerySet[Project]:
    """The user's projects by name."""
    return user.projects.order_by(Lower("name"))


def projects_of(user: User) -> QuerySet[Project]:
    """The user's projects by name, annotated with `count` of recordings and `shared`."""
    shared = Exists(permissions.active_shares().filter(project=OuterRef("pk")))
    return projects_by_name(user).annotate(count=Count("recordings"), shared=shared)


def project_for(user: User, pk: UUID) -> Project:
    """The user's project `pk`. Raises Http404 if it does not exist or belongs to another user."""
    return get_object_or_404(projects_of(user), pk=pk)


def tags_by_name(user: User) -> QuerySet[Tag]:
    """The user's tags by name."""
    return user.tags.order_by(Lower("name"))


def tags_of(user: User) -> QuerySet[Tag]:
    """The user's tags by name, annotated with `count` of recordings."""
    return tags_by_name(user).annotate(count=Count("recordings"))


def tag_for(user: User, pk: UUID) -> Tag:
    """The user's tag `pk`. Raises Http404 if it does not exist or belongs to another user."""
    return get_object_or_404(tags_of(user), pk=pk)


def uploads_of(user: User) -> QuerySet[Upload]:
    """The user's pending uploads: unfinished or not yet used by a recording, and not expired."""
    return user.uploads.filter(expires_at__gt=timezone.now())


def upload_for(user: User, pk: UUID) -> Upload:
    """The user's upload `pk`. Raises Http404 if it does not exist, has expired or belongs to another user."""
    return get_object_or_404(uploads_of(user), pk=pk)
