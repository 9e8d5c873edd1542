"""Participants, variables and values of a project."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from webapp.api.pagination import StableCursorPagination
from webapp.api.serializers.studies import (
    MergeSerializer,
    NamePatternSerializer,
    NamePlanSerializer,
    ParticipantSerializer,
    PlanSerializer,
    PreviewSerializer,
    UnitSerializer,
    ValuesSerializer,
    ValueTableSerializer,
    VariableSerializer,
)
from webapp.api.views.base import current_user
from webapp.recordings.models import Participant, Project
from webapp.recordings.selectors import project_for
from webapp.recordings.upload_slots import upload_slot
from webapp.studies import name_assignment, participants, permissions, selectors, values, variables
from webapp.studies.models import Variable
from webapp.studies.value_table import parse_table

DETAIL_METHODS = ["patch", "delete", "head", "options"]


class CodePagination(StableCursorPagination):
    """By code."""

    ordering = "code"


@extend_schema_view(
    get=extend_schema(operation_id="participants_list", summary="List the participants of a project"),
    post=extend_schema(operation_id="participants_create", summary="Create a participant"),
)
class ParticipantListCreateView(generics.ListCreateAPIView[Participant]):
    queryset = Participant.objects.none()
    serializer_class = ParticipantSerializer
    pagination_class = CodePagination
    filter_backends: list[Any] = []

    def get_queryset(self) -> QuerySet[Participant]:
        access = permissions.project_access(current_user(self.request), self.kwargs["pk"])
        return selectors.participants_of(access.project).order_by()

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self.project = project_for(current_user(request), kwargs["pk"])
        return super().create(request, *args, **kwargs)

    def perform_create(self, serializer: BaseSerializer[Participant]) -> None:
        serializer.instance = participants.create_participant(
            project=self.project, by=current_user(self.request), **serializer.validated_data
        )


@extend_schema_view(
    patch=extend_schema(operation_id="participants_partial_update", summary="Change the code of a participant"),
    delete=extend_schema(
        operation_id="participants_destroy", summary="Delete a participant; its recordings stay, without one"
    ),
)
class ParticipantDetailView(generics.RetrieveUpdateDestroyAPIView[Participant]):
    queryset = Participant.objects.none()
    serializer_class = ParticipantSerializer
    http_method_names = DETAIL_METHODS
    filter_backends = []

    def get_object(self) -> Participant:
        return selectors.participant_for(current_user(self.request), self.kwargs["pk"])

    def perform_update(self, serializer: BaseSerializer[Participant]) -> None:
        assert serializer.instance is not None
        if serializer.validated_data:
            participants.rename_participant(
                participant=serializer.instance, by=current_user(self.request), **serializer.validated_data
            )

    def perform_destroy(self, instance: Participant) -> None:
        participants.delete_participant(participant=instance, by=current_user(self.request))


class ParticipantMergeView(APIView):
    @extend_schema(
        operation_id="participants_merge",
        summary="Merge a participant into another one of the project",
        description="Its recordings and values become those of the other one. Where both have different values of a "
        "variable, this is refused: `value_conflict`.",
        request=MergeSerializer,
        responses={200: ParticipantSerializer},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        user = current_user(request)
        participant = selectors.participant_for(user, pk)
        form = MergeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        into = selectors.participant_for(user, form.validated_data["into"])
        participants.merge_participants(participant=participant, into=into, by=user)
        merged = selectors.participants_of(into.project).get(pk=into.pk)
        return Response(ParticipantSerializer(merged).data)


@extend_schema_view(
    get=extend_schema(operation_id="variables_list", summary="List the variables of a project in their order"),
    post=extend_schema(operation_id="variables_create", summary="Create a variable"),
)
class VariableListCreateView(generics.ListCreateAPIView[Variable]):
    queryset = Variable.objects.none()
    serializer_class = VariableSerializer
    pagination_class = None
    filter_backends: list[Any] = []

    def get_queryset(self) -> QuerySet[Variable]:
        access = permissions.project_access(current_user(self.request), self.kwargs["pk"])
        return selectors.variables_of(access.project)

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self.project = project_for(current_user(request), kwargs["pk"])
        return super().create(request, *args, **kwargs)

    def perform_create(self, serializer: BaseSerializer[Variable]) -> None:
        fields = {name: value for name, value in serializer.validated_data.items() if name != "position"}
        serializer.instance = variables.create_variable(project=self.project, by=current_user(self.request), **fields)


@extend_schema_view(
    patch=extend_schema(
        operation_id="variables_partial_update",
        summary="Change a variable",
        description="What its values need is refused to go: `variable_in_use`.",
    ),
    delete=extend_schema(operation_id="variables_destroy", summary="Delete a variable with all its values"),
)
class VariableDetailView(generics.RetrieveUpdateDestroyAPIView[Variable]):
    queryset = Variable.objects.none()
    serializer_class = VariableSerializer
    http_method_names = DETAIL_METHODS
    filter_backends = []

    def get_object(self) -> Variable:
        return selectors.variable_for(current_user(self.request), self.kwargs["pk"])

    def perform_update(self, serializer: BaseSerializer[Variable]) -> None:
        assert serializer.instance is not None
        variables.update_variable(
            variable=serializer.instance, by=current_user(self.request), **serializer.validated_data
        )

    def perform_destroy(self, instance: Variable) -> None:
        variables.delete_variable(variable=instance, by=current_user(self.request))


class ValuesView(APIView):
    @extend_schema(
        operation_id="values_retrieve",
        summary="Retrieve the values of a project's variables",
        description="Those of recordings include the values of their participants.",
        parameters=[UnitSerializer],
        responses={200: ValuesSerializer},
    )
    def get(self, request: Request, pk: UUID) -> Response:
        project = permissions.project_access(current_user(request), pk).project
        query = UnitSerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        return Response(ValuesSerializer(_values(project, query.validated_data["unit_of"])).data)

    @extend_schema(
        operation_id="values_update",
        summary="Set values from a table",
        description="Missing participants, variables and levels are created. A table of which something does not fit "
        "is refused with the first row and column: `value_table`.",
        parameters=[PreviewSerializer],
        request=ValueTableSerializer,
        responses={200: PlanSerializer},
    )
    def put(self, request: Request, pk: UUID) -> Response:
        user = current_user(request)
        project = project_for(user, pk)
        with upload_slot(owner=user, request=request._request):
            form = ValueTableSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        unit_of = form.validated_data.get("unit_of")
        table = parse_table(form.validated_data["table"], unit_of and Variable.Unit(unit_of))
        if _is_preview(request):
            plan = values.plan_values(project=project, table=table)
        else:
            plan = values.set_values(project=project, by=user, table=table)
        return Response(PlanSerializer(plan).data)


class NamePatternView(APIView):
    @extend_schema(
        operation_id="name_pattern",
        summary="Set participants and values by the names of recordings",
        description="Recordings that the pattern does not fit stay as they are. A pattern that fits none is refused: "
        "`name_pattern`.",
        parameters=[PreviewSerializer],
        request=NamePatternSerializer,
        responses={200: NamePlanSerializer},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        user = current_user(request)
        project = project_for(user, pk)
        form = NamePatternSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        asked: dict[str, Any] = {
            "project": project,
            "pattern": form.validated_data["pattern"],
            "source": name_assignment.NameSource(form.validated_data["source"]),
            "recording_ids": form.validated_data.get("recordings"),
        }
        plan = (
            name_assignment.plan_assignment(**asked)
            if _is_preview(request)
            else name_assignment.assign_by_name(by=user, **asked)
        )
        return Response(NamePlanSerializer(plan).data)


def _is_preview(request: Request) -> bool:
    query = PreviewSerializer(data=request.query_params)
    query.is_valid(raise_exception=True)
    return bool(query.validated_data["preview"])


def _values(project: Project, unit_of: str) -> dict[str, Any]:
    shown = selectors.variables_of(project)
    names: Any
    if unit_of == Variable.Unit.PARTICIPANT:
        shown = shown.filter(unit_of=unit_of)
        names = selectors.participants_of(project).values_list("pk", "code")
        found = selectors.values_by_participant(project)
    else:
        names = project.recordings.order_by("created_at", "pk").values_list("pk", "title")
        found = selectors.values_by_recording(project)
    return {
        "unit_of": unit_of,
        "variables": list(shown.values_list("name", flat=True)),
        "rows": [{"id": pk, "name": name, "values": found.get(pk, {})} for pk, name in names],
    }
