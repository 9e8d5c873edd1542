"""Forms of participants and of values of variables."""

from typing import Any
from uuid import uuid4

from django import forms

from webapp.recordings.models import CODE_MAX_LENGTH, Participant
from webapp.studies.models import CONSENT_MAX_LENGTH, NAME_MAX_LENGTH, NO_BRACES, Variable
from webapp.studies.name_assignment import NameSource
from webapp.studies.name_pattern import PATTERN_MAX_LENGTH
from webapp.studies.names import normalise_name
from webapp.studies.value_table import ValueTable, parse_table

CONTROL, SELECT = {"class": "form-control"}, {"class": "form-select"}
TABLE_EXAMPLE = "participant\tage\tcondition\nP01\t31\tA\nP02\t28\tB"
VALUE = "value_"  # begins the names of fields of variables


class CodeField(forms.CharField):
    """The code of a participant."""

    def __init__(self, **options: Any) -> None:
        widget = forms.TextInput(CONTROL | {"autocomplete": "off"})
        options.setdefault("label", "Code")
        super().__init__(max_length=CODE_MAX_LENGTH, widget=widget, **options)

    def clean(self, value: Any) -> Any:
        return " ".join(super().clean(value).split())


class ParticipantForm(forms.Form):
    """A new participant."""

    code = CodeField(
        help_text="Such as P01. Use codes, not names.", error_messages={"required": "Enter a code, such as P01."}
    )


class MergeForm(forms.Form):
    """The participant that takes over recordings and values."""

    into = forms.ModelChoiceField(
        Participant.objects.none(),
        label="Merge into",
        empty_label="Choose a participant",
        widget=forms.Select(SELECT),
        error_messages={"required": "Choose the participant that takes over the recordings."},
    )

    def __init__(self, *args: Any, participant: Participant, **options: Any) -> None:
        super().__init__(*args, **options)
        others = participant.project.participants.exclude(pk=participant.pk).order_by("code")
        self.fields["into"].queryset = others  # type: ignore[attr-defined]


class ValuesForm(forms.Form):
    """The values of one participant or recording, a field for each of the `variables`."""

    code = CodeField()

    def __init__(self, *args: Any, variables: list[Variable], values: dict[str, str | float], **options: Any) -> None:
        super().__init__(*args, **options)
        self.variables = variables
        for variable in variables:
            self.fields[f"{VALUE}{variable.pk}"] = _value_field(variable, values.get(variable.name))

    def table(self, unit: str) -> ValueTable | None:
        """The values of a valid form, of the participant or recording of this name; None without variables."""
        if not self.variables:
            return None
        cells = tuple(_cell(self.cleaned_data[f"{VALUE}{variable.pk}"]) for variable in self.variables)
        columns = tuple(variable.name for variable in self.variables)
        return ValueTable(Variable.Unit(self.variables[0].unit_of), columns, ((unit, cells),), (1,))


