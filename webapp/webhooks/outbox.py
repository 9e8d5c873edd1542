"""Messages on their way. A row is written with what it tells of, and sent until it arrives or there is no hope.

Claiming an attempt already sets the time of the next one: if the worker dies, the message is merely late.
"""

import json
import logging
import random
import time
from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.fields.json import KT
from django.urls import reverse
from django.utils import timezone

from webapp.analyses.events import Event, EventType
from webapp.core import queue
from webapp.core.isolation import log_and_continue
from webapp.webhooks import signing
from webapp.webhooks.delivery import DeliveryResult, post
from webapp.webhooks.models import RECORDING_PATH, Delivery, Endpoint

DELIVER_TASK = "webapp.webhooks.tasks.deliver"
# 1 min, 4, 16, 64 and then every 6 hours: about a day in all.
FIRST_RETRY_SECONDS, MAX_RETRY_SECONDS, MAX_ATTEMPTS = 60, 6 * 3600, 9
JITTER = (0.8, 1.2)
REDISPATCH_AFTER = timedelta(minutes=5)
MAX_MESSAGES = 500
DISABLE_AFTER = timedelta(days=3)  # of nothing but failures
RETENTION = timedelta(days=30)
GONE = 410
WORKER_LOST = "The program that sends was lost in the middle of the last attempt."
DISABLED = "The webhook was switched off."

logger = logging.getLogger(__name__)


def on_analysis_changed(event: Event, **_: Any) -> None:
    """Write a message for each of the owner's endpoints that wants to know. Belongs in the event's transaction."""
    for endpoint in _subscribed(event.owner_id, event.type):
        enqueue(endpoint, event.type, _event_data(event))


def on_recordings_deleted(owner_id: int, recording_ids: Collection[UUID], **_: Any) -> None:
    """Forget what was told of the recordings, and tell of their end. Belongs in the transaction that erases them."""
    ids = [str(pk) for pk in recording_ids]
    told = Delivery.objects.alias(recording=KT(RECORDING_PATH)).filter(recording__in=ids)
    told.filter(endpoint__owner_id=owner_id).delete()
    deliveries = [
        _delivery(endpoint, EventType.RECORDING_DELETED, {"recording": pk})
        for endpoint in _subscribed(owner_id, EventType.RECORDING_DELETED)
        for pk in ids
    ]
    Delivery.objects.bulk_create(deliveries)
    for delivery in deliveries:
        dispatch(delivery)


def on_reaping(**_: Any) -> None:
    """Send what is due, and forget what is old."""
    now = timezone.now()
    late = Q(nudged_at__lt=F("next_attempt_at")) | Q(nudged_at__lt=now - REDISPATCH_AFTER)
    due = Delivery.objects.filter(late, status=Delivery.Status.PENDING, next_attempt_at__lte=now)
    due.filter(attempts__gte=MAX_ATTEMPTS).update(status=Delivery.Status.FAILED, error=WORKER_LOST)
    with log_and_continue("the messages about webhooks"):
        # What no worker has taken yet need not be repeated.
        fewer = max(0, MAX_MESSAGES - queue.queue_length(settings.WEBHOOK_QUEUE))
        for pk in list(due.order_by("next_attempt_at").values_list("pk", flat=True)[:fewer]):
            if due.filter(pk=pk).update(nudged_at=now):
                queue.enqueue(DELIVER_TASK, pk, queue=settings.WEBHOOK_QUEUE)
    Delivery.objects.filter(created_at__lt=now - RETENTION).exclude(status=Delivery.Status.PENDING).delete()


def enqueue(endpoint: Endpoint, event: str, data: dict[str, Any]) -> Delivery:
    delivery = _delivery(endpoint, event, data)
    delivery.save()
    dispatch(delivery)
    return delivery


def dispatch(delivery: Delivery) -> None:
    transaction.on_commit(lambda: queue.enqueue(DELIVER_TASK, delivery.pk, queue=settings.WEBHOOK_QUEUE))


def cancel_pending(endpoint: Endpoint) -> None:
    """Send nothing of what still waits."""
    endpoint.deliveries.filter(status=Delivery.Status.PENDING).update(status=Delivery.Status.FAILED, error=DISABLED)


def deliver(pk: UUID) -> None:
    """Make the next attempt, if the message waits for one."""
    delivery = _claim(pk)
    if delivery is None:
        return
    if not delivery.endpoint.enabled:
        cancel_pending(delivery.endpoint)
        return
    outcome = _attempt(delivery)
    with transaction.atomic():
        _record_result(delivery, outcome)
    logger.info("webhook %s: attempt %d, %s", pk, delivery.attempts, outcome.error or outcome.response_code)


