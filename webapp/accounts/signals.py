"""What libraries do with accounts, for the audit log: signing in, and the second factor."""

from typing import Any

from allauth.mfa.models import Authenticator
from axes.helpers import get_cool_off

from webapp.accounts import first_password
from webapp.accounts.models import User
from webapp.audit.models import Action
from webapp.audit.services import owner_as_actor, record, record_throttled


def on_logged_in(user: User, **_: Any) -> None:
    record(Action.SIGNED_IN, by=user.pk, owner=user.pk)
    first_password.delete_password_of(user.get_username())


def on_login_failed(credentials: dict[str, Any], **_: Any) -> None:
    record(Action.SIGN_IN_FAILED, by=None, owner=_user_id(credentials.get("username")))


def on_code_failed(user: User, **_: Any) -> None:
    record(Action.SIGN_IN_FAILED, by=None, owner=user.pk)


def on_locked_out(request: Any, username: str, **_: Any) -> None:
    """Told again at each attempt while it lasts."""
    lasts = get_cool_off(request)
    seconds = lasts.total_seconds() if lasts else 0
    record_throttled(Action.LOCKED_OUT, every_s=seconds, by=None, owner=_user_id(username))


def on_authenticator_saved(instance: Authenticator, created: bool, **_: Any) -> None:
    if created and instance.type == Authenticator.Type.TOTP:
        record(Action.SECOND_FACTOR_ON, by=owner_as_actor(instance.user_id), owner=instance.user_id)


def on_authenticator_deleted(instance: Authenticator, **_: Any) -> None:
    if instance.type == Authenticator.Type.TOTP:
        record(Action.SECOND_FACTOR_OFF, by=owner_as_actor(instance.user_id), owner=instance.user_id)


def _user_id(username: str | None) -> int | None:
    """What somebody typed as a name is not kept, it may be a password; only whose name it is, if anybody's."""
    return User.objects.filter(username=username).values_list("pk", flat=True).first()
