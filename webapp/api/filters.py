"""Filters and orderings of lists."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from rest_framework import exceptions, filters
from rest_framework.request import Request
from rest_framework.views import APIView

from webapp.analyses.filters import (
    EndOfDayFilter,
    RecordingRelatedFilter,
    UTCDateTimeFilter,
    UUIDListFilter,
    model_lookup,
)
from webapp.analyses.models import Analysis, Segment


class StrictOrderingFilter(filters.OrderingFilter):
    """Ordering by one field, descending with a leading minus. Unknown fields are an error."""

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: APIView) -> Any:
        """Raises ValidationError."""
        requested = request.query_params.get(self.ordering_param)
        if requested and requested not in _allowed_orderings(view):
            raise exceptions.ValidationError({self.ordering_param: [f"One of: {', '.join(_allowed_orderings(view))}."]})
        return super().get_ordering(request, queryset, view)

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """The parameter in the OpenAPI schema."""
        kind = {"type": "string", "enum": _allowed_orderings(view), "default": view.ordering}  # type: ignore[attr-defined]
        return [{"name": self.ordering_param, "required": False, "in": "query", "schema": kind}]


def _allowed_orderings(view: Any) -> list[str]:
    return [f"{sign}{name}" for name in view.ordering_fields for sign in ("", "-")]


class AnalysisFilter(RecordingRelatedFilter):
    """Filters of analyses."""

    status = django_filters.ChoiceFilter(choices=Analysis.Status.choices)
    model = django_filters.CharFilter(method="filter_model", label="NAME or NAME@VERSION")
    label = django_filters.CharFilter(label="The label with the largest share of the recording.")
    created_after = UTCDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = EndOfDayFilter(
        field_name="created_at", lookup_expr="lt", label="A date alone includes the whole day."
    )
    recording = django_filters.UUIDFilter()

    class Meta:
        model = Analysis
        fields: list[str] = []

    def filter_model(self, rows: QuerySet[Analysis], name: str, value: str) -> QuerySet[Analysis]:
        """By NAME or NAME@VERSION."""
        return rows.filter(**model_lookup(value))


class ExportFilter(AnalysisFilter):
    """Filters of analyses, by several recordings."""

    recording = UUIDListFilter(field_name="recording", lookup_expr="in")


class SegmentFilter(RecordingRelatedFilter):
    """Filters of segments."""

    recording_path = "analysis__recording"

    label = django_filters.CharFilter()
    min_confidence = django_filters.NumberFilter(field_name="confidence", lookup_expr="gte")
    min_duration = django_filters.NumberFilter(field_name="duration_s", lookup_expr="gte", label="Seconds.")
    recording = django_filters.UUIDFilter(field_name="analysis__recording")

    class Meta:
        model = Segment
        fields: list[str] = []
