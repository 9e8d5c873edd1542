"""Sharing: letting a person, or whoever has a link, look at a recording or a project. Looking is all it allows."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from webapp.accounts import services as accounts
from webapp.accounts.models import User
from webapp.audit.models import Action
from webapp.audit.services import record
from webapp.core.errors import RequestError, WebCode
from webapp.recordings import consent, permissions
from webapp.recordings.models import Project, Recording, Share

LONGEST = timedelta(days=366)


def share_with_person(
    *, what: Recording | Project, username: str, consented: bool, note: str = "", may_download: bool = False
) -> Share:
    """Let somebody who has an account here look, until it is revoked.

    Raises RequestError(SHARING_CONSENT_MISSING | SHARE_PERSON | SHARE_EXISTS).
    """
    _require_consent(consented)
    person = User.objects.filter(username=username, is_active=True).first()
    if person is None:
        raise RequestError(
            WebCode.SHARE_PERSON,
            f"Nobody here is called “{username}”. Write the user name as its owner does, or make a link.",
            field="username",
        )
    if person == what.owner:
        raise RequestError(WebCode.SHARE_PERSON, "This is you. Name somebody else.", field="username")
    try:
        return _make(what, note, may_download, person=person)
    except IntegrityError as error:
        raise RequestError(
            WebCode.SHARE_EXISTS,
            f"It is shared with “{username}” already. Revoke that first to share it in another way.",
            field="username",
        ) from error


def make_link(
    *, what: Recording | Project, expires_at: datetime, consented: bool, note: str = "", may_download: bool = False
) -> tuple[Share, str]:
    """A link for somebody without an account: the row and the secret, which can never be shown again.

    Raises RequestError(SHARING_CONSENT_MISSING | SHARE_EXPIRY).
    """
    _require_consent(consented)
    if not timezone.now() < expires_at <= timezone.now() + LONGEST:
        raise RequestError(
            WebCode.SHARE_EXPIRY, "A link ends some time within the next 366 days. Choose when.", field="expires_at"
        )
    secret = accounts.fresh_secret()
    return _make(what, note, may_download, digest=accounts.digest(secret), expires_at=expires_at), secret


def revoke(*, share: Share) -> None:
    """From now on nobody sees anything by it."""
    with transaction.atomic():
        record(Action.SHARE_REVOKED, by=share.owner_id, owner=share.owner_id, target=share)
        share.delete()


def note_seen(*, viewer: permissions.Viewer, recording: Recording) -> None:
    """Note when somebody looked, for the owner."""
    now = timezone.now()
    before = Q(last_seen_at=None) | Q(last_seen_at__lt=now - accounts.USE_NOTED_EVERY)
    with transaction.atomic():
        for share in permissions.allowing(viewer, recording).filter(before):
            Share.objects.filter(pk=share.pk).update(last_seen_at=now)
            _record_opening(share)


def note_opening(*, link: Share) -> None:
    with transaction.atomic():
        Share.objects.filter(pk=link.pk).update(openings=F("openings") + 1, last_seen_at=timezone.now())
        _record_opening(link)


def _record_opening(share: Share) -> None:
    link = share.pk if share.digest else None
    record(Action.SHARE_OPENED, by=share.person_id, owner=share.owner_id, target=share, link=link)


def _require_consent(consented: bool) -> None:
    if not consented:
        raise RequestError(
            WebCode.SHARING_CONSENT_MISSING,
            "Nothing is shown without the agreement of the person in it. Tick the box if it was given.",
            field="consent",
        )


def _make(
    what: Recording | Project,
    note: str,
    may_download: bool,
    *,
    person: User | None = None,
    digest: str | None = None,
    expires_at: datetime | None = None,
) -> Share:
    with transaction.atomic():
        share = Share.objects.create(
            owner=what.owner,
            recording=what if isinstance(what, Recording) else None,
            project=what if isinstance(what, Project) else None,
            person=person,
            digest=digest,
            expires_at=expires_at,
            note=note,
            may_download=may_download,
            consent_at=timezone.now(),
            consent_version=consent.SHARING_PROJECT_VERSION if isinstance(what, Project) else consent.SHARING_VERSION,
        )
        record(Action.SHARED, by=what.owner_id, owner=what.owner_id, target=share)
    return share
