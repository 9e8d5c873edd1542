"""Forms of the result page."""

from typing import Any, Self

from django import forms
from django.template.defaultfilters import pluralize

from inference.annotations.reader import MARKER_FORMATS, TRANSCRIPT_FORMATS, AnnotationFormat
from inference.errors import InputError
from webapp.accounts.models import User
from webapp.core.errors import RequestError
from webapp.recordings.models import Project, Recording
from webapp.studies import annotation_imports
from webapp.studies.annotation_imports import MarkerImport
from webapp.studies.markers import NewMarker
from webapp.studies.models import TITLE_MAX_LENGTH, Marker

SMALL = {"class": "form-control form-control-sm numbers", "step": "any", "min": "0"}
SMALL_TEXT = {"class": "form-control form-control-sm", "autocomplete": "off"}
SMALL_SELECT = {"class": "form-select form-select-sm"}
FORMAT_NAMES = {
    "csv": "CSV: start, end, kind, name",
    "eaf": "ELAN (.eaf)",
    "bids": "BIDS events (.tsv)",
    "textgrid": "Praat TextGrid",
    "xdf": "Lab Streaming Layer (.xdf)",
    "vtt": "WebVTT",
    "srt": "SubRip (.srt)",
}


class BaselineForm(forms.Form):
    """The neutral span, in seconds."""

    start_s = forms.FloatField()
    end_s = forms.FloatField()


class MarkerForm(forms.Form):
    """A marker; without an end, a moment."""

    start_s = forms.FloatField(
        label="From, s",
        widget=forms.NumberInput(SMALL),
        error_messages={"required": "Say when it begins.", "invalid": "This is no number of seconds."},
    )
    end_s = forms.FloatField(
        label="To, s",
        required=False,
        widget=forms.NumberInput(SMALL),
        error_messages={"invalid": "This is no number of seconds."},
    )
    kind = forms.ChoiceField(choices=Marker.Kind.choices, initial=Marker.Kind.EVENT, widget=forms.Select(SMALL_SELECT))
    name = forms.CharField(
        required=False,
        max_length=TITLE_MAX_LENGTH,
        widget=forms.TextInput(SMALL_TEXT | {"list": "marker-names"}),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"auto_id": "marker-%s"} | options)

    def marker(self) -> NewMarker:
        """The marker of a valid form."""
        data = self.cleaned_data
        end_s = data["start_s"] if data["end_s"] is None else data["end_s"]
        return NewMarker(data["start_s"], end_s, Marker.Kind(data["kind"]), data["name"].strip())


class ImportForm(forms.Form):
    """A file of another tool."""

    file = forms.FileField(
        allow_empty_file=True,
        widget=forms.FileInput({"class": "form-control form-control-sm"}),
        error_messages={"required": "Choose a file first."},
    )
    format = forms.ChoiceField(required=False, widget=forms.Select(SMALL_SELECT))

    def __init__(self, *args: Any, formats: tuple[AnnotationFormat, ...], **options: Any) -> None:
        super().__init__(*args, **options)
        known = [(name, FORMAT_NAMES[name]) for name in formats]
        self.fields["format"].choices = [("", "As its name says"), *known]  # type: ignore[attr-defined]

    def refused(self, message: str) -> Self:
        """The same, bound form of a request that was refused before it was read."""
        self.errors.clear()
        self.add_error("file", message)
        return self

    def chosen_format(self) -> AnnotationFormat | None:
        """The format of a valid form, if one is chosen."""
        chosen = self.cleaned_data["format"]
        return AnnotationFormat(chosen) if chosen else None


class MarkerImportForm(ImportForm):
    """A file with markers."""

    zero_stream = forms.CharField(
        required=False,
        label="Stream that begins with the recording",
        help_text="Of XDF only: its first sample is the recording's start.",
        widget=forms.TextInput(SMALL_TEXT),
    )

    def __init__(self, *args: Any) -> None:
        super().__init__(*args, formats=MARKER_FORMATS, auto_id="markers-%s")

    def import_into(self, target: Recording | Project, *, by: User) -> MarkerImport | None:
        """Add the file's markers. None where the form or the file is refused, which the form then says."""
        if not self.is_valid():
            return None
        data = self.cleaned_data
        try:
            return annotation_imports.import_markers(
                target=target,
                by=by,
                file=data["file"],
                name=self.chosen_format(),
                zero_stream=data["zero_stream"],
            )
        except (InputError, RequestError) as error:
            self.add_error("file", error.message)
            return None


class TranscriptImportForm(ImportForm):
    """A file with a transcript."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args, formats=TRANSCRIPT_FORMATS, auto_id="transcript-%s")


def import_message(imported: MarkerImport) -> str:
    """What an import has done, for the person who sent the file."""
    count, present = len(imported.added), imported.present
    if not count:
        return "All markers of the file are there already: none is added."
    there = f" {present} {pluralize(present, 'was,were')} there already." if present else ""
    return f"{count} new marker{pluralize(count)} added.{there}"
