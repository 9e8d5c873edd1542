"""Reading accounts: tokens, the second factor, what somebody may use."""

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from webapp.accounts.models import UNLIMITED, Token, User
from webapp.core.quota import Quota


def tokens_of(user: User) -> QuerySet[Token]:
    """The user's tokens, newest first."""
    return user.tokens.order_by("-created_at")


def has_second_factor(user: User) -> bool:
    return bool(is_mfa_enabled(user, [Authenticator.Type.TOTP]))


def quota_of(user: User) -> Quota:
    """What the user may use: their own quota where there is one, else everybody's."""
    everybody: Quota = settings.QUOTA

    def chosen(own: int | None, otherwise: int | None) -> int | None:
        return otherwise if own is None else None if own == UNLIMITED else own

    return Quota(
        bytes=chosen(user.quota_bytes, everybody.bytes),
        minutes=chosen(user.quota_minutes, everybody.minutes),
        analyses=chosen(user.quota_analyses, everybody.analyses),
    )


def token_for(user: User, pk: int) -> Token:
    """The user's token `pk`. Raises Http404, for somebody else's as for one that does not exist."""
    return get_object_or_404(tokens_of(user), pk=pk)
