"""Sharing recordings and projects, read-only, with a user or through a link."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.shortcuts import get_object_or_404
from django.utils import timezone

from webapp.accounts import services as accounts
from webapp.accounts.models import User
from webapp.audit.models import Action
from webapp.audit.services import record
from webapp.core.errors import RequestError, WebCode
from webapp.recordings import consent, permissions
from webapp.recordings.models import Project, Recording, Share

MAX_LINK_LIFETIME = timedelta(days=366)


def share_with_user(
    *, target: Recording | Project, username: str, consented: bool, note: str = "", may_download: bool = False
) -> Share:
    """Share with a user of this server until it is revoked.

    Raises RequestError(SHARING_CONSENT_MISSING | SHARE_PERSON | SHARE_EXISTS), and Http404 if it was erased meanwhile.
    """
    _require_consent(consented)
    person = User.objects.filter(username=username, is_active=True).first()
    if person is None:
        raise RequestError(
            WebCode.SHARE_PERSON,
            f"Nobody here is called “{username}”. Write the user name as its owner does, or make a link.",
            field="username",
        )
    if person == target.owner:
        raise RequestError(WebCode.SHARE_PERSON, "This is you. Name somebody else.", field="username")
    try:
        return _create(target, note, may_download, person=person)
    except IntegrityError as error:
        raise RequestError(
            WebCode.SHARE_EXISTS,
            f"It is shared with “{username}” already. Revoke that first to share it in another way.",
            field="username",
        ) from error


def create_link(
    *, target: Recording | Project, expires_at: datetime, consented: bool, note: str = "", may_download: bool = False
) -> tuple[Share, str]:
    """Create a link; returns the share and its secret, of which only the digest is stored.

    Raises RequestError(SHARING_CONSENT_MISSING | SHARE_EXPIRY), and Http404 if it was erased meanwhile.
    """
    _require_consent(consented)
    if not timezone.now() < expires_at <= timezone.now() + MAX_LINK_LIFETIME:
        raise RequestError(
            WebCode.SHARE_EXPIRY, "A link ends some time within the next 366 days. Choose when.", field="expires_at"
        )
    secret = accounts.generate_secret()
    return _create(target, note, may_download, digest=accounts.digest(secret), expires_at=expires_at), secret


def revoke(*, share: Share) -> None:
    """Delete the share, which ends the access at once."""
    with transaction.atomic():
        record(Action.SHARE_REVOKED, by=share.owner_id, owner=share.owner_id, target=share)
        share.delete()


def record_view(*, viewer: permissions.Viewer, target: Recording | Project) -> None:
    """Record when the viewer saw the recording or the project, for its owner."""
    now = timezone.now()
    not_lately = Q(last_seen_at=None) | Q(last_seen_at__lt=now - accounts.LAST_USED_PRECISION)
    with transaction.atomic():
        for share in permissions.shares_granting(viewer, target).filter(not_lately):
            Share.objects.filter(pk=share.pk).update(last_seen_at=now)
            _audit_opening(share)


def record_link_opened(*, link: Share) -> None:
    """Count that the link was opened."""
    with transaction.atomic():
        Share.objects.filter(pk=link.pk).update(openings=F("openings") + 1, last_seen_at=timezone.now())
        _audit_opening(link)


def _audit_opening(share: Share) -> None:
    link = share.pk if share.digest else None
    record(Action.SHARE_OPENED, by=share.person_id, owner=share.owner_id, target=share, link=link)


def _require_consent(consented: bool) -> None:
    if not consented:
        raise RequestError(
            WebCode.SHARING_CONSENT_MISSING,
            "Nothing is shown without the agreement of the person in it. Tick the box if it was given.",
            field="consent",
        )


def _create(
    target: Recording | Project,
    note: str,
    may_download: bool,
    *,
    person: User | None = None,
    digest: str | None = None,
    expires_at: datetime | None = None,
) -> Share:
    with transaction.atomic():
        get_object_or_404(type(target)._default_manager.select_for_update(no_key=True), pk=target.pk)
        share = Share.objects.create(
            owner=target.owner,
            recording=target if isinstance(target, Recording) else None,
            project=target if isinstance(target, Project) else None,
            person=person,
            digest=digest,
            expires_at=expires_at,
            note=note,
            may_download=may_download,
            consent_at=timezone.now(),
            consent_version=consent.SHARING_PROJECT_VERSION if isinstance(target, Project) else consent.SHARING_VERSION,
        )
        record(Action.SHARED, by=target.owner_id, owner=target.owner_id, target=share)
    return share
