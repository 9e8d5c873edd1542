"""Transactional outbox: a delivery is stored with its event, and sent until it succeeds or fails for good.

Claiming an attempt schedules the next one, so that a message is only late if the worker dies.
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
DISABLE_AFTER = timedelta(days=3)  # of failures only
RETENTION = timedelta(days=30)
GONE = 410
WORKER_LOST = "The program that sends was lost in the middle of the last attempt."
DISABLED = "The webhook was switched off."

logger = logging.getLogger(__name__)


def on_analysis_changed(event: Event, **_: Any) -> None:
    """Store a delivery for each subscribed endpoint of the owner. Runs in the event's transaction."""
    for endpoint in _subscribed(event.owner_id, event.type):
        enqueue(endpoint, event.type, _event_data(event))


def on_recordings_deleted(owner_id: int, recording_ids: Collection[UUID], **_: Any) -> None:
    """Delete deliveries about the recordings and announce their deletion. Runs in the erasing transaction."""
    ids = [str(pk) for pk in recording_ids]
    about_them = Delivery.objects.alias(recording=KT(RECORDING_PATH)).filter(recording__in=ids)
    about_them.filter(endpoint__owner_id=owner_id).delete()
    deliveries = [
        _delivery(endpoint, EventType.RECORDING_DELETED, {"recording": pk})
        for endpoint in _subscribed(owner_id, EventType.RECORDING_DELETED)
        for pk in ids
    ]
    Delivery.objects.bulk_create(deliveries)
    for delivery in deliveries:
        dispatch(delivery)


def on_reaping(**_: Any) -> None:
    """Send due deliveries again and delete old ones."""
    now = timezone.now()
    late = Q(dispatched_at__lt=F("next_attempt_at")) | Q(dispatched_at__lt=now - REDISPATCH_AFTER)
    due = Delivery.objects.filter(late, status=Delivery.Status.PENDING, next_attempt_at__lte=now)
    due.filter(attempts__gte=MAX_ATTEMPTS).update(status=Delivery.Status.FAILED, error=WORKER_LOST)
    with log_and_continue("webhook messages"):
        # Messages that no worker has taken yet are not repeated.
        room = max(0, MAX_MESSAGES - queue.queue_length(settings.WEBHOOK_QUEUE))
        for pk in list(due.order_by("next_attempt_at").values_list("pk", flat=True)[:room]):
            if due.filter(pk=pk).update(dispatched_at=now):
                queue.enqueue(DELIVER_TASK, pk, queue=settings.WEBHOOK_QUEUE)
    Delivery.objects.filter(created_at__lt=now - RETENTION).exclude(status=Delivery.Status.PENDING).delete()


def enqueue(endpoint: Endpoint, event: str, data: dict[str, Any]) -> Delivery:
    """Store a delivery and send its task on commit."""
    delivery = _delivery(endpoint, event, data)
    delivery.save()
    dispatch(delivery)
    return delivery


def dispatch(delivery: Delivery) -> None:
    """Send the delivery's task on commit."""
    transaction.on_commit(lambda: queue.enqueue(DELIVER_TASK, delivery.pk, queue=settings.WEBHOOK_QUEUE))


def cancel_pending(endpoint: Endpoint) -> None:
    """Fail the endpoint's pending deliveries."""
    endpoint.deliveries.filter(status=Delivery.Status.PENDING).update(status=Delivery.Status.FAILED, error=DISABLED)


def deliver(pk: UUID) -> None:
    """Make the next attempt, if one is due."""
    delivery = _claim(pk)
    if delivery is None:
        return
    if not delivery.endpoint.enabled:
        cancel_pending(delivery.endpoint)
        return
    result = _attempt(delivery)
    with transaction.atomic():
        _record_result(delivery, result)
    logger.info("webhook %s: attempt %d, %s", pk, delivery.attempts, result.error or result.response_code)


def retry_delay(attempt: int) -> timedelta:
    """The delay after an attempt, counted from 1: exponential backoff with jitter."""
    seconds = min(MAX_RETRY_SECONDS, FIRST_RETRY_SECONDS * 4 ** (attempt - 1))
    return timedelta(seconds=seconds * random.uniform(*JITTER))


def _subscribed(owner_id: int, event: EventType) -> QuerySet[Endpoint]:
    return Endpoint.objects.filter(owner_id=owner_id, enabled=True, events__contains=[str(event)])


def _delivery(endpoint: Endpoint, event: str, data: dict[str, Any]) -> Delivery:
    """An unsaved delivery."""
    now = timezone.now()
    payload = {"type": event, "timestamp": now.isoformat(), "data": data}
    return Delivery(endpoint=endpoint, event=event, payload=payload, next_attempt_at=now, dispatched_at=now)


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
    ciphertexts = [endpoint.secret]
    if endpoint.old_secret_until is not None and endpoint.old_secret_until > timezone.now():
        ciphertexts.append(endpoint.old_secret)
    try:
        secrets = [signing.decrypt(ciphertext) for ciphertext in ciphertexts]
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


def _record_result(delivery: Delivery, result: DeliveryResult) -> None:
    """Save the result of the attempt, unless the delivery was resent meanwhile."""
    endpoint = Endpoint.objects.select_for_update().filter(pk=delivery.endpoint_id).first()
    if endpoint is None:
        return
    gone = result.response_code == GONE
    over = gone or delivery.attempts >= MAX_ATTEMPTS
    status = Delivery.Status.FAILED if over else Delivery.Status.PENDING
    Delivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts, status=Delivery.Status.PENDING).update(
        status=Delivery.Status.DELIVERED if result.delivered else status,
        response_code=result.response_code,
        answer=result.answer,
        duration_ms=result.duration_ms,
        error=result.error,
    )
    now = timezone.now()
    endpoint.failing_since = None if result.delivered else endpoint.failing_since or now
    if gone:
        _disable(endpoint, "The receiver answered 410: it wants nothing any more.")
    elif over and endpoint.failing_since is not None and endpoint.failing_since < now - DISABLE_AFTER:
        _disable(endpoint, f"Nothing arrived since {endpoint.failing_since:%Y-%m-%d}. Last: {result.error}"[:300])
    endpoint.save(update_fields=["failing_since", "enabled", "note"])


def _disable(endpoint: Endpoint, note: str) -> None:
    endpoint.enabled, endpoint.note = False, note
    cancel_pending(endpoint)


def _event_data(event: Event) -> dict[str, Any]:
    """Ids and URLs only: a message reveals nothing to those who may not read over REST."""
    return {
        "recording": str(event.recording_id),
        "analysis": str(event.analysis_id),
        "status": event.status,
        "urls": {
            "recording": settings.PUBLIC_URL + reverse("api:recording", args=[event.recording_id]),
            "analysis": settings.PUBLIC_URL + reverse("api:analysis", args=[event.analysis_id]),
            "page": settings.PUBLIC_URL + reverse("pages:result", args=[event.analysis_id]),
        },
    }
