"""Who may look at what is not their own.

A viewer is a person with an account, or a link. Every write, and every list of one's own, asks `selectors` instead,
which know only owners.
"""

from uuid import UUID

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone

from webapp.accounts.models import User
from webapp.accounts.services import digest
from webapp.recordings.models import Project, Recording, Share

Viewer = User | Share


def shares_of(owner: User) -> QuerySet[Share]:
    """Everything that the owner shares, the latest first; expired links too."""
    return owner.shares.order_by("-created_at").select_related("person", "recording", "project")


def shares_on(what: Recording | Project) -> QuerySet[Share]:
    return what.shares.order_by("-created_at").select_related("person", "recording", "project")


def share_for(owner: User, pk: UUID) -> Share:
    """The owner's share `pk`. Raises Http404, for somebody else's as for one that does not exist."""
    return get_object_or_404(shares_of(owner), pk=pk)


def link_with(secret: str) -> Share | None:
    """The link with this secret, if it is still good."""
    return good().select_related("owner", "recording", "project").filter(digest=digest(secret)).first()


def shared_with(viewer: Viewer) -> QuerySet[Recording]:
    """What a viewer may look at without owning it, newest first."""
    shares = _of(viewer)
    covered = Q(pk__in=shares.values("recording")) | Q(project__in=shares.values("project"))
    return Recording.objects.filter(covered).order_by("-created_at").select_related("owner")


def allowing(viewer: Viewer, recording: Recording) -> QuerySet[Share]:
    """The shares by which a viewer sees a recording."""
    covering = Q(recording=recording)
    if recording.project_id is not None:
        covering |= Q(project=recording.project_id)
    return _of(viewer).filter(covering)


def _of(viewer: Viewer) -> QuerySet[Share]:
    return good().filter(pk=viewer.pk) if isinstance(viewer, Share) else good().filter(person=viewer)


def good() -> QuerySet[Share]:
    """Shares that count at this moment: asked anew each time, so that the end of one is the end at once."""
    lasting = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    return Share.objects.filter(lasting, owner__is_active=True)
