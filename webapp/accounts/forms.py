"""Forms of django-allauth, as the pages and REST use them."""

import hashlib
from typing import Any

from allauth.account.forms import LoginForm as BaseLoginForm
from allauth.account.forms import ResetPasswordForm as BaseResetPasswordForm
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm, DeactivateTOTPForm
from django import forms
from django.core.cache import cache

from webapp.accounts.models import Token, User

# Anybody can sign up with somebody's address, again and again; asking once must not fill their mailbox.
MAX_RESET_MAILS = 3


class LoginForm(BaseLoginForm):
    def add_prefix(self, field_name: str) -> str:
        """Browsers and password managers know the field by the name it has always had."""
        return "username" if field_name == "login" else super().add_prefix(field_name)


class ResetPasswordForm(BaseResetPasswordForm):
    users: list[User]

    def clean_email(self) -> str:
        """Of the accounts that name the address without having confirmed it, the oldest get a mail each."""
        email: str = super().clean_email()
        self.users = sorted(self.users, key=lambda user: user.pk)[:MAX_RESET_MAILS]
        return email


class _SingleUseCode:
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


class MFACodeForm(_SingleUseCode, AuthenticateForm):
    """At the login."""


class MFAReauthenticateForm(_SingleUseCode, ReauthenticateForm):
    """Before something that a stolen session must not do."""


class TokensField(forms.ModelMultipleChoiceField):
    def label_from_instance(self, token: Any) -> str:
        return str(token.name)


class KeepTokensForm(forms.Form):
    """Asks which tokens made by hand outlast a change of how their person, `user`, logs in: unless ticked, none."""

    user: User
    keep = TokensField(
        Token.objects.none(),
        required=False,
        label="Which of your API tokens are to go on working? The others are revoked.",
        widget=forms.CheckboxSelectMultiple({"class": "form-check-input"}),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        manual = self.user.tokens.manual().order_by("-created_at")
        if manual:
            self.fields["keep"].queryset = manual  # type: ignore[attr-defined]
        else:
            del self.fields["keep"]

    def tokens_to_keep(self) -> list[Token]:
        """Of a valid form."""
        return list(self.cleaned_data.get("keep", ()))


class MFAActivateForm(_SingleUseCode, KeepTokensForm, ActivateTOTPForm):
    """When the second factor is set up."""


class MFADeactivateForm(KeepTokensForm, DeactivateTOTPForm):
    """When the second factor is switched off."""

    def __init__(self, *args: Any, authenticator: Authenticator, **options: Any) -> None:
        self.user = authenticator.user
        super().__init__(*args, authenticator=authenticator, **options)
