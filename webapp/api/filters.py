"""What lists can be narrowed down by."""

from typing import Any

import django_filters
from django.db.models import QuerySet

from webapp.analyses.models import Analysis, Segment


class AnalysisFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(choices=Analysis.Status.choices)
    model = django_filters.CharFilter(method="by_model", label="NAME or NAME@VERSION")
    label = django_filters.CharFilter(label="The label with the largest share of the recording.")
    created_after = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")
    recording = django_filters.UUIDFilter()

    class Meta:
        model = Analysis
        fields: list[str] = []

    def by_model(self, rows: QuerySet[Analysis], name: str, value: str) -> QuerySet[Analysis]:
        model, _, version = value.partition("@")
        wanted: dict[str, Any] = {"model_name": model} | ({"model_version": version} if version else {})
        return rows.filter(**wanted)


class Several(django_filters.BaseInFilter, django_filters.UUIDFilter):
    """Identifiers with commas between them."""


class ExportFilter(AnalysisFilter):
    """The same, for several recordings at once."""

    recording = Several(field_name="recording", lookup_expr="in")


class SegmentFilter(django_filters.FilterSet):
    label = django_filters.CharFilter()
    min_confidence = django_filters.NumberFilter(field_name="confidence", lookup_expr="gte")
    min_duration = django_filters.NumberFilter(field_name="duration_s", lookup_expr="gte", label="Seconds.")
    recording = django_filters.UUIDFilter(field_name="analysis__recording")

    class Meta:
        model = Segment
        fields: list[str] = []
