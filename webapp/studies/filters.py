"""Filters of recordings by what their study knows of them."""

from typing import Any

import django_filters
from django.db.models import QuerySet

from webapp.analyses.filters import SEARCH_MAX_LENGTH, RecordingFilter
from webapp.recordings.models import Recording
from webapp.studies import selectors


class StudyRecordingFilter(RecordingFilter):
    """Filters of recordings, by participant and by what is said in them as well."""

    participant = django_filters.UUIDFilter(field_name="participant")
    said = django_filters.CharFilter(
        method="filter_said",
        max_length=SEARCH_MAX_LENGTH,
        label="Words that one line of the transcript holds, all of them.",
    )

    def filter_said(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Recording]:
        """Recordings in which it is said."""
        return selectors.said(rows, value)

    def get_form_class(self) -> Any:
        """The form, which limits the number of words."""
        form = super().get_form_class()
        form.base_fields["said"].validators += form.base_fields["search"].validators[-1:]
        return form
