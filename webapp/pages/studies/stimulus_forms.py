"""Forms of stimuli."""

from __future__ import annotations  # File is generic in the stubs only

from typing import Any

from django import forms
from django.core.files.base import File

from inference.errors import InputError
from inference.media.formats import PICTURE_FORMATS
from webapp.core.errors import RequestError, field_of
from webapp.studies.models import TITLE_MAX_LENGTH, Stimulus

CONTROL = {"class": "form-control", "autocomplete": "off"}
ACCEPTED = [".mp4", ".m4v", ".mov", ".webm", *(suffix for each in PICTURE_FORMATS for suffix in each.suffixes)]
FILE_FIELDS = ("video", "picture")  # as errors name the file


class StimulusNameForm(forms.Form):
    """The name of a stimulus that is as long as its video."""

    name = forms.CharField(
        max_length=TITLE_MAX_LENGTH,
        widget=forms.TextInput(CONTROL),
        help_text="As its markers are called.",
        error_messages={"required": "Enter a name, such as advert A."},
    )

    def add_refusal(self, error: InputError | RequestError) -> None:
        """Say an error at the field that it concerns."""
        field = field_of(error)
        field = "file" if field in FILE_FIELDS else field
        self.add_error(field if field in self.fields else None, error.message)


class LengthField(forms.FloatField):
    """A length in seconds."""

    def __init__(self, **options: Any) -> None:
        errors = {"required": "Enter its length in seconds.", "invalid": "This is no number of seconds."}
        widget = forms.NumberInput(CONTROL | {"step": "any", "min": "0"})
        super().__init__(label="Length, s", widget=widget, error_messages=errors, **options)


class StimulusLengthForm(StimulusNameForm):
    """Name and length of a stimulus without a video."""

    length_s = LengthField()


class StimulusForm(StimulusNameForm):
    """A new stimulus. What its medium does not need is ignored: the page hides these fields."""

    medium = forms.ChoiceField(
        label="Participants see",
        choices=Stimulus.Medium.choices,
        initial=Stimulus.Medium.NONE,
        widget=forms.RadioSelect({"class": "form-check-input"}),
    )
    file = forms.FileField(
        widget=forms.FileInput({"class": "form-control", "accept": ",".join(ACCEPTED)}),
        help_text="A video that every browser plays: MP4 with H.264 and AAC, or WebM. Of a picture in PNG, JPEG or "
        "WebP, the pixels are kept and nothing else.",
        error_messages={"required": "Choose a file."},
    )
    length_s = LengthField(help_text="How long it is shown.")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.is_bound:
            medium = self.data.get("medium")
            self.fields["file"].required = medium in FILE_FIELDS
            self.fields["length_s"].required = medium != Stimulus.Medium.VIDEO

    def arguments(self) -> dict[str, Any]:
        """The arguments of `create_stimulus`, of a valid form."""
        data = self.cleaned_data
        file: dict[str, File[bytes]] = {data["medium"]: data["file"]} if data["medium"] in FILE_FIELDS else {}
        length_s = None if "video" in file else data["length_s"]
        return {"name": data["name"], "length_s": length_s, **file}
