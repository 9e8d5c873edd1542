"""Forms of the account pages: name, password, API tokens, deletion."""

from typing import Any

from allauth.account.adapter import get_adapter
from django import forms
from django.contrib.auth.forms import PasswordChangeForm

from webapp.accounts.forms import KeepTokensForm
from webapp.accounts.models import Scope, User
from webapp.accounts.services import TOKEN_DAYS
from webapp.pages.form_fields import checkboxes


class TokenForm(forms.Form):
    """Name, scopes and expiry of a new API token."""

    name = forms.CharField(
        label="Name",
        max_length=100,
        widget=forms.TextInput({"class": "form-control", "placeholder": "e.g. lab notebook"}),
        error_messages={"required": "Enter a name by which you will recognise the token."},
    )
    scopes = checkboxes(
        "Scopes",
        [(scope, f"{scope}: {scope.label}") for scope in Scope],
        "Choose at least one scope.",
        [Scope.READ, Scope.WRITE],
    )
    expires = forms.ChoiceField(
        label="It expires",
        choices=[("30", "in 30 days"), ("90", "in 90 days"), ("365", "in a year"), ("never", "never")],
        initial=str(TOKEN_DAYS),
        widget=forms.Select({"class": "form-select"}),
    )

    def days(self) -> int | None:
        """Return how long the token of a valid form lasts; None is for ever."""
        expires = self.cleaned_data["expires"]
        return None if expires == "never" else int(expires)


class NameForm(forms.ModelForm):
    """The first and last name of the user."""

    class Meta:
        model = User
        fields = ["first_name", "last_name"]


class DeleteAccountForm(forms.Form):
    """Confirms the deletion by user name and password."""

    username = forms.CharField(label="Your user name")
    password = forms.CharField(label="Your password", strip=False, widget=forms.PasswordInput)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"]
        if username != self.user.get_username():
            raise forms.ValidationError(f"This is not your user name. Type {self.user.get_username()} to go on.")
        return username

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not get_adapter().reauthenticate(self.user, password):
            raise forms.ValidationError("This is not your password.")
        return password


class ChangePasswordForm(KeepTokensForm, PasswordChangeForm):
    """The password change, which keeps the API tokens that the user ticks."""

    def save(self, commit: bool = True) -> User:
        self.user.tokens_to_keep = self.tokens_to_keep()
        return super().save(commit)

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        old = self.cleaned_data.get("old_password")
        if old and old == self.cleaned_data.get("new_password1"):
            self.add_error("new_password1", "This is the present password. Choose another one.")
        return cleaned
