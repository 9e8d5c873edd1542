"""django-allauth's forms, adapted for the pages and REST."""

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

# Many accounts may name one unconfirmed address; a reset request must not flood its mailbox.
MAX_RESET_MAILS = 3


class LoginForm(BaseLoginForm):
    """Signs in by username and password."""

    def add_prefix(self, field_name: str) -> str:
        """Keep the field name `username`, which browsers and password managers know."""
        return "username" if field_name == "login" else super().add_prefix(field_name)


class ResetPasswordForm(BaseResetPasswordForm):
    """Requests a password reset by mail."""

    users: list[User]

    def clean_email(self) -> str:
        """Limit the mails to the oldest MAX_RESET_MAILS accounts that name the address."""
        email: str = super().clean_email()
        self.users = sorted(self.users, key=lambda user: user.pk)[:MAX_RESET_MAILS]
        return email


class _SingleUseCode:
    """Accepts each code at most once, so that an observed code cannot be replayed.

    allauth remembers used codes for one period, but with a tolerance they stay valid for longer.
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
    """The second step of a login."""


class MFAReauthenticateForm(_SingleUseCode, ReauthenticateForm):
    """Re-authentication before a sensitive change."""


class TokensField(forms.ModelMultipleChoiceField):
    """Shows tokens by their names."""

    def label_from_instance(self, token: Any) -> str:
        return str(token.name)


class KeepTokensForm(forms.Form):
    """Lets `user` choose which manually created tokens survive a change of credentials; by default none."""

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
        """The chosen tokens of a valid form."""
        return list(self.cleaned_data.get("keep", ()))


class MFAActivateForm(_SingleUseCode, KeepTokensForm, ActivateTOTPForm):
    """Sets up the second factor."""


class MFADeactivateForm(KeepTokensForm, DeactivateTOTPForm):
    """Switches the second factor off."""

    def __init__(self, *args: Any, authenticator: Authenticator, **options: Any) -> None:
        self.user = authenticator.user
        super().__init__(*args, authenticator=authenticator, **options)
