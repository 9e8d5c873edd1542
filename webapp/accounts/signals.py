"""Signal handlers that record logins and second factors in the audit log."""

from typing import Any

from allauth.mfa.models import Authenticator
from axes.helpers import get_cool_off

from webapp.accounts import first_password
from webapp.accounts.models import User
from webapp.audit.models import Action
from webapp.audit.services import owner_as_actor, record, record_throttled


def on_logged_in(user: User, **_: Any) -> None:
    """Record a login; the first one deletes the file of the first password."""
    record(Action.SIGNED_IN, by=user.pk, owner=user.pk)
    first_password.delete_password_of(user.get_username())


def on_login_failed(credentials: dict[str, Any], **_: Any) -> None:
    """Record a wrong password."""
    record(Action.SIGN_IN_FAILED, by=None, owner=_user_id(credentials.get("username")))


def on_code_failed(user: User, **_: Any) -> None:
    """Record a wrong code."""
    record(Action.SIGN_IN_FAILED, by=None, owner=user.pk)


def on_locked_out(request: Any, username: str, **_: Any) -> None:
    """Sent again at each attempt during the lockout."""
    cool_off = get_cool_off(request)
    seconds = cool_off.total_seconds() if cool_off else 0
    record_throttled(Action.LOCKED_OUT, every_s=seconds, by=None, owner=_user_id(username))


def on_authenticator_saved(instance: Authenticator, created: bool, **_: Any) -> None:
    """Record that TOTP was set up."""
    if created and instance.type == Authenticator.Type.TOTP:
        record(Action.SECOND_FACTOR_ON, by=owner_as_actor(instance.user_id), owner=instance.user_id)


def on_authenticator_deleted(instance: Authenticator, **_: Any) -> None:
    """Record that TOTP was removed."""
    if instance.type == Authenticator.Type.TOTP:
        record(Action.SECOND_FACTOR_OFF, by=owner_as_actor(instance.user_id), owner=instance.user_id)


def _user_id(username: str | None) -> int | None:
    """The id of the user with this name. The typed text is not recorded, since it may be a password."""
    return User.objects.filter(username=username).values_list("pk", flat=True).first()