def retry_delay(attempt: int) -> timedelta:
    """From one attempt, counted from 1, to the next: longer each time, and not in step with other messages."""
    seconds = min(MAX_RETRY_SECONDS, FIRST_RETRY_SECONDS * 4 ** (attempt - 1))
    return timedelta(seconds=seconds * random.uniform(*JITTER))


def _subscribed(owner_id: int, event: EventType) -> QuerySet[Endpoint]:
    return Endpoint.objects.filter(owner_id=owner_id, enabled=True, events__contains=[str(event)])


def _delivery(endpoint: Endpoint, event: str, data: dict[str, Any]) -> Delivery:
    """One that is not saved yet."""
    now = timezone.now()
    payload = {"type": event, "timestamp": now.isoformat(), "data": data}
    return Delivery(endpoint=endpoint, event=event, payload=payload, next_attempt_at=now, nudged_at=now)


def _claim(pk: UUID) -> Delivery | None:
    now = timezone.now()
    with transaction.atomic():
        waiting = Delivery.objects.filter(
            pk=pk, status=Delivery.Status.PENDING, attempts__lt=MAX_ATTEMPTS, next_attempt_at__lte=now
        )
        delivery = waiting.select_for_update(of=("self",)).select_related("endpoint").first()
        if delivery is not None:
            delivery.attempts += 1
            delivery.next_attempt_at = now + retry_delay(delivery.attempts)
            delivery.attempted_at = now
            delivery.clear_result()
            delivery.save()
    return delivery


def _attempt(delivery: Delivery) -> DeliveryResult:
    endpoint, timestamp = delivery.endpoint, int(time.time())
    kept = [endpoint.secret]
    if endpoint.old_secret_until is not None and endpoint.old_secret_until > timezone.now():
        kept.append(endpoint.old_secret)
    try:
        secrets = [signing.decrypt(each) for each in kept]
    except signing.SecretLostError:
        return DeliveryResult(0, error="The secret cannot be read since SECRET_KEY was changed. Make a new secret.")
    body = json.dumps(delivery.payload, separators=(",", ":")).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Emotrace",
        "webhook-id": delivery.message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signing.signatures(secrets, delivery.message_id, timestamp, body),
    }
    return post(endpoint.url, body, headers)


def _record_result(delivery: Delivery, outcome: DeliveryResult) -> None:
    """Write down how the attempt ended, unless it was sent again meanwhile."""
    endpoint = Endpoint.objects.select_for_update().filter(pk=delivery.endpoint_id).first()
    if endpoint is None:
        return
    gone = outcome.response_code == GONE
    over = gone or delivery.attempts >= MAX_ATTEMPTS
    status = Delivery.Status.FAILED if over else Delivery.Status.PENDING
    Delivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts, status=Delivery.Status.PENDING).update(
        status=Delivery.Status.DELIVERED if outcome.delivered else status,
        response_code=outcome.response_code,
        answer=outcome.answer,
        duration_ms=outcome.duration_ms,
        error=outcome.error,
    )
    now = timezone.now()
    endpoint.failing_since = None if outcome.delivered else endpoint.failing_since or now
    if gone:
        _disable(endpoint, "The receiver answered 410: it wants nothing any more.")
    elif over and endpoint.failing_since is not None and endpoint.failing_since < now - DISABLE_AFTER:
        _disable(endpoint, f"Nothing arrived since {endpoint.failing_since:%Y-%m-%d}. Last: {outcome.error}"[:300])
    endpoint.save(update_fields=["failing_since", "enabled", "note"])


def _disable(endpoint: Endpoint, note: str) -> None:
    endpoint.enabled, endpoint.note = False, note
    cancel_pending(endpoint)


def _event_data(event: Event) -> dict[str, Any]:
    """Ids and where to ask: who may not read over REST learns nothing from a message."""
    analysis = [event.analysis_id]
    return {
        "recording": str(event.recording_id),
        "analysis": str(event.analysis_id),
        "status": event.status,
        "urls": {
            "recording": settings.PUBLIC_URL + reverse("api:recording", args=[event.recording_id]),
            "analysis": settings.PUBLIC_URL + reverse("api:analysis", args=analysis),
            "page": settings.PUBLIC_URL + reverse("pages:result", args=analysis),
        },
    }
