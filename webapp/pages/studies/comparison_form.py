"""The form of a comparison: which measures, of which conditions, read by whom."""

import csv
from typing import Any

from django import forms

from webapp.pages.form_fields import checkboxes
from webapp.recordings.models import Project
from webapp.studies import selectors
from webapp.studies.measure_names import OF_ALL, OF_LABELS
from webapp.studies.models import STIMULUS, TITLE_MAX_LENGTH, Marker, Variable
from webapp.studies.observations import Question
from webapp.studies.table.rows import MACHINE, PERSON

MAX_MEASURES = 12  # of one comparison
SELECT, CHECK = {"class": "form-select"}, {"class": "form-check-input"}
READERS = [(MACHINE, "The model"), (PERSON, "People who corrected it")]
Choices = list[tuple[str, str]]


class ComparisonForm(forms.Form):
    """A question to a project. It is sent by GET, so that an address shows its answer again."""

    factor = forms.ChoiceField(label="Compare by", widget=forms.Select(SELECT))
    over = forms.ChoiceField(label="Measured over", required=False, widget=forms.Select(SELECT))
    levels = forms.CharField(
        label="Conditions",
        required=False,
        max_length=1000,
        widget=forms.TextInput({"class": "form-control", "autocomplete": "off"}),
        help_text="Separated by commas; empty: all. Put one that contains a comma in quotation marks.",
    )
    paired = forms.BooleanField(
        label="Paired: each participant is in every condition", required=False, widget=forms.CheckboxInput(CHECK)
    )
    baseline = forms.BooleanField(
        label="Relative to each person’s baseline", required=False, widget=forms.CheckboxInput(CHECK)
    )
    model = forms.ChoiceField(label="Model", required=False, widget=forms.Select(SELECT))
    reader = forms.ChoiceField(label="Read by", choices=READERS, required=False, widget=forms.Select(SELECT))
    covariate = forms.ChoiceField(label="Covariate", required=False, widget=forms.Select(SELECT))
    group = forms.ChoiceField(label="A panel for each", required=False, widget=forms.Select(SELECT))

    def __init__(self, *args: Any, project: Project, **options: Any) -> None:
        super().__init__(*args, **options)
        self.variables = {str(variable.pk): variable for variable in selectors.variables_of(project)}
        self.stimuli = {str(stimulus.pk): stimulus for stimulus in selectors.stimuli_of(project)}
        self.models = [f"{name}@{version}" for name, version in selectors.models_of(project)]
        labels = selectors.labels_of(project)
        marked = selectors.markers_of(project).filter(kind=Marker.Kind.STIMULUS).exists()
        categories = self._choices(Variable.Kind.CATEGORY)
        factors = ([(STIMULUS, "Stimulus")] if marked else []) + categories
        first = "happy" if "happy" in labels else next(iter(labels), "")
        self.fields |= {
            "kinds": checkboxes(
                "Measures", [*OF_LABELS.items(), *OF_ALL.items()], "Choose a measure.", ["mean_probability"]
            ),
            "labels": checkboxes("Labels", [(label, label) for label in labels], "Choose a label.", [first]),
        }
        self.fields["labels"].required = False
        self._offer("factor", factors)
        stimuli = [(pk, str(stimulus)) for pk, stimulus in self.stimuli.items()]
        self._offer("over", [("", "Recordings or stimuli"), *stimuli])
        self._offer("model", [(name, name.replace("@", ", version ")) for name in self.models])
        self._offer("covariate", [("", "None"), *self._choices(Variable.Kind.NUMBER)])
        self._offer("group", [("", "One panel for all"), *self._choices(Variable.Kind.CATEGORY, of_participants=True)])
        self.initial["paired"] = bool(factors) and self._is_within(factors[0][0])

    @property
    def lacks(self) -> str:
        """What the project needs before anything can be compared: `timelines`, `factor`; empty if nothing."""
        if not self.models:
            return "timelines"
        return "" if self.fields["factor"].choices else "factor"  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuse measures of labels without a label, and too many of them."""
        cleaned = super().clean() or {}
        kinds, labels = cleaned.get("kinds", []), cleaned.get("labels", [])
        if not labels and any(kind in OF_LABELS for kind in kinds):
            self.add_error("labels", "Choose a label: the measure is one of labels.")
        count = len(self._measures(kinds, labels))
        if count > MAX_MEASURES:
            self.add_error("kinds", f"These are {count} measures. Compare at most {MAX_MEASURES} at once.")
        return cleaned

    def question(self) -> Question:
        """What a valid form asks."""
        asked = self.cleaned_data
        return Question(
            measures=self._measures(asked["kinds"], asked["labels"]),
            factor=self.variables.get(asked["factor"]),
            paired=asked["paired"],
            baseline=asked["baseline"],
            model=asked["model"],
            reader=asked["reader"] or MACHINE,
            stimulus=self.stimuli.get(asked["over"]),
            levels=parse_levels(asked["levels"]),
            covariate=self.variables.get(asked["covariate"]),
        )

    @property
    def grouping(self) -> Variable | None:
        """The variable of which each level has a panel."""
        return self.variables.get(self.cleaned_data["group"])

    @staticmethod
    def _measures(kinds: list[str], labels: list[str]) -> tuple[str, ...]:
        of_labels = [f"{kind}_{label}" for kind in OF_LABELS if kind in kinds for label in labels]
        return (*of_labels, *(kind for kind in OF_ALL if kind in kinds))

    def _choices(self, kind: Variable.Kind, *, of_participants: bool = False) -> Choices:
        return [
            (pk, variable.name)
            for pk, variable in self.variables.items()
            if variable.kind == kind and (variable.unit_of == Variable.Unit.PARTICIPANT or not of_participants)
        ]

    def _is_within(self, factor: str) -> bool:
        """Whether one participant probably is in several conditions of the factor."""
        return factor == STIMULUS or self.variables[factor].unit_of == Variable.Unit.RECORDING

    def _offer(self, name: str, choices: Choices) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]


def parse_levels(text: str) -> tuple[str, ...]:
    """Return the conditions of a line, separated by commas; one in quotation marks may contain some."""
    rows = csv.reader([" ".join(text.split())], skipinitialspace=True)
    return tuple(level for row in rows for part in row if (level := part.strip()))


class SaveForm(forms.Form):
    """The name under which a comparison is saved."""

    name = forms.CharField(
        label="Name",
        max_length=TITLE_MAX_LENGTH,
        widget=forms.TextInput({"class": "form-control", "autocomplete": "off"}),
        error_messages={"required": "Enter a name."},
    )