class RecordingValuesForm(ValuesForm):
    """The participant of a recording, and its own values."""

    code = CodeField(
        label="Participant",
        required=False,
        help_text="The code of whom it shows. A code that is new becomes a participant; empty: nobody.",
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["code"].widget.attrs["list"] = "suggestions"


def _value_field(variable: Variable, value: str | float | None) -> forms.Field:
    options: dict[str, Any] = {"label": variable.name, "required": False, "initial": value}
    if variable.kind == Variable.Kind.NUMBER:
        widget = forms.NumberInput(CONTROL | {"step": "any"})
        return forms.FloatField(widget=widget, error_messages={"invalid": "This is not a number."}, **options)
    if variable.levels:
        choices = [("", "No value"), *((level, level) for level in variable.levels)]
        return forms.ChoiceField(choices=choices, widget=forms.Select(SELECT), **options)
    return forms.CharField(max_length=NAME_MAX_LENGTH, widget=forms.TextInput(CONTROL), **options)


def _cell(value: str | float | None) -> str:
    return "" if value is None else value if isinstance(value, str) else repr(value)


class VariableForm(forms.Form):
    """What a variable is. Once it has values, its kind and what it is of are fixed."""

    name = forms.CharField(
        max_length=NAME_MAX_LENGTH,
        validators=[NO_BRACES],
        widget=forms.TextInput(CONTROL | {"autocomplete": "off"}),
        help_text="Such as condition, age or advert.",
        error_messages={"required": "Enter a name, such as condition."},
    )
    unit_of = forms.ChoiceField(
        label="A property of",
        choices=[("participant", "The participant, such as age"), ("recording", "The recording, such as advert")],
        widget=forms.Select(SELECT),
    )
    kind = forms.ChoiceField(
        choices=[("category", "Category: one of a few words"), ("number", "Number")], widget=forms.Select(SELECT)
    )
    levels = forms.CharField(
        required=False,
        label="Levels of a category",
        help_text="One a line, in their order. Values that are pasted add levels by themselves.",
        widget=forms.Textarea(CONTROL | {"rows": 3}),
    )

    def __init__(self, *args: Any, has_values: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        if has_values:
            del self.fields["unit_of"], self.fields["kind"]

    def clean_levels(self) -> list[str]:
        levels = [normalise_name(line) for line in self.cleaned_data["levels"].splitlines()]
        if any(len(level) > NAME_MAX_LENGTH for level in levels):
            raise forms.ValidationError(f"A level has at most {NAME_MAX_LENGTH} characters.")
        return [level for level in levels if level]


class TableForm(forms.Form):
    """A table from a spreadsheet."""

    unit_of = forms.ChoiceField(
        label="Each row is",
        required=False,
        choices=[
            ("", "What the first column's name says: participant or recording"),
            ("participant", "A participant, named by code"),
            ("recording", "A recording, named by title or id"),
        ],
        widget=forms.Select(SELECT),
    )
    # Without a `max_length`: a browser would cut off what is pasted beyond it.
    table = forms.CharField(
        strip=False,
        widget=forms.Textarea(CONTROL | {"rows": 8, "spellcheck": "false", "placeholder": TABLE_EXAMPLE}),
        help_text="Copy cells in a spreadsheet and paste them here, or the text of a CSV file. The first row names the "
        "variables. An empty cell removes a value.",
        error_messages={"required": "Paste a table first."},
    )

    def value_table(self) -> ValueTable:
        """The table of a valid form. Raises RequestError(VALUE_TABLE)."""
        unit_of = self.cleaned_data["unit_of"]
        return parse_table(self.cleaned_data["table"], Variable.Unit(unit_of) if unit_of else None)


class NamePatternForm(forms.Form):
    """A pattern that names of recordings follow."""

    pattern = forms.CharField(
        max_length=PATTERN_MAX_LENGTH,
        strip=False,
        widget=forms.TextInput(CONTROL | {"autocomplete": "off", "placeholder": "{participant}_{advert}_{session}"}),
        help_text="{participant} or the names of variables in braces, * for anything. Names that are new become "
        "variables of recordings.",
        error_messages={"required": "Enter a pattern, such as {participant}_{advert}."},
    )
    source = forms.ChoiceField(
        label="Read",
        choices=[(NameSource.TITLE.value, "Titles"), (NameSource.FILE.value, "Names of the video files")],
        widget=forms.Select(SELECT),
    )


class CollectionLinkForm(forms.Form):
    """A new link for participants."""

    consent_text = forms.CharField(
        label="Text for participants",
        max_length=CONSENT_MAX_LENGTH,
        widget=forms.Textarea(CONTROL | {"rows": "8"}),
        help_text="Who does the study and why, what is recorded, what is read from it, who sees it, how long it is "
        "kept, and how it is taken back. Participants agree to it; it cannot be changed later.",
        error_messages={"required": "Write what participants agree to."},
    )
    random_order = forms.TypedChoiceField(
        label="Order of the stimuli",
        choices=[("false", "The same, as under Markers"), ("true", "Random for each participant")],
        coerce=lambda value: value == "true",
        widget=forms.Select(SELECT),
    )


class CollectionConsentForm(forms.Form):
    """What a participant states before a recording begins."""

    code = CodeField(
        label="Your code", required=False, help_text="If you were given one. Otherwise you are given one now."
    )
    agreed = forms.BooleanField(error_messages={"required": "Nothing is recorded unless you agree to it."})
    idempotency_key = forms.UUIDField(
        required=False,
        initial=uuid4,
        widget=forms.HiddenInput,
        error_messages={"invalid": "This page is out of date. Open the link again."},
    )
