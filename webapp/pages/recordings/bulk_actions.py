"""Actions on many recordings at once: each is a form that asks for its parameters, and runs once it is valid."""

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponseBase, QueryDict
from django.template.defaultfilters import pluralize

from webapp.accounts.models import User
from webapp.analyses import bulk, selectors
from webapp.analyses.downloads.archive import analyses_archive, zip_response
from webapp.analyses.models import Analysis
from webapp.core.errors import RequestError, WebCode
from webapp.pages import model_cards
from webapp.pages.display_names import EXPORTS
from webapp.pages.recordings import search
from webapp.pages.recordings.forms import ProjectChoiceField, RetentionConfirmation, TagsField
from webapp.pages.recordings.losses import losses_sentence
from webapp.pages.recordings.marker_template import TEMPLATE_EXAMPLE, parse_template
from webapp.recordings import projects_and_tags
from webapp.recordings.models import CODE_MAX_LENGTH, Recording
from webapp.recordings.selectors import projects_of, recordings_of
from webapp.studies.markers import NewMarker, apply_template
from webapp.studies.models import TITLE_MAX_LENGTH
from webapp.studies.participants import assign_recordings

MAX_RECORDINGS = 10_000  # at once
MAX_UNCONFIRMED = 20  # deleting more takes typing their number


@dataclass(frozen=True)
class BulkResult:
    """A message, failed titles by reason, the number of recordings still to do, or a file to download."""

    message: str = ""
    failed: dict[str, list[str]] = field(default_factory=dict)
    remaining: int = 0
    file: HttpResponseBase | None = None


def recording_count(count: int) -> str:
    """Return the number with its noun: 1 recording, 2 recordings."""
    return f"{count} recording{pluralize(count)}"


def selected_recordings(user: User, data: QueryDict) -> list[Recording]:
    """Return the user's recordings that a form names: by id, or `all` that its `filters` find.

    The list is empty where the form names nothing.

    Raises:
        Http404: none of the named recordings exists.
        RequestError: TOO_MANY.
    """
    if data.get("all"):
        recordings = list(
            search.search_recordings(user, QueryDict(data.get("filters", ""))).recordings[: MAX_RECORDINGS + 1]
        )
        _check_count(len(recordings))
        return recordings
    named = [name for name in [*data.getlist("recording"), *data.get("recordings", "").split(",")] if name]
    _check_count(len(named))
    recordings = list(recordings_of(user).filter(pk__in=[pk for pk in map(_uuid, named) if pk]))
    if named and not recordings:
        raise Http404
    return recordings


def _check_count(count: int) -> None:
    if count > MAX_RECORDINGS:
        raise RequestError(
            WebCode.TOO_MANY, f"These are more than {MAX_RECORDINGS} recordings. Narrow them down by the filters."
        )


class BulkAction(RetentionConfirmation, forms.Form):
    """A form for an action on `recordings`, which `run` performs."""

    heading: str
    button: str
    description = ""
    danger = False

    def __init__(self, *args: Any, user: User, recordings: list[Recording], **options: Any) -> None:
        super().__init__(*args, **options)
        self.user = user
        self.recordings = recordings
        self.prepare()

    def prepare(self) -> None:
        """Adapt the fields to the user and the recordings."""

    @abstractmethod
    def run(self) -> BulkResult:
        """Perform the action on all recordings with the values of the valid form."""


class Analyse(BulkAction):
    """Analyse the recordings again, with a chosen model."""

    heading = "Analyse again"
    button = "Analyse again"
    description = "Each recording gets a new analysis. Earlier analyses stay."
    model = forms.ChoiceField(required=False, widget=forms.Select({"class": "form-select"}))

    def prepare(self) -> None:
        known = [(model.name, f"{model.name}: {model.description}") for model in model_cards.selectable_models()]
        self.fields["model"].choices = [("", "Choose for me, depending on EEG"), *known]  # type: ignore[attr-defined]

    def run(self) -> BulkResult:
        outcome = bulk.analyse_again(recordings=self.recordings, model=self.cleaned_data["model"] or None)
        return BulkResult(f"{recording_count(outcome.done)} will be analysed again.", outcome.failed)


class Export(BulkAction):
    """Download one timeline of each recording."""

    heading = "Export"
    button = "Download"
    description = (
        "A zip file with one folder a recording and a list of the contents. Each folder has the timeline that was "
        "corrected last, or the latest one if none is corrected."
    )
    formats = forms.MultipleChoiceField(
        choices=list(EXPORTS.items()),
        initial=["csv"],
        widget=forms.CheckboxSelectMultiple({"class": "form-check-input"}),
        error_messages={"required": "Choose at least one format."},
    )
    video = forms.BooleanField(
        required=False, label="Labelled videos too", widget=forms.CheckboxInput({"class": "form-check-input"})
    )

    def prepare(self) -> None:
        mine = selectors.analyses_of(self.user).filter(recording__in=self.recordings)
        self.timelines = selectors.analyses_to_export(mine)
        if lacking := len(self.recordings) - len(self.timelines):
            verbs = pluralize(lacking, "has,have"), pluralize(lacking, "is,are")
            self.description += f" {lacking} of them {verbs[0]} no timeline yet and {verbs[1]} left out."

    def clean(self) -> None:
        if not self.timelines:
            raise ValidationError("None of these recordings has a timeline yet. Come back when one is ready.")

    def run(self) -> BulkResult:
        formats, video = self.cleaned_data["formats"], self.cleaned_data["video"]
        return BulkResult(file=zip_response(analyses_archive(self.user, self.timelines, formats, with_video=video)))


