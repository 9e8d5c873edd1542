"""Participants, variables, values and what names say as JSON."""

from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from webapp.recordings.models import CODE_MAX_LENGTH, Participant
from webapp.studies.limits import MAX_LEVELS, MAX_RECORDINGS, MAX_VARIABLES
from webapp.studies.models import NAME_MAX_LENGTH, Variable
from webapp.studies.name_assignment import NamePlan, NameSource
from webapp.studies.name_pattern import PATTERN_MAX_LENGTH, Assignment
from webapp.studies.values import Change, Plan

MAX_SHOWN = 1000  # of the changes or problems of a table


@extend_schema_field({"oneOf": [{"type": "string"}, {"type": "number"}, {"type": "null"}]})
class ValueField(serializers.ReadOnlyField):
    """A level, a number or null."""


class ParticipantSerializer(serializers.ModelSerializer[Participant]):
    code = serializers.CharField(max_length=CODE_MAX_LENGTH, help_text="Unique in the project, ignoring case.")
    count = serializers.IntegerField(read_only=True, default=0, help_text="Number of recordings.")

    class Meta:
        model = Participant
        fields = ["id", "code", "count"]


class MergeSerializer(serializers.Serializer[Any]):
    into = serializers.UUIDField(help_text="The participant that stays.")


class VariableSerializer(serializers.ModelSerializer[Variable]):
    levels = serializers.ListField(
        child=serializers.CharField(max_length=NAME_MAX_LENGTH),
        required=False,
        max_length=MAX_LEVELS,
        help_text="Of a category, in their order.",
    )
    position = serializers.IntegerField(min_value=0, max_value=MAX_VARIABLES, required=False)

    class Meta:
        model = Variable
        fields = ["id", "name", "kind", "unit_of", "levels", "position"]


class UnitSerializer(serializers.Serializer[Any]):
    unit_of = serializers.ChoiceField(
        choices=Variable.Unit.choices,
        default=Variable.Unit.PARTICIPANT,
        help_text="Whether the rows are participants or recordings.",
    )


class ValueRowSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text="Of the participant or the recording.")
    name = serializers.CharField(help_text="The participant's code or the recording's title.")
    values = serializers.DictField(
        child=ValueField(), help_text="{variable: level or number}, of those that have a value."
    )


class ValuesSerializer(serializers.Serializer[Any]):
    unit_of = serializers.ChoiceField(choices=Variable.Unit.choices)
    variables = serializers.ListField(child=serializers.CharField(), help_text="In their order.")
    rows = ValueRowSerializer(many=True)


class ValueTableSerializer(serializers.Serializer[Any]):
    table = serializers.CharField(
        trim_whitespace=False,
        help_text="A header and rows, separated by tabs, semicolons or commas. The first column has codes of "
        "participants, or titles or ids of recordings, each other column a variable. An empty cell removes a value.",
    )
    unit_of = serializers.ChoiceField(
        choices=Variable.Unit.choices,
        required=False,
        help_text="Needed where the first column is called neither `participant` nor `recording`.",
    )


class PreviewSerializer(serializers.Serializer[Any]):
    preview = serializers.BooleanField(default=False, help_text="Whether to answer what would be done and do nothing.")


class NewVariableSerializer(serializers.ModelSerializer[Variable]):
    class Meta:
        model = Variable
        fields = ["name", "kind", "unit_of", "levels"]


class ValueChangeSerializer(serializers.Serializer[Change]):
    unit = serializers.CharField(help_text="The participant's code or the recording's title.")
    variable = serializers.CharField()
    old = ValueField(help_text="Null: none.")
    new = ValueField(help_text="Null: it is removed.")


@extend_schema_serializer(component_name="ValuePlan")
class PlanSerializer(serializers.Serializer[Plan]):
    unit_of = serializers.ChoiceField(choices=Variable.Unit.choices)
    new_participants = serializers.ListField(child=serializers.CharField())
    new_variables = NewVariableSerializer(many=True)
    new_levels = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    changed = serializers.SerializerMethodField(help_text="Number of changes.")
    changes = serializers.SerializerMethodField(help_text=f"The first {MAX_SHOWN} of them.")
    unchanged = serializers.IntegerField(help_text="Number of cells that are stored already.")
    problems = serializers.SerializerMethodField(
        help_text=f"What does not fit, with row and column; the first {MAX_SHOWN}. Where there is any, nothing is set."
    )

    def get_changed(self, plan: Plan) -> int:
        return len(plan.changes)

    @extend_schema_field(ValueChangeSerializer(many=True))
    def get_changes(self, plan: Plan) -> Any:
        return [ValueChangeSerializer(change).data for change in plan.changes[:MAX_SHOWN]]

    def get_problems(self, plan: Plan) -> list[str]:
        return [problem.message for problem in plan.problems[:MAX_SHOWN]]


class NamePatternSerializer(serializers.Serializer[Any]):
    pattern = serializers.CharField(
        max_length=PATTERN_MAX_LENGTH,
        trim_whitespace=False,
        help_text="Such as `{participant}_{advert}_{session}`: `participant` or the names of variables in braces, `*` "
        "for anything. Unknown names become categories of recordings.",
    )
    source = serializers.ChoiceField(  # type: ignore[assignment]
        choices=[(source.value, source.value) for source in NameSource],
        default=NameSource.TITLE,
        help_text="Whether titles are read or the names of the files.",
    )
    recordings = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        max_length=MAX_RECORDINGS,
        help_text="Default: all of the project.",
    )


class NameSerializer(serializers.Serializer[Any]):
    recording = serializers.UUIDField()
    name = serializers.CharField(help_text="What was read.")
    values = serializers.DictField(
        child=serializers.CharField(), allow_null=True, help_text="{field: text}; null where the pattern does not fit."
    )
    reason = serializers.CharField(help_text="Why the pattern does not fit; empty where it does.")


class NamePlanSerializer(serializers.Serializer[NamePlan]):
    names = serializers.SerializerMethodField()
    new_participants = serializers.ListField(child=serializers.CharField())
    values = PlanSerializer(many=True, source="plans")

    @extend_schema_field(NameSerializer(many=True))
    def get_names(self, plan: NamePlan) -> Any:
        return [
            {
                "recording": recording.pk,
                "name": name.name,
                "values": name.values if isinstance(name, Assignment) else None,
                "reason": "" if isinstance(name, Assignment) else name.reason,
            }
            for recording, name in zip(plan.recordings, plan.names, strict=True)
        ]
