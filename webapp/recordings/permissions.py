"""Read access to recordings of others.

A viewer is a user or a share link. Writes and lists of own recordings use `selectors`, which know owners only.
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
    """All shares of the owner, newest first, expired links included."""
    return owner.shares.order_by("-created_at").select_related("person", "recording", "project")


def shares_on(target: Recording | Project) -> QuerySet[Share]:
    """All shares of one recording or project, newest first."""
    return target.shares.order_by("-created_at").select_related("person", "recording", "project")


def share_for(owner: User, pk: UUID) -> Share:
    """The owner's share `pk`. Raises Http404 if it does not exist or belongs to another user."""
    return get_object_or_404(shares_of(owner), pk=pk)


def link_for(secret: str) -> Share | None:
    """The active link with this secret."""
    return active_shares().select_related("owner", "recording", "project").filter(digest=digest(secret)).first()


def shared_with(viewer: Viewer) -> QuerySet[Recording]:
    """Recordings that are shared with the viewer, newest first."""
    shares = _active_shares_of(viewer)
    covered = Q(pk__in=shares.values("recording")) | Q(project__in=shares.values("project"))
    return Recording.objects.filter(covered).order_by("-created_at").select_related("owner")


def projects_shared_with(viewer: Viewer) -> QuerySet[Project]:
    """Projects that are shared with the viewer."""
    return Project.objects.filter(pk__in=_active_shares_of(viewer).values("project")).select_related("owner")


def shares_granting(viewer: Viewer, target: Recording | Project) -> QuerySet[Share]:
    """The active shares that let the viewer see the recording or the project."""
    if isinstance(target, Project):
        return _active_shares_of(viewer).filter(project=target)
    covering = Q(recording=target)
    if target.project_id is not None:
        covering |= Q(project=target.project_id)
    return _active_shares_of(viewer).filter(covering)


def active_shares() -> QuerySet[Share]:
    """Shares that are valid now. Never cached, so that expiry and revocation take effect at once."""
    lasting = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    return Share.objects.filter(lasting, owner__is_active=True)


def _active_shares_of(viewer: Viewer) -> QuerySet[Share]:
    shares = active_shares()
    return shares.filter(pk=viewer.pk) if isinstance(viewer, Share) else shares.filter(person=viewer)