class Move(BulkAction):
    """Move the recordings to a project, which can be new."""

    heading = "Move to a project"
    button = "Move"
    description = (
        "A recording is in one project at most, so it leaves its present project, with its participant and its values "
        "of variables."
    )
    project = ProjectChoiceField()
    new_project = forms.CharField(
        required=False,
        max_length=100,
        label="Or a new project",
        widget=forms.TextInput({"class": "form-control", "placeholder": "Its name"}),
    )

    def prepare(self) -> None:
        self.fields["project"].queryset = projects_of(self.user)  # type: ignore[attr-defined]

    def run(self) -> BulkResult:
        project = self.cleaned_data["project"]
        if name := self.cleaned_data["new_project"]:
            project = projects_and_tags.create_project(owner=self.user, name=name)
        losses = projects_and_tags.move_to_project(
            recordings=self.recordings, project=project, erase_due=self.erase_due
        )
        where = f"in “{project.name}” now" if project else "in no project any more"
        return BulkResult(f"{recording_count(len(self.recordings))}: {where}.{losses_sentence(losses)}")


class AssignParticipant(BulkAction):
    """Say whom the recordings show."""

    heading = "Participant"
    button = "Assign"
    description = "All of them show the same person. A code that is new in the project becomes a participant."
    code = forms.CharField(
        required=False,
        max_length=CODE_MAX_LENGTH,
        label="Code of the participant",
        help_text="Such as P01. Empty: the recordings have no participant any more.",
        widget=forms.TextInput({"class": "form-control", "autocomplete": "off"}),
    )

    def clean(self) -> None:
        projects = {recording.project_id for recording in self.recordings}
        if len(projects) > 1 or None in projects:
            raise ValidationError("Participants are of a project. Choose recordings that are in one and the same.")

    def run(self) -> BulkResult:
        code = " ".join(self.cleaned_data["code"].split())
        project = self.recordings[0].project
        assert project is not None
        codes = {recording.pk: code for recording in self.recordings}
        assign_recordings(project=project, by=self.user, codes=codes)
        shown = f"show participant {code} now" if code else "have no participant any more"
        return BulkResult(f"{recording_count(len(self.recordings))} {shown}.")


class AddMarkers(BulkAction):
    """Set the same markers on all recordings."""

    heading = "Markers"
    button = "Set markers"
    description = "Each recording gets these markers. Where one does not fit into a recording, none is set on any."
    markers = forms.CharField(
        label="Markers",
        help_text="One a line: start, end, kind (stimulus, event, baseline or exclude), name; times in seconds.",
        widget=forms.Textarea({"class": "form-control", "rows": 5, "placeholder": TEMPLATE_EXAMPLE}),
        error_messages={"required": "Write a marker first, such as 0, 10, baseline, rest."},
    )
    anchor = forms.CharField(
        required=False,
        max_length=TITLE_MAX_LENGTH,
        label="Times count from the marker called",
        help_text="Empty: from the start of each recording.",
        widget=forms.TextInput({"class": "form-control", "autocomplete": "off"}),
    )

    def clean_markers(self) -> list[NewMarker]:
        return parse_template(self.cleaned_data["markers"])

    def run(self) -> BulkResult:
        template, anchor = self.cleaned_data["markers"], self.cleaned_data["anchor"].strip()
        added = apply_template(recordings=self.recordings, by=self.user, template=template, anchor=anchor)
        return BulkResult(f"{len(added)} markers are set on {recording_count(len(self.recordings))}.")


class Tag(BulkAction):
    """Add and remove tags."""

    heading = "Tags"
    button = "Change the tags"
    add = TagsField(label="Add tags")
    remove = TagsField(label="Remove tags")

    def clean(self) -> None:
        if not (self.errors or self.cleaned_data["add"] or self.cleaned_data["remove"]):
            raise ValidationError("Enter a tag to add or to remove.")

    def run(self) -> BulkResult:
        add, remove = self.cleaned_data["add"], self.cleaned_data["remove"]
        projects_and_tags.update_tags(owner=self.user, recordings=self.recordings, add=add, remove=remove)
        return BulkResult(f"The tags of {recording_count(len(self.recordings))} are changed.")


class Delete(BulkAction):
    """Delete the recordings."""

    heading = "Delete"
    button = "Delete for good"
    danger = True
    number = forms.CharField(
        widget=forms.TextInput({"class": "form-control", "inputmode": "numeric", "autocomplete": "off"})
    )

    def prepare(self) -> None:
        analyses = Analysis.objects.filter(recording__in=self.recordings).count()
        self.description = (
            f"{recording_count(len(self.recordings))}, {analyses} {'analysis' if analyses == 1 else 'analyses'}, "
            "their timelines and labelled videos are deleted at once. This cannot be undone."
        )
        if len(self.recordings) > MAX_UNCONFIRMED:
            self.fields["number"].label = f"Type {len(self.recordings)}, the number of recordings, to delete them"
        else:
            del self.fields["number"]

    def clean_number(self) -> str:
        number: str = self.cleaned_data["number"].strip()
        if number != str(len(self.recordings)):
            raise ValidationError(f"This is not {len(self.recordings)}. Nothing is deleted yet.")
        return number

    def run(self) -> BulkResult:
        outcome = bulk.erase(recordings=self.recordings, by=self.user)
        message = f"{recording_count(outcome.done)} and everything made from them are deleted."
        if outcome.remaining:
            message += (
                f" {recording_count(outcome.remaining)} are still there: the time limit of one request was reached. "
                "Choose them again and delete them to continue."
            )
        return BulkResult(message, outcome.failed, outcome.remaining)


BULK_ACTIONS: dict[str, type[BulkAction]] = {
    "analyse": Analyse,
    "export": Export,
    "move": Move,
    "participant": AssignParticipant,
    "markers": AddMarkers,
    "tag": Tag,
    "delete": Delete,
}


def _uuid(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None
