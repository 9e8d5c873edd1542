"""Forms of django-allauth, as the pages and REST use them."""

import hashlib
from typing import Any

from allauth.account.forms import LoginForm as BaseLoginForm
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from django.core.cache import cache

from webapp.accounts.models import User


class LoginForm(BaseLoginForm):
    def add_prefix(self, field_name: str) -> str:
        """Browsers and password managers know the field by the name it has always had."""
        return "username" if field_name == "login" else super().add_prefix(field_name)


class _Once:
    """A code is looked at once: somebody who has overheard it comes too late, whether it was right or wrong.

    allauth remembers a code for one period; with a tolerance, it would be right for longer.
    """

    user: User
    cleaned_data: dict[str, Any]

    def clean_code(self) -> str:
        code = hashlib.sha256(normalize_user_code(self.cleaned_data["code"]).encode()).hexdigest()
        seconds = app_settings.TOTP_PERIOD * (2 * app_settings.TOTP_TOLERANCE + 1)
        if not cache.add(f"accounts.code?user={self.user.pk}&code={code}", True, seconds):
            raise get_adapter().validation_error("incorrect_code")
        return str(super().clean_code())  # type: ignore[misc]


class CodeForm(_Once, AuthenticateForm):
    """At the login."""


class CodeAgainForm(_Once, ReauthenticateForm):
    """Before something that a stolen session must not do."""


class FirstCodeForm(_Once, ActivateTOTPForm):
    """When the second factor is set up."""
