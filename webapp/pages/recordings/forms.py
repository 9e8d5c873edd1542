"""Forms of recordings, projects and tags. The recordings' own checks judge the files; an error names its field."""

from pathlib import PurePath
from typing import Any

from django import forms
from django.template.defaultfilters import pluralize

from inference.errors import InputError
from webapp.accounts.models import User
from webapp.core.errors import RequestError, field_of
from webapp.recordings import consent, purposes
from webapp.recordings.models import (
    EEG_UNITS,
    MAX_TAGS,
    NOTE_MAX_LENGTH,
    TAG_MAX_LENGTH,
    Project,
    Purpose,
    Recording,
    Tag,
)
from webapp.recordings.selectors import projects_of
from webapp.recordings.services import RecordingFiles
from webapp.studies import name_pattern
from webapp.studies.name_pattern import PATTERN_MAX_LENGTH

NO_CONSENT = "Without this agreement nothing can be stored or analysed. Tick the box if it was given."


class ProjectChoiceField(forms.ModelChoiceField):
    """A project of the user; the form sets the queryset."""

    def __init__(self, **options: Any) -> None:
        widget = forms.Select({"class": "form-select"})
        super().__init__(Project.objects.none(), required=False, empty_label="No project", widget=widget, **options)

    def label_from_instance(self, project: Any) -> str:
        days = project.retention_days
        retention = f"kept for {days} day{pluralize(days)}" if days else ""
        marks = [mark for mark in (project.shared and "shared with others", retention) if mark]
        return f"{project.name} ({', '.join(marks)})" if marks else str(project.name)


