"""Making, using and revoking tokens."""

import hashlib
import secrets
from datetime import timedelta

from django.utils import timezone

from webapp.accounts.models import Token, User

SECRET_BYTES = 32
# "Last used" helps people to find a forgotten token; writing it at every call would cost more than the call.
USE_NOTED_EVERY = timedelta(minutes=10)


def make_token(*, user: User, name: str) -> tuple[Token, str]:
    """A new token and its secret, which can never be shown again."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    return Token.objects.create(user=user, name=name, digest=_digest(secret)), secret


def use_token(*, secret: str) -> Token | None:
    """The token with this secret, if there is one and its person may still log in."""
    token = Token.objects.select_related("user").filter(digest=_digest(secret), user__is_active=True).first()
    if token is not None:
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
