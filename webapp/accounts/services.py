"""Creates accounts and tokens, revokes access and checks second factors."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import timedelta

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.shortcuts import get_object_or_404
from django.utils import timezone

from webapp.accounts import selectors
from webapp.accounts.forms import MFACodeForm
from webapp.accounts.models import UNLIMITED, Scope, Token, User
from webapp.accounts.sessions import end_sessions
from webapp.audit.models import Action
from webapp.audit.services import owner_as_actor, record
from webapp.core.errors import RequestError, WebCode

SECRET_BYTES = 32
PASSWORD_BYTES = 12
# Writing `last_used_at` at every call would cost more than the call.
LAST_USED_PRECISION = timedelta(minutes=10)
TOKEN_DAYS = 90


def create_account(*, username: str, email: str = "", is_superuser: bool = False) -> str:
    """Create an account; returns its temporary password, which the user replaces at the first login.

    Raises ValidationError for a name that is taken or cannot be one.
    """
    user = User(username=username, email=email, is_superuser=is_superuser, is_staff=is_superuser)
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    user.set_password(password)
    user.password_is_temporary = True
    user.full_clean()
    user.save()
    return password


def set_quota(*, user: User, **allowed: int | None) -> None:
    """Set any of `bytes`, `minutes`, `analyses` of the user's own quota; None restores the default."""
    for name, number in allowed.items():
        assert number is None or number >= UNLIMITED
        setattr(user, f"quota_{name}", number)
    if allowed:
        with transaction.atomic():
            user.save(update_fields=[f"quota_{name}" for name in allowed])
            record(Action.QUOTA_CHANGED, by=None, owner=user.pk)


def lock_user(user: User) -> User:
    """Lock the user's row until the end of the transaction and return it fresh.

    Services lock it while they check a quota. Raises Http404 where the account is deleted or being deleted.
    """
    return get_object_or_404(User.objects.select_for_update(no_key=True), pk=user.pk, deletion_requested_at=None)


def reset_mfa(*, user: User) -> bool:
    """Delete the second factor and its recovery codes, and revoke access. False where there was none."""
    with transaction.atomic():
        is_removed = bool(Authenticator.objects.filter(user=user).delete()[0])
        if is_removed:
            revoke_access(user=user)
    return is_removed


def revoke_access(*, user: User, except_session: str | None = None, keep: Collection[Token] = ()) -> None:
    """End all sessions except the one with the key `except_session`, and revoke all tokens.

    Manually created tokens in `keep` stay.
    """
    end_sessions(user=user, except_session=except_session)
    user.tokens.revoke(by=owner_as_actor(user.pk), keep=keep)


def check_second_factor(*, user: User, code: str) -> None:
    """Check and use up a code of the user's second factor, if the user has one.

    The code is a TOTP code or a recovery code.
    Raises RequestError(CODE_REQUIRED | WRONG_CODE | TOO_MANY_CODES | SECOND_FACTOR_UNREADABLE).
    """
    if not selectors.has_second_factor(user):
        return
    if not code:
        raise RequestError(
            WebCode.CODE_REQUIRED,
            "This account has a second factor. Send `code` too: from the authenticator, or a recovery code.",
        )
    form = MFACodeForm(data={"code": code}, user=user)
    if not form.is_valid():
        if form.has_error("code", "too_many_login_attempts"):
            raise RequestError(WebCode.TOO_MANY_CODES, "Too many wrong codes. Try again in five minutes.")
        if form.has_error("code", WebCode.SECOND_FACTOR_UNREADABLE):
            raise RequestError(WebCode.SECOND_FACTOR_UNREADABLE, " ".join(form.errors["code"]))
        raise RequestError(
            WebCode.WRONG_CODE, "This code is not right, or was used before. Wait for the next one and send that."
        )
    form.authenticator.record_usage()


class TokenExpiredError(Exception):
    """The token has expired."""


def create_token(
    *,
    user: User,
    name: str,
    scopes: Collection[str] = tuple(Scope),
    expires_days: int | None = TOKEN_DAYS,
    by_login: bool = False,
) -> tuple[Token, str]:
    """A new token and its secret, which is not stored. With `expires_days=None` it does not expire."""
    secret = generate_secret()
    with transaction.atomic():
        token = Token.objects.create(
            user=user,
            name=name,
            digest=digest(secret),
            scopes=[scope for scope in Scope if scope in scopes],
            by_login=by_login,
            expires_at=None if expires_days is None else timezone.now() + timedelta(days=expires_days),
        )
        record(Action.TOKEN_MADE, by=user.pk, owner=user.pk, target=token)
    return token, secret


def use_token(*, secret: str) -> Token | None:
    """The token with this secret, if it exists and its user is active. Raises TokenExpiredError."""
    token = Token.objects.select_related("user").filter(digest=digest(secret), user__is_active=True).first()
    if token is not None:
        if token.expired:
            raise TokenExpiredError
        now = timezone.now()
        if token.last_used_at is None or token.last_used_at < now - LAST_USED_PRECISION:
            token.last_used_at = now
            if not Token.objects.filter(pk=token.pk).update(last_used_at=now):
                return None  # revoked meanwhile
    return token


def revoke_token(*, user: User, pk: int) -> None:
    """Delete the user's own token `pk`; another user's stays."""
    user.tokens.filter(pk=pk).revoke(by=user.pk)


def generate_secret() -> str:
    """A random secret of SECRET_BYTES bytes in hexadecimal digits."""
    return secrets.token_hex(SECRET_BYTES)


def digest(secret: str) -> str:
    """The stored form of a secret."""
    # The secret is random and long: a plain digest needs no salt.
    return hashlib.sha256(secret.encode()).hexdigest()
