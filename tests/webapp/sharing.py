"""Shares for tests, by the application's services."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from webapp.accounts.models import User
from webapp.recordings import sharing
from webapp.recordings.models import Project, Recording, Share


def with_person(what: Recording | Project, person: User, **how: Any) -> Share:
    return sharing.share_with_person(what=what, username=person.get_username(), consented=True, **how)


def by_link(what: Recording | Project, **how: Any) -> tuple[Share, str]:
    """The link and its secret."""
    ends = {"expires_at": timezone.now() + timedelta(days=1)} | how
    return sharing.make_link(what=what, consented=True, **ends)
