"""Metrics of the whole installation, computed at each scrape: database rows, queues, disk."""

import shutil
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial

import redis
from django.conf import settings
from django.db import Error
from django.db.models import Case, Count, F, FloatField, Min, Sum, When
from django.db.models.functions import Greatest
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from webapp.analyses.execution import fair_scheduling, gpu_metrics
from webapp.analyses.execution.fair_scheduling import FREE_SPANS
from webapp.analyses.models import Analysis, Span
from webapp.analyses.privacy import account_deletion
from webapp.core.redis_client import redis_client
from webapp.operation import health
from webapp.recordings.models import Recording

STEPS = {"read": False, "render": True}  # whether the timeline is published
# Of a recording that is read in spans, what no worker reads yet.
WAITING_SHARE = Case(When(total=0, then=1.0), default=1.0 * F("free") / F("total"), output_field=FloatField())


def collect() -> Iterator[Metric]:
    """All metrics. A part whose server does not answer is left out; `emotrace_ready` tells which."""
    yield _gauge("ready", "Whether a check of readiness holds.", "check", health.check_results().items())
    for part in (_analyses, _deletions, _messages, gpu_metrics.collect, _disk):
        try:
            yield from list(part())
        except (Error, redis.RedisError, OSError):
            continue


def _gauge(name: str, help: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    family = GaugeMetricFamily(f"emotrace_{name}", help, labels=[label])
    for value, amount in values:
        family.add_metric([value], amount)
    return family


def _analyses() -> Iterator[Metric]:
    by_status = dict(Analysis.objects.order_by().values_list("status").annotate(Count("pk")))
    counts = ((status, by_status.get(status, 0)) for status in Analysis.Status.values)
    yield _gauge("analyses", "Analyses that are kept, by status.", "status", counts)
    steps = {
        step: fair_scheduling.queued(published=published).annotate(total=Count("spans"), free=FREE_SPANS)
        for step, published in STEPS.items()
    }
    lengths = ((step, waiting.aggregate(n=Sum(Greatest("free", 1)))["n"] or 0) for step, waiting in steps.items())
    yield _gauge("queue_length", "Analyses, or spans of long ones, that wait for a step.", "step", lengths)
    length = Sum(F("recording__duration_s") * WAITING_SHARE)
    media = ((step, waiting.aggregate(s=length)["s"] or 0) for step, waiting in steps.items())
    yield _gauge("queue_media_seconds", "Length of the recordings that wait for a step.", "step", media)
    since = {"read": Min("created_at"), "render": Min("timeline_at")}
    ages = ((step, _age(waiting.aggregate(at=since[step])["at"])) for step, waiting in steps.items())
    yield _gauge("queue_age_seconds", "How long the one that waits longest has waited.", "step", ages)
    running = Analysis.objects.filter(status=Analysis.Status.RUNNING)
    heard = (rows.aggregate(at=Min("heartbeat_at"))["at"] for rows in (running, Span.objects.all()))
    silent = max(map(_age, heard))
    yield GaugeMetricFamily("emotrace_silent_seconds", "Time since the most silent worker was heard of.", silent)


def _deletions() -> Iterator[Metric]:
    accounts = account_deletion.pending()
    left = Recording.objects.filter(owner__in=accounts.values("pk")).count()
    yield GaugeMetricFamily("emotrace_deletions", "Accounts that are being deleted.", accounts.count())
    yield GaugeMetricFamily("emotrace_deletion_recordings", "Recordings that are left of them.", left)


def _age(since: datetime | None) -> float:
    return max(0.0, (timezone.now() - since).total_seconds()) if since else 0.0


def _messages() -> Iterator[Metric]:
    names = [queue.name for queue in settings.CELERY_TASK_QUEUES]
    lengths = ((name, redis_client().llen(name)) for name in names)
    yield _gauge("queue_messages", "Messages that no worker has taken.", "queue", lengths)


def _disk() -> Iterator[Metric]:
    disk = shutil.disk_usage(settings.MEDIA_ROOT)
    size = partial(GaugeMetricFamily, documentation="Of the disk that the media lie on.")
    yield size("emotrace_disk_bytes", value=disk.total)
    yield size("emotrace_disk_free_bytes", value=disk.free)
