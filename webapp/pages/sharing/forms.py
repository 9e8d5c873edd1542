"""Forms for sharing a recording or a project with a person or by a link."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from webapp.recordings import consent

ON_A_DATE = "date"
CHECKBOX = {"class": "form-check-input"}


class ShareForm(forms.Form):
    """What both ways of sharing have in common."""

    note = forms.CharField(
        label="Note",
        required=False,
        max_length=200,
        help_text="Only you see it.",
        widget=forms.TextInput({"class": "form-control"}),
    )
    may_download = forms.BooleanField(
        label="May download files: the labelled video, the one with chapters and exports",
        required=False,
        widget=forms.CheckboxInput(CHECKBOX),
    )
    consent = forms.BooleanField(
        label=consent.SHARING_TEXT,
        widget=forms.CheckboxInput(CHECKBOX),
        error_messages={"required": "Nothing can be shared without this agreement. Tick the box if it was given."},
    )

    def __init__(self, *args: Any, is_project: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if is_project:
            self.fields["consent"].label = consent.SHARING_PROJECT_TEXT


class UserShareForm(ShareForm):
    """Shares with a user of this installation."""

    username = forms.CharField(
        label="User name",
        max_length=150,
        widget=forms.TextInput({"class": "form-control", "autocapitalize": "none", "autocomplete": "off"}),
        error_messages={"required": "Enter the user name of the person."},
    )
    field_order = ["username", "note", "may_download", "consent"]


class LinkShareForm(ShareForm):
    """Shares by a link, which expires."""

    expires = forms.ChoiceField(
        label="It ends",
        choices=[("1", "in a day"), ("7", "in 7 days"), ("30", "in 30 days"), (ON_A_DATE, "with the day chosen below")],
        initial="7",
        widget=forms.Select({"class": "form-select"}),
    )
    day = forms.DateField(
        label="Last day",
        required=False,
        help_text="Only where the link ends with a chosen day. That day still counts.",
        widget=forms.DateInput({"class": "form-control", "type": "date"}),
        error_messages={"invalid": "This is not a date. Write it as 2026-12-31."},
    )
    field_order = ["expires", "day", "note", "may_download", "consent"]

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        by_date = self.cleaned_data.get("expires") == ON_A_DATE
        if by_date and not self.cleaned_data.get("day") and not self.has_error("day"):
            self.add_error("day", "Choose the last day.")
        return cleaned

    def expires_at(self) -> datetime:
        """Return when the link of a valid form expires."""
        expires = self.cleaned_data["expires"]
        if expires == ON_A_DATE:
            return datetime.combine(self.cleaned_data["day"], time.max, UTC)
        return timezone.now() + timedelta(days=int(expires))

    def add_error(self, field: str | None, error: Any) -> None:
        super().add_error("day" if field == "expires_at" else field, error)