class PurposeField(forms.ChoiceField):
    """What recordings are used for. Purposes that this server forbids come last, and are refused with a reason."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, widget=forms.Select({"class": "form-select"}), **options)

    def load_choices(self, *first: tuple[str, str]) -> None:
        """Set the choices by what this server allows now; `first` come first."""
        forbidden = purposes.forbidden()
        self.refusals = {each: purposes.refusal_message(each) for each in Purpose if each in forbidden}
        named = [(each.value, each.label) for each in Purpose if each is not Purpose.UNSTATED]
        allowed = [choice for choice in named if choice[0] not in self.refusals]
        refused = [choice for choice in named if choice[0] in self.refusals]
        self.choices = [*first, *allowed, *([("Not allowed on this server", refused)] if refused else [])]


class RetentionConfirmation(forms.BaseForm):
    """Asks for confirmation before a shorter retention period deletes recordings."""

    @property
    def erase_due(self) -> bool:
        return "erase_due" in self.data

    def request_confirmation(self, error: RequestError) -> None:
        """Show what would be deleted, with a box to agree."""
        box = forms.CheckboxInput({"class": "form-check-input"})
        self.fields["erase_due"] = forms.BooleanField(required=False, label="Delete them", widget=box)
        self.add_error(error.field, error.message)


class TagsField(forms.CharField):
    """Names of tags, separated by commas."""

    def __init__(self, **options: Any) -> None:
        widget = forms.TextInput({"class": "form-control", "placeholder": "Separated by commas"})
        super().__init__(required=False, max_length=1000, widget=widget, **options)

    def to_python(self, value: Any) -> Any:
        return [name for name in (part.strip() for part in (value or "").split(",")) if name]

    def validate(self, value: Any) -> None:
        if len(value) > MAX_TAGS:
            raise forms.ValidationError(f"Name {MAX_TAGS} tags at most.")
        if any(len(name) > TAG_MAX_LENGTH for name in value):
            raise forms.ValidationError(f"A tag has at most {TAG_MAX_LENGTH} characters.")

    def run_validators(self, value: Any) -> None:
        super().run_validators(", ".join(value))


class UploadForm(forms.Form):
    """The form that sends one recording in one request, for browsers without scripts."""

    video = forms.FileField(
        allow_empty_file=True, error_messages={"required": "There is no video yet. Choose the file to analyse."}
    )
    audio = forms.FileField(required=False, allow_empty_file=True)
    eeg = forms.FileField(required=False, allow_empty_file=True)
    eeg_trial = forms.IntegerField(
        required=False,
        min_value=1,
        error_messages={
            "invalid": "This is not a number. Trials are counted 1, 2, 3 …",
            "min_value": "Trials are counted from 1.",
        },
    )
    eeg_sfreq = forms.FloatField(
        required=False,
        error_messages={"invalid": "This is not a number. Enter the samples per second, such as 500."},
    )
    eeg_unit = forms.ChoiceField(required=False, choices=[("", "As the file says, or microvolts"), *EEG_UNITS])
    title = forms.CharField(required=False, max_length=200)
    model = forms.CharField(required=False)
    project = ProjectChoiceField()
    purpose = PurposeField()
    purpose_note = forms.CharField(required=False, max_length=NOTE_MAX_LENGTH)
    name_pattern = forms.CharField(
        required=False,
        strip=False,
        max_length=PATTERN_MAX_LENGTH,
        widget=forms.TextInput(
            {"class": "form-control", "autocomplete": "off", "placeholder": "{participant}_{advert}_{session}"}
        ),
        help_text="If they say whom and what they show: {participant} or names of variables in braces, * for anything.",
    )
    consent = forms.BooleanField(label=consent.TEXT, error_messages={"required": NO_CONSENT})

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["project"].queryset = projects_of(user)  # type: ignore[attr-defined]
        self.fields["purpose"].load_choices()  # type: ignore[attr-defined]

    def clean(self) -> None:
        """The name of the video fits the pattern, if there is one."""
        pattern, video = self.cleaned_data.get("name_pattern"), self.cleaned_data.get("video")
        if not pattern or video is None:
            return
        if not self.cleaned_data.get("project"):
            self.add_error("name_pattern", "Choose a project: participants are of one.")
            return
        try:
            name_pattern.assign(pattern, [PurePath(video.name).stem])
        except RequestError as error:
            self.add_error("name_pattern", error.message)

    def files_of_recording(self) -> RecordingFiles:
        """Return the files and EEG parameters of a valid form."""
        files = {name: self.cleaned_data[name] for name in ("video", "audio", "eeg", "eeg_trial", "eeg_sfreq")}
        return RecordingFiles(**files, eeg_unit=self.cleaned_data["eeg_unit"] or None)

    def add_input_error(self, error: InputError | RequestError) -> None:
        """Show an error at the field that it concerns."""
        field = field_of(error)
        self.add_error(field if field in self.fields else "video", error.message)


class RecordingForm(RetentionConfirmation, forms.ModelForm):
    """Title, project and tags of a recording."""

    project = ProjectChoiceField()
    tags = TagsField()

    class Meta:
        model = Recording
        fields = ["title", "project", "tags"]
        widgets = {"title": forms.TextInput({"class": "form-control"})}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["project"].queryset = projects_of(self.instance.owner)  # type: ignore[attr-defined]
        self.initial["tags"] = ", ".join(tag.name for tag in self.instance.tags.all())


class ProjectForm(RetentionConfirmation, forms.ModelForm):
    """A project with its purpose and retention period."""

    purpose = PurposeField(help_text="Of recordings that are uploaded to it without one.")

    class Meta:
        model = Project
        fields = ["name", "description", "purpose", "retention_days"]
        labels = {"retention_days": "Days to keep its recordings"}
        help_texts = {
            "retention_days": "A recording is deleted this many days after its upload, with everything made from it. "
            "Empty: it is kept until it is deleted by hand."
        }
        widgets = {
            "name": forms.TextInput({"class": "form-control"}),
            "description": forms.Textarea({"class": "form-control", "rows": 3}),
            "retention_days": forms.NumberInput({"class": "form-control"}),
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["purpose"].load_choices(("", "No purpose of its own"))  # type: ignore[attr-defined]


class TagForm(forms.ModelForm):
    """The name of a tag."""

    class Meta:
        model = Tag
        fields = ["name"]
        widgets = {"name": forms.TextInput({"class": "form-control"})}
