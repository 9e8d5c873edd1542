"""Filters of recordings, for pages and REST, and the base of filters of related rows."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import django_filters
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.dateparse import parse_date
from django_filters.fields import BaseCSVField, IsoDateTimeField

from webapp.accounts.models import User
from webapp.analyses.models import Analysis
from webapp.recordings import retention, selectors
from webapp.recordings.models import MAX_TAGS, Purpose, Recording

NO_PROJECT = "none"
SEARCH_MAX_LENGTH, MAX_WORDS = 200, 10
MAX_IDS = 100


class UTCDateTimeField(IsoDateTimeField):
    """Converts to UTC, because PostgreSQL takes offsets up to 16 hours only."""

    def to_python(self, value: Any) -> datetime | None:
        """Raises ValidationError."""
        moment: datetime | None = super().to_python(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError as error:
            raise ValidationError(self.error_messages["invalid"], "invalid") from error


class UTCDateTimeFilter(django_filters.IsoDateTimeFilter):
    """A date and time with any offset."""

    field_class = UTCDateTimeField


class EndOfDayField(UTCDateTimeField):
    """A date and time; a date alone means the end of that day."""

    def to_python(self, value: Any) -> datetime | None:
        """Raises ValidationError."""
        day = _day(value)
        if day is not None and day < date.max:
            return datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC)
        return super().to_python(value)


class EndOfDayFilter(django_filters.IsoDateTimeFilter):
    """An upper bound; a date alone includes the whole day."""

    field_class = EndOfDayField


class LimitedCSVField(BaseCSVField):
    """At most MAX_IDS comma-separated values."""

    def clean(self, value: list[str] | None) -> Any:
        """Raises ValidationError."""
        if value and len(value) > MAX_IDS:
            raise ValidationError(f"Name {MAX_IDS} at once at most.")
        return super().clean(value)


class RecordingRelatedFilter(django_filters.FilterSet):
    """Filters of rows that belong to a recording; `recording_path` is the lookup of it."""

    recording_path = "recording"

    search = django_filters.CharFilter(
        method="filter_search",
        max_length=SEARCH_MAX_LENGTH,
        label=f"Words that the title, the names of the files or the tags hold, all of them; {MAX_WORDS} at most.",
    )
    project = django_filters.CharFilter(method="filter_project", label=f"The project's id, or {NO_PROJECT}.")
    purpose = django_filters.ChoiceFilter(choices=Purpose.choices, method="filter_purpose")
    tag = django_filters.CharFilter(
        method="filter_tags", label=f"A tag, or up to {MAX_TAGS} with commas between them: all of them."
    )

    def __init__(self, *args: Any, owner: User | None = None, **options: Any) -> None:
        """`owner` is the user whose rows they are; default: the request's."""
        super().__init__(*args, **options)
        self.owner = owner or self.request.user

    def filter_search(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Rows whose recording matches all the words."""
        return self._restrict(rows, selectors.search(self.owner, value))

    def filter_project(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Rows of a project's recordings, or of those without a project."""
        wanted = None if value == NO_PROJECT else UUID(value)
        return self._restrict(rows, Recording.objects.filter(project=wanted))

    def filter_purpose(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Rows of recordings with the purpose."""
        return self._restrict(rows, Recording.objects.filter(purpose=value))

    def filter_tags(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Rows of recordings that have all the tags."""
        return self._restrict(rows, selectors.with_tags(self.owner, value))

    def _restrict(self, rows: QuerySet[Any], recordings: QuerySet[Recording]) -> QuerySet[Any]:
        return rows.filter(**{f"{self.recording_path}__in": recordings})

    def get_form_class(self) -> Any:
        """The form, which also validates what the filters' lookups would not."""
        form = super().get_form_class()
        form.base_fields["project"].validators.append(_require_project)
        form.base_fields["tag"].validators.append(_require_few_tags)
        form.base_fields["search"].validators.append(_require_few_words)
        return form


class UUIDListFilter(django_filters.BaseInFilter, django_filters.UUIDFilter):
    """At most MAX_IDS comma-separated ids."""

    base_field_class = LimitedCSVField


class RecordingFilter(RecordingRelatedFilter):
    """Filters of recordings; status, label and model are those of the representative analysis."""

    recording_path = "pk"

    recording = UUIDListFilter(field_name="pk", lookup_expr="in", label="Ids of recordings, with commas between them.")
    status = django_filters.ChoiceFilter(choices=Analysis.Status.choices, method="filter_analysis")
    label = django_filters.CharFilter(
        method="filter_analysis", label="The label with the largest share of the recording."
    )
    model = django_filters.CharFilter(method="filter_model", label="NAME or NAME@VERSION")
    created_after = UTCDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = EndOfDayFilter(
        field_name="created_at", lookup_expr="lt", label="A date alone includes the whole day."
    )
    delete_before = EndOfDayFilter(method="filter_expiring", label="Those that are not kept beyond it.")

    class Meta:
        model = Recording
        fields: list[str] = []

    def filter_analysis(self, rows: QuerySet[Recording], name: str, value: str) -> QuerySet[Recording]:
        """Recordings by a field of the representative analysis."""
        return self._by_representative(rows, **{name: value})

    def filter_model(self, rows: QuerySet[Recording], name: str, value: str) -> QuerySet[Recording]:
        """Recordings by NAME or NAME@VERSION of the representative analysis."""
        return self._by_representative(rows, **model_lookup(value))

    def filter_expiring(self, rows: QuerySet[Recording], name: str, value: datetime) -> QuerySet[Recording]:
        """Recordings whose retention period ends before the moment."""
        return retention.expiring_before(value, rows)

    def _by_representative(self, rows: QuerySet[Recording], **values: str) -> QuerySet[Recording]:
        matching = Analysis.objects.filter(is_representative=True, **values)
        return rows.filter(pk__in=matching.values("recording"))


def model_lookup(reference: str) -> dict[str, str]:
    """The lookup of analyses by a model NAME or NAME@VERSION."""
    name, _, version = reference.partition("@")
    return {"model_name": name} | ({"model_version": version} if version else {})


def _day(value: Any) -> date | None:
    try:
        return parse_date(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return None


def _require_few_tags(value: str) -> None:
    if value.count(",") >= MAX_TAGS:
        raise ValidationError(f"Ask for {MAX_TAGS} tags at most.")


def _require_few_words(value: str) -> None:
    if len(value.split()) > MAX_WORDS:
        raise ValidationError(f"Look for {MAX_WORDS} words at most.")


def _require_project(value: str) -> None:
    if value == NO_PROJECT:
        return
    try:
        UUID(value)
    except ValueError:
        raise ValidationError(f"This is no project. Send its id, or {NO_PROJECT}.") from None
