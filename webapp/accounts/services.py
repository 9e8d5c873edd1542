"""Making, using and revoking tokens."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import timedelta

from django.utils import timezone

from webapp.accounts.models import Scope, Token, User

SECRET_BYTES = 32
# "Last used" helps people to find a forgotten token; writing it at every call would cost more than the call.
USE_NOTED_EVERY = timedelta(minutes=10)
TOKEN_DAYS = 90


class TokenExpiredError(Exception):
    """The token was good once."""


def make_token(
    *, user: User, name: str, scopes: Collection[str] = tuple(Scope), expires_days: int | None = TOKEN_DAYS
) -> tuple[Token, str]:
    """A new token and its secret, which can never be shown again. With None for its days it does not expire."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    token = Token.objects.create(
        user=user,
        name=name,
        digest=_digest(secret),
        scopes=[scope for scope in Scope if scope in scopes],
        expires_at=None if expires_days is None else timezone.now() + timedelta(days=expires_days),
    )
    return token, secret


def use_token(*, secret: str) -> Token | None:
    """The token with this secret, if there is one and its person may still log in. Raises TokenExpiredError."""
    token = Token.objects.select_related("user").filter(digest=_digest(secret), user__is_active=True).first()
    if token is not None:
        if token.expired:
            raise TokenExpiredError
        now = timezone.now()
        if token.last_used_at is None or token.last_used_at < now - USE_NOTED_EVERY:
            token.last_used_at = now
            token.save(update_fields=["last_used_at"])
    return token


def revoke_token(*, user: User, pk: int) -> None:
    """Forget the user's own token `pk`; somebody else's stays."""
    Token.objects.filter(user=user, pk=pk).delete()


def _digest(secret: str) -> str:
    # The secret is random and long, so a plain digest cannot be guessed back and needs no salt.
    return hashlib.sha256(secret.encode()).hexdigest()
