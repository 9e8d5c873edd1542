"""What lists can be narrowed down by."""

import django_filters
from django.db.models import QuerySet

from webapp.analyses.filters import ByRecording, EndFilter, named_model
from webapp.analyses.models import Analysis, Segment


class AnalysisFilter(ByRecording):
    status = django_filters.ChoiceFilter(choices=Analysis.Status.choices)
    model = django_filters.CharFilter(method="by_model", label="NAME or NAME@VERSION")
    label = django_filters.CharFilter(label="The label with the largest share of the recording.")
    created_after = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = EndFilter(
        field_name="created_at", lookup_expr="lt", label="Without a time of day, the whole day counts."
    )
    recording = django_filters.UUIDFilter()

    class Meta:
        model = Analysis
        fields: list[str] = []

    def by_model(self, rows: QuerySet[Analysis], name: str, value: str) -> QuerySet[Analysis]:
        return rows.filter(**named_model(value))


class Several(django_filters.BaseInFilter, django_filters.UUIDFilter):
    """Identifiers with commas between them."""


class ExportFilter(AnalysisFilter):
    """The same, for several recordings at once."""

    recording = Several(field_name="recording", lookup_expr="in")


class SegmentFilter(ByRecording):
    recording_path = "analysis__recording"

    label = django_filters.CharFilter()
    min_confidence = django_filters.NumberFilter(field_name="confidence", lookup_expr="gte")
    min_duration = django_filters.NumberFilter(field_name="duration_s", lookup_expr="gte", label="Seconds.")
    recording = django_filters.UUIDFilter(field_name="analysis__recording")

    class Meta:
        model = Segment
        fields: list[str] = []
