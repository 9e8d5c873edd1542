"""Queries of accounts: tokens, second factor, quota."""

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
    """Whether the user has set up TOTP."""
    return bool(is_mfa_enabled(user, [Authenticator.Type.TOTP]))


def quota_of(user: User) -> Quota:
    """The user's own quota where it is set, else the installation's default."""
    default: Quota = settings.QUOTA

    def resolve(own: int | None, fallback: int | None) -> int | None:
        return fallback if own is None else None if own == UNLIMITED else own

    return Quota(
        bytes=resolve(user.quota_bytes, default.bytes),
        minutes=resolve(user.quota_minutes, default.minutes),
        analyses=resolve(user.quota_analyses, default.analyses),
    )


def token_for(user: User, pk: int) -> Token:
    """The user's token `pk`. Raises Http404 where it does not exist or belongs to another user."""
    return get_object_or_404(tokens_of(user), pk=pk)
