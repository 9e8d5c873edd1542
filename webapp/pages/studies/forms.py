"""Forms of participants and of values of variables."""

from typing import Any

from django import forms

from webapp.recordings.models import CODE_MAX_LENGTH, Participant
from webapp.studies.models import NAME_MAX_LENGTH, Variable
from webapp.studies.value_table import ValueTable

CONTROL, SELECT = {"class": "form-control"}, {"class": "form-select"}
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
