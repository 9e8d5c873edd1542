"""What recordings can be narrowed down by, on the page as over REST, and what is asked of them by way of analyses."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import django_filters
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.dateparse import parse_date
from django_filters.fields import BaseCSVField, IsoDateTimeField

from webapp.analyses.models import Analysis
from webapp.analyses.selectors import representative_field
from webapp.recordings import retention, selectors
from webapp.recordings.models import MAX_TAGS, Purpose, Recording

NO_PROJECT = "none"
SEARCH_MAX_LENGTH, MAX_WORDS = 200, 10
MAX_IDS = 100


class UTCDateTimeField(IsoDateTimeField):
    """In UTC: of other offsets the database knows those up to 16 hours."""

    def to_python(self, value: Any) -> datetime | None:
        moment: datetime | None = super().to_python(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError as error:
            raise ValidationError(self.error_messages["invalid"], "invalid") from error


class UTCDateTimeFilter(django_filters.IsoDateTimeFilter):
    field_class = UTCDateTimeField


class EndOfDayField(UTCDateTimeField):
    def to_python(self, value: Any) -> datetime | None:
        """A moment; of a day alone, its end."""
        day = _day(value)
        if day is not None and day < date.max:
            return datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC)
        return super().to_python(value)


class EndOfDayFilter(django_filters.IsoDateTimeFilter):
    field_class = EndOfDayField


class LimitedCSVField(BaseCSVField):
    def clean(self, value: list[str] | None) -> Any:
        if value and len(value) > MAX_IDS:
            raise ValidationError(f"Name {MAX_IDS} at once at most.")
        return super().clean(value)


class RecordingRelatedFilter(django_filters.FilterSet):
    """For rows that belong to recordings: `recording` leads from them to theirs."""

    recording_path = "recording"

    search = django_filters.CharFilter(
        method="by_words",
        max_length=SEARCH_MAX_LENGTH,
        label=f"Words that the title, the names of the files or the tags hold, all of them; {MAX_WORDS} at most.",
    )
    project = django_filters.CharFilter(method="by_project", label=f"The project's id, or {NO_PROJECT}.")
    purpose = django_filters.ChoiceFilter(choices=Purpose.choices, method="by_purpose")
    tag = django_filters.CharFilter(
        method="by_tags", label=f"A tag, or up to {MAX_TAGS} with commas between them: all of them."
    )

    def by_words(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return self.of(rows, selectors.search(value))

    def by_project(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        wanted = None if value == NO_PROJECT else UUID(value)
        return self.of(rows, Recording.objects.filter(project=wanted))

    def by_purpose(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return self.of(rows, Recording.objects.filter(purpose=value))

    def by_tags(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return self.of(rows, selectors.with_tags(value))

    def of(self, rows: QuerySet[Any], recordings: QuerySet[Recording]) -> QuerySet[Any]:
        return rows.filter(**{f"{self.recording_path}__in": recordings})

    def get_form_class(self) -> Any:
        form = super().get_form_class()
        form.base_fields["project"].validators.append(_require_project)
        form.base_fields["tag"].validators.append(_require_few_tags)
        form.base_fields["search"].validators.append(_require_few_words)
        return form


class UUIDListFilter(django_filters.BaseInFilter, django_filters.UUIDFilter):
    """Identifiers with commas between them, MOST_IDS at most."""

    base_field_class = LimitedCSVField


class RecordingFilter(RecordingRelatedFilter):
    """Status, label and model are those of the analysis that stands for the recording in lists."""

    recording_path = "pk"

    recording = UUIDListFilter(field_name="pk", lookup_expr="in", label="Ids of recordings, with commas between them.")
    status = django_filters.ChoiceFilter(choices=Analysis.Status.choices, method="by_analysis")
    label = django_filters.CharFilter(method="by_analysis", label="The label with the largest share of the recording.")
    model = django_filters.CharFilter(method="by_model", label="NAME or NAME@VERSION")
    created_after = UTCDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = EndOfDayFilter(
        field_name="created_at", lookup_expr="lt", label="Without a time of day, the whole day counts."
    )
    delete_before = EndOfDayFilter(method="by_end", label="Those that are not kept beyond it.")

    class Meta:
        model = Recording
        fields: list[str] = []

    def by_analysis(self, rows: QuerySet[Recording], name: str, value: str) -> QuerySet[Recording]:
        return self._shown(rows, **{name: value})

    def by_model(self, rows: QuerySet[Recording], name: str, value: str) -> QuerySet[Recording]:
        return self._shown(rows, **model_lookup(value))

    def by_end(self, rows: QuerySet[Recording], name: str, value: datetime) -> QuerySet[Recording]:
        return retention.expiring_before(value, rows)

    def _shown(self, rows: QuerySet[Recording], **wanted: str) -> QuerySet[Recording]:
        of = {f"shown_{name}": representative_field(name) for name in wanted}
        return rows.alias(**of).filter(**{f"shown_{name}": value for name, value in wanted.items()})


def model_lookup(reference: str) -> dict[str, str]:
    """Which fields of an analysis are to be what for NAME or NAME@VERSION."""
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
