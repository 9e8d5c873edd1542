"""How long recordings are kept: the project's retention period, outside of projects the installation's."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, DateTimeField, DurationField, ExpressionWrapper, F, QuerySet, Value, When
from django.template.defaultfilters import pluralize
from django.utils import timezone

from webapp.core.errors import RequestError, WebCode
from webapp.recordings.models import Recording, retention_days_of

NOTICE_PERIOD = timedelta(days=7)  # owners are told this long before a recording is erased


def expiring_before(moment: datetime, recordings: QuerySet[Recording]) -> QuerySet[Recording]:
    """The recordings whose retention period ends at `moment` or earlier."""
    return recordings.alias(expires_at=_expires_at()).filter(expires_at__lte=moment)


def expired() -> QuerySet[Recording]:
    """The recordings of all users whose retention period is over, oldest first."""
    return expiring_before(timezone.now(), Recording.objects.order_by("created_at"))


def require_confirmation(*, recordings: QuerySet[Recording], days: int | None, confirmed: bool) -> None:
    """Raises RequestError(RETENTION_ERASES) if a retention of `days` erases recordings, unless `confirmed`."""
    lost = 0 if confirmed else count_expired(recordings=recordings, days=days)
    if lost:
        raise RequestError(
            WebCode.RETENTION_ERASES,
            f"{lost} recording{pluralize(lost)} would be erased within the hour, for good: older than {days} "
            f"day{pluralize(days or 0)}. Say that this is meant, or choose what keeps them longer.",
        )


def count_expired(*, recordings: QuerySet[Recording], days: int | None) -> int:
    """How many of the recordings a retention of `days` would erase now."""
    if days is None:
        return 0
    return recordings.filter(created_at__lte=timezone.now() - timedelta(days=days)).count()


def _expires_at() -> Any:
    in_project = ExpressionWrapper(F("project__retention_days") * timedelta(days=1), DurationField())
    outside = retention_days_of(None)
    return Case(
        When(
            project=None,
            then=Value(None, DateTimeField())
            if outside is None
            else ExpressionWrapper(F("created_at") + timedelta(days=outside), DateTimeField()),
        ),
        default=ExpressionWrapper(F("created_at") + in_project, DateTimeField()),
        output_field=DateTimeField(),
    )
