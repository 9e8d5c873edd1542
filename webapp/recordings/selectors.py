"""Reading recordings. Whoever asks says for whom: there is no other way to one."""

from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone

from webapp.accounts.models import User
from webapp.recordings.models import Recording, Transfer


def recordings_of(user: User) -> QuerySet[Recording]:
    """The user's recordings, newest first, with their files."""
    return user.recordings.order_by("-created_at").prefetch_related("files")


def recording_for(user: User, pk: UUID) -> Recording:
    """The user's recording `pk`. Raises Http404, for somebody else's as for one that does not exist."""
    return get_object_or_404(recordings_of(user), pk=pk)


def transfers_of(user: User) -> QuerySet[Transfer]:
    """The user's uploads that are unfinished or belong to no recording yet, without those that have expired."""
    return user.transfers.filter(expires_at__gt=timezone.now())


def transfer_for(user: User, pk: UUID) -> Transfer:
    """The user's upload `pk`. Raises Http404, for somebody else's or an expired one as for one that does not exist."""
    return get_object_or_404(transfers_of(user), pk=pk)
