"""Shares for tests, by the application's services."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from webapp.accounts.models import User
from webapp.recordings import sharing
from webapp.recordings.models import Project, Recording, Share


def with_person(what: Recording | Project, person: User, **how: Any) -> Share:
    return sharing.share_with_user(target=what, username=person.get_username(), consented=True, **how)


def by_link(what: Recording | Project, **how: Any) -> tuple[Share, str]:
    """The link and its secret."""
    ends = {"expires_at": timezone.now() + timedelta(days=1)} | how
    return sharing.create_link(target=what, consented=True, **ends)
