"""What can be done with many recordings at once: each deed is a form that asks what it has to know, then does it."""

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
from webapp.pages.recordings.forms import MayErase, OwnProjectField, TagsField
from webapp.recordings import organization
from webapp.recordings.models import Recording
from webapp.recordings.selectors import projects_of, recordings_of

MOST = 10_000  # at once
MANY = 20  # so many are deleted by a click; for more, their number has to be typed


@dataclass(frozen=True)
class Done:
    """What to say, what failed (titles by reason), how many are left to do, or the file that was asked for."""

    words: str = ""
    failed: dict[str, list[str]] = field(default_factory=dict)
    left: int = 0
    file: HttpResponseBase | None = None


def counted(count: int) -> str:
    return f"{count} recording{pluralize(count)}"


def chosen(user: User, sent: QueryDict) -> list[Recording]:
    """The user's recordings that a form names: some, or `all` that its `filters` find. None where it names nothing.

    Raises Http404 where it names recordings, and none of them is there, and RequestError(TOO_MANY).
    """
    if sent.get("all"):
        recordings = list(search.found(user, QueryDict(sent.get("filters", ""))).recordings[: MOST + 1])
        _require_few(len(recordings))
        return recordings
    named = [name for name in [*sent.getlist("recording"), *sent.get("recordings", "").split(",")] if name]
    _require_few(len(named))
    recordings = list(recordings_of(user).filter(pk__in=[pk for pk in map(_uuid, named) if pk]))
    if named and not recordings:
        raise Http404
    return recordings


def _require_few(count: int) -> None:
    if count > MOST:
        raise RequestError(WebCode.TOO_MANY, f"These are more than {MOST} recordings. Narrow them down by the filters.")


class Deed(MayErase, forms.Form):
    heading: str
    button: str
    words = ""
    danger = False

    def __init__(self, *args: Any, user: User, recordings: list[Recording], **options: Any) -> None:
        super().__init__(*args, **options)
        self.user = user
        self.recordings = recordings
        self.prepare()

    def prepare(self) -> None:
        """Fill in what depends on whose recordings they are, and which."""

    @abstractmethod
    def do(self) -> Done:
        """Do it with all of `recordings`, as the valid form says."""


class Analyse(Deed):
    heading = "Analyse again"
    button = "Analyse again"
    words = "Each gets another analysis. What was read before stays."
    model = forms.ChoiceField(required=False, widget=forms.Select({"class": "form-select"}))

    def prepare(self) -> None:
        known = [(model.name, f"{model.name}: {model.words}") for model in model_cards.choices()]
        self.fields["model"].choices = [("", "Choose for me: by whether there is EEG"), *known]  # type: ignore[attr-defined]

    def do(self) -> Done:
        outcome = bulk.analyse_again(recordings=self.recordings, model=self.cleaned_data["model"] or None)
        return Done(f"{counted(outcome.done)} will be analysed again.", outcome.failed)


class Export(Deed):
    heading = "Export"
    button = "Download"
    words = (
        "One timeline of each recording in a folder of its own, and a list of what is inside: the timeline that was "
        "corrected last, or where none is corrected, the latest."
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
            self.words += f" {lacking} of them {verbs[0]} no timeline yet and {verbs[1]} left out."

    def clean(self) -> None:
        if not self.timelines:
            raise ValidationError("None of these recordings has a timeline yet. Come back when one is ready.")

    def do(self) -> Done:
        formats, video = self.cleaned_data["formats"], self.cleaned_data["video"]
        return Done(file=zip_response(analyses_archive(self.user, self.timelines, formats, with_video=video)))


class Move(Deed):
    heading = "Move to a project"
    button = "Move"
    words = "A recording is in one project at most: it leaves the one that it is in."
    project = OwnProjectField()
    new_project = forms.CharField(
        required=False,
        max_length=100,
        label="Or a new project",
        widget=forms.TextInput({"class": "form-control", "placeholder": "Its name"}),
    )

    def prepare(self) -> None:
        self.fields["project"].queryset = projects_of(self.user)  # type: ignore[attr-defined]

    def do(self) -> Done:
        project = self.cleaned_data["project"]
        if name := self.cleaned_data["new_project"]:
            project = organization.create_project(owner=self.user, name=name)
        organization.move_to_project(recordings=self.recordings, project=project, erase_due=self.erase_due)
        where = f"in “{project.name}” now" if project else "in no project any more"
        return Done(f"{counted(len(self.recordings))}: {where}.")


class Tag(Deed):
    heading = "Tags"
    button = "Change the tags"
    add = TagsField(label="Add tags")
    remove = TagsField(label="Remove tags")

    def clean(self) -> None:
        if not (self.errors or self.cleaned_data["add"] or self.cleaned_data["remove"]):
            raise ValidationError("Enter a tag to add or to remove.")

    def do(self) -> Done:
        add, remove = self.cleaned_data["add"], self.cleaned_data["remove"]
        organization.update_tags(owner=self.user, recordings=self.recordings, add=add, remove=remove)
        return Done(f"The tags of {counted(len(self.recordings))} are changed.")


class Delete(Deed):
    heading = "Delete"
    button = "Delete for good"
    danger = True
    number = forms.CharField(
        widget=forms.TextInput({"class": "form-control", "inputmode": "numeric", "autocomplete": "off"})
    )

    def prepare(self) -> None:
        analyses = Analysis.objects.filter(recording__in=self.recordings).count()
        self.words = (
            f"{counted(len(self.recordings))}, {analyses} {'analysis' if analyses == 1 else 'analyses'} of them, "
            "their timelines and labelled videos are erased at once. This cannot be undone."
        )
        if len(self.recordings) > MANY:
            self.fields["number"].label = f"Type {len(self.recordings)}, the number of recordings, to delete them"
        else:
            del self.fields["number"]

    def clean_number(self) -> str:
        number: str = self.cleaned_data["number"].strip()
        if number != str(len(self.recordings)):
            raise ValidationError(f"This is not {len(self.recordings)}. Nothing is deleted yet.")
        return number

    def do(self) -> Done:
        outcome = bulk.erase(recordings=self.recordings, by=self.user)
        words = f"{counted(outcome.done)} and everything made from them are erased."
        if outcome.remaining:
            words += (
                f" {counted(outcome.remaining)} of those that you chose are still there: the time for one request "
                "was over. Choose them again and delete them to go on."
            )
        return Done(words, outcome.failed, outcome.remaining)


DEEDS: dict[str, type[Deed]] = {"analyse": Analyse, "export": Export, "move": Move, "tag": Tag, "delete": Delete}


def _uuid(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None
