"""How long recordings are kept: as many days as their project says, outside of projects as the installation says."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, DateTimeField, DurationField, ExpressionWrapper, F, QuerySet, Value, When
from django.template.defaultfilters import pluralize
from django.utils import timezone

from webapp.core.errors import RequestError, WebCode
from webapp.recordings.models import Recording, days_kept

SOON = timedelta(days=7)  # in which people are told of what is about to be erased


def ending_before(moment: datetime, recordings: QuerySet[Recording]) -> QuerySet[Recording]:
    """Those of the recordings that are not kept beyond a moment."""
    return recordings.alias(ends_at=_ends_at()).filter(ends_at__lte=moment)


def due() -> QuerySet[Recording]:
    """Everybody's recordings whose time is over."""
    return ending_before(timezone.now(), Recording.objects.order_by("created_at"))


def require_sure(*, recordings: QuerySet[Recording], days: int | None, sure: bool) -> None:
    """Raises RequestError(RETENTION_ERASES) where some, kept for so many days, are over, and nobody is `sure`."""
    lost = 0 if sure else over(recordings=recordings, days=days)
    if lost:
        raise RequestError(
            WebCode.RETENTION_ERASES,
            f"{lost} recording{pluralize(lost)} would be erased within the hour, for good: older than {days} "
            f"day{pluralize(days or 0)}. Say that this is meant, or choose what keeps them longer.",
        )


def over(*, recordings: QuerySet[Recording], days: int | None) -> int:
    """How many of the recordings, kept for so many days, would not be there any more."""
    if days is None:
        return 0
    return recordings.filter(created_at__lte=timezone.now() - timedelta(days=days)).count()


def _ends_at() -> Any:
    lasts = ExpressionWrapper(F("project__retention_days") * timedelta(days=1), DurationField())
    outside = days_kept(None)
    return Case(
        When(
            project=None,
            then=Value(None, DateTimeField())
            if outside is None
            else ExpressionWrapper(F("created_at") + timedelta(days=outside), DateTimeField()),
        ),
        default=ExpressionWrapper(F("created_at") + lasts, DateTimeField()),
        output_field=DateTimeField(),
    )
