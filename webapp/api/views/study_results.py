"""What a study says: tables, codebook, BIDS tree and comparisons of a project."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webapp.api.pagination import NewestFirstPagination
from webapp.api.serializers.comparisons import (
    ComparisonResultSerializer,
    ComparisonSerializer,
    ModelQuerySerializer,
    QuestionSerializer,
    TableQuerySerializer,
)
from webapp.api.views.base import IgnoreAcceptNegotiation, current_user
from webapp.recordings.selectors import project_for
from webapp.studies import comparisons, downloads, selectors
from webapp.studies.comparison_files import FORMATS
from webapp.studies.models import Comparison
from webapp.studies.permissions import project_access
from webapp.studies.statistics.results import encode
from webapp.studies.table.columns import Unit
from webapp.studies.table.files import CONTENT_TYPES

SAVE = OpenApiParameter("save", bool, description="Keep the result; needs `name`.")


def _parameters(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    query = serializer(data=request.query_params)
    query.is_valid(raise_exception=True)
    found: dict[str, Any] = query.validated_data
    return found


class TableView(APIView):
    cost = "export"
    content_negotiation_class = IgnoreAcceptNegotiation

    @extend_schema(
        operation_id="projects_table",
        summary="Download the tidy table of a project",
        description="A row for each recording, marker, segment or window as the machine, or the person who corrected "
        "it, reads it. The columns are the same for every unit; `codebook/` explains them.",
        parameters=[TableQuerySerializer],
        responses={(200, kind): OpenApiTypes.BINARY for kind in CONTENT_TYPES.values()},
    )
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        access = project_access(current_user(request), pk)
        access.require_download()
        query = _parameters(TableQuerySerializer, request)
        return downloads.table(access, Unit(query["unit"]), query["format"], query["model"])


class CodebookView(APIView):
    content_negotiation_class = IgnoreAcceptNegotiation

    @extend_schema(
        operation_id="projects_codebook",
        summary="Download the codebook of a project's table",
        responses={(200, CONTENT_TYPES["csv"]): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        return downloads.codebook_file(project_access(current_user(request), pk))


class BidsView(APIView):
    cost = "export"
    content_negotiation_class = IgnoreAcceptNegotiation

    @extend_schema(
        operation_id="projects_bids",
        summary="Download the readings of a project as BIDS derivatives",
        description="One zip file: `derivatives/emotrace` with the markers, segments and windows of every recording.",
        parameters=[ModelQuerySerializer],
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        access = project_access(current_user(request), pk)
        access.require_download()
        return downloads.bids(access, _parameters(ModelQuerySerializer, request)["model"])


class ComparisonListCreateView(generics.ListAPIView[Comparison]):
    queryset = Comparison.objects.none()
    serializer_class = ComparisonSerializer
    pagination_class = NewestFirstPagination
    filter_backends: list[Any] = []

    def get_queryset(self) -> QuerySet[Comparison]:
        return selectors.comparisons_of(project_access(current_user(self.request), self.kwargs["pk"]).project)

    @extend_schema(operation_id="comparisons_list", summary="List the saved comparisons of a project")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="comparisons_create",
        summary="Compare the conditions of a project",
        description="Answers the result, and with `save=true` keeps it as it is. What cannot be compared is refused: "
        "`comparison_levels`, `comparison_too_few`, `comparison_both_levels`, `comparison_mixed_models`, "
        "`comparison_measure`, `nothing_to_compare`.",
        parameters=[SAVE],
        request=QuestionSerializer,
        responses={200: OpenApiTypes.OBJECT, 201: ComparisonResultSerializer},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        project = project_for(current_user(request), pk)
        save = serializers.BooleanField().run_validation(request.query_params.get("save", "false"))
        form = QuestionSerializer(data=request.data, context={"project": project})
        form.is_valid(raise_exception=True)
        name, question = form.validated_data["name"], form.validated_data["question"]
        if not save:
            return Response(encode(comparisons.compare(project, question)))
        if not name:
            raise serializers.ValidationError({"name": "Name the comparison to save it."})
        saved = comparisons.save(project=project, by=current_user(request), name=name, question=question)
        return Response(ComparisonResultSerializer(saved).data, status=201)


class ComparisonDetailView(APIView):
    @extend_schema(
        operation_id="comparisons_retrieve",
        summary="Retrieve a saved comparison",
        responses={200: ComparisonResultSerializer},
    )
    def get(self, request: Request, pk: UUID, comparison: UUID) -> Response:
        access = project_access(current_user(request), pk)
        found = get_object_or_404(selectors.comparisons_of(access.project), pk=comparison)
        return Response(ComparisonResultSerializer(found).data)

    @extend_schema(operation_id="comparisons_destroy", summary="Delete a saved comparison", responses={204: None})
    def delete(self, request: Request, pk: UUID, comparison: UUID) -> Response:
        user = current_user(request)
        found = get_object_or_404(selectors.comparisons_of(project_for(user, pk)), pk=comparison)
        comparisons.delete(comparison=found, by=user)
        return Response(status=204)


class ComparisonFileView(APIView):
    cost = "export"
    content_negotiation_class = IgnoreAcceptNegotiation

    @extend_schema(
        operation_id="comparisons_file",
        summary="Download a saved comparison as a figure, numbers or a report",
        parameters=[OpenApiParameter("format", str, OpenApiParameter.PATH, enum=sorted(FORMATS))],
        responses={(200, file.content_type): OpenApiTypes.BINARY for file in FORMATS.values()},
    )
    def get(self, request: Request, pk: UUID, comparison: UUID, format: str) -> HttpResponseBase:
        access = project_access(current_user(request), pk)
        found = get_object_or_404(selectors.comparisons_of(access.project), pk=comparison)
        return downloads.comparison(access, found, format)
