"""Tables and comparisons of a study as JSON, and their parameters."""

from typing import Any

from rest_framework import serializers

from webapp.studies import selectors
from webapp.studies.models import STIMULUS, Comparison, Variable
from webapp.studies.observations import READERS, Question
from webapp.studies.table.columns import Unit
from webapp.studies.table.files import CSV, PARQUET
from webapp.studies.table.rows import MACHINE

MAX_MEASURES = 40


class ModelQuerySerializer(serializers.Serializer[Any]):
    model = serializers.CharField(
        default="", allow_blank=True, help_text="NAME or NAME@VERSION; default: of each recording the latest timeline."
    )


class TableQuerySerializer(ModelQuerySerializer):
    unit = serializers.ChoiceField([str(unit) for unit in Unit], default=str(Unit.RECORDING))
    format = serializers.ChoiceField([CSV, PARQUET], default=CSV)


class QuestionSerializer(serializers.Serializer[Any]):
    """The context has the `project`."""

    name = serializers.CharField(required=False, max_length=120, help_text="Of the comparison, where it is saved.")
    measures = serializers.ListField(
        child=serializers.CharField(max_length=80),
        min_length=1,
        max_length=MAX_MEASURES,
        help_text="Columns of the table, such as `mean_probability_happy` or `valence`.",
    )
    factor = serializers.CharField(help_text=f"The name of a category, or `{STIMULUS}`.")
    levels = serializers.ListField(
        child=serializers.CharField(), default=list, help_text="The conditions to compare; default: all."
    )
    paired = serializers.BooleanField(default=False)
    baseline = serializers.BooleanField(default=False, help_text="Relative to the baseline of each person.")
    model = serializers.CharField(default="", allow_blank=True, help_text="NAME or NAME@VERSION.")
    reader = serializers.ChoiceField(READERS, default=MACHINE)
    stimulus = serializers.CharField(
        required=False, help_text="The name of a stimulus: measure its markers instead of whole recordings."
    )
    covariate = serializers.CharField(required=False, help_text="The name of a number.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        name = attrs["factor"]
        factor = None if name == STIMULUS else self._variable("factor", name, Variable.Kind.CATEGORY)
        covariate = attrs.get("covariate") and self._variable("covariate", attrs["covariate"], Variable.Kind.NUMBER)
        stimulus = None
        if attrs.get("stimulus"):
            named = selectors.stimuli_of(self.context["project"]).filter(name__iexact=attrs["stimulus"])
            stimulus = named.first()
            if stimulus is None:
                raise serializers.ValidationError({"stimulus": f"There is no stimulus {attrs['stimulus']!r}."})
        question = Question(
            measures=tuple(dict.fromkeys(attrs["measures"])),
            factor=factor,
            paired=attrs["paired"],
            baseline=attrs["baseline"],
            model=attrs["model"],
            reader=attrs["reader"],
            stimulus=stimulus,
            levels=tuple(attrs["levels"]),
            covariate=covariate or None,
        )
        return {"name": attrs.get("name", ""), "question": question}

    def _variable(self, field: str, name: str, kind: Variable.Kind) -> Variable:
        known = selectors.variables_of(self.context["project"]).filter(kind=kind)
        found = known.filter(name__iexact=name).first()
        if found is None:
            names = ", ".join(known.values_list("name", flat=True)) or "none yet"
            raise serializers.ValidationError(
                {field: f"There is no {kind.label.lower()} {name!r}. There are: {names}."}
            )
        return found


class ComparisonSerializer(serializers.ModelSerializer[Comparison]):
    created_by = serializers.CharField(source="created_by.username", default=None, read_only=True)

    class Meta:
        model = Comparison
        fields = [
            *("id", "name", "measures", "factor_name", "paired", "baseline", "model_name", "model_version"),
            *("created_by", "created_at"),
        ]
        read_only_fields = fields


class ComparisonResultSerializer(ComparisonSerializer):
    result = serializers.JSONField(read_only=True, help_text="The numbers, with everything that they rest on.")

    class Meta(ComparisonSerializer.Meta):
        fields = [*ComparisonSerializer.Meta.fields, "result"]
        read_only_fields = fields
