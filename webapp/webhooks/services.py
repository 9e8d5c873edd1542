"""Writes: create, update, test and delete webhooks; resend deliveries."""

from collections.abc import Collection
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network

from django.db import transaction
from django.utils import timezone

from webapp.accounts.models import User
from webapp.analyses.events import EventType
from webapp.audit.models import Action
from webapp.audit.services import record
from webapp.core.errors import RequestError, WebCode
from webapp.webhooks import outbox, signing, ssrf
from webapp.webhooks.models import TEST_EVENT, AllowedNetwork, Delivery, Endpoint

MAX_ENDPOINTS = 20
OLD_SECRET_LIFETIME = timedelta(hours=24)


def create(*, owner: User, url: str, events: Collection[str]) -> tuple[Endpoint, str]:
    """Create an endpoint; returns it and its secret, which is not shown again.

    Raises RequestError(WEBHOOK_URL | WEBHOOK_ADDRESS | WEBHOOK_LIMIT).
    """
    ssrf.resolve(url)
    secret = signing.generate_secret()
    with transaction.atomic():
        User.objects.select_for_update().get(pk=owner.pk)  # serialises concurrent creations
        if owner.webhooks.count() >= MAX_ENDPOINTS:
            raise RequestError(WebCode.WEBHOOK_LIMIT, f"There are {MAX_ENDPOINTS} webhooks already. Remove one first.")
        return owner.webhooks.create(url=url, events=_sorted_events(events), secret=signing.encrypt(secret)), secret


def update(
    *, endpoint: Endpoint, url: str | None = None, events: Collection[str] | None = None, enabled: bool | None = None
) -> None:
    """Update the given fields. Raises RequestError(WEBHOOK_URL | WEBHOOK_ADDRESS)."""
    if url is not None and url != endpoint.url:
        ssrf.resolve(url)
        endpoint.url, endpoint.failing_since = url, None
    if events is not None:
        endpoint.events = _sorted_events(events)
    if enabled is not None and enabled != endpoint.enabled:
        endpoint.enabled, endpoint.note, endpoint.failing_since = enabled, "", None
    with transaction.atomic():
        endpoint.save(update_fields=["url", "events", "enabled", "note", "failing_since"])
        if not endpoint.enabled:
            outbox.cancel_pending(endpoint)


def rotate_secret(*, endpoint: Endpoint) -> str:
    """Create a new secret, which is not shown again. The previous one also signs for OLD_SECRET_LIFETIME."""
    secret = signing.generate_secret()
    with transaction.atomic():
        current = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
        endpoint.old_secret, endpoint.secret = current.secret, signing.encrypt(secret)
        endpoint.old_secret_until = timezone.now() + OLD_SECRET_LIFETIME
        endpoint.save(update_fields=["secret", "old_secret", "old_secret_until"])
    return secret


def delete(*, endpoint: Endpoint) -> None:
    """Delete the endpoint with its deliveries."""
    endpoint.delete()


def send_test(*, endpoint: Endpoint) -> Delivery:
    """Send a test event. Raises RequestError(WEBHOOK_OFF)."""
    _require_enabled(endpoint)
    with transaction.atomic():
        return outbox.enqueue(endpoint, TEST_EVENT, {"webhook": str(endpoint.pk)})


def resend(*, delivery: Delivery) -> Delivery:
    """Send the same message again, with all attempts. Raises RequestError(WEBHOOK_OFF)."""
    _require_enabled(delivery.endpoint)
    now = timezone.now()
    delivery.status, delivery.attempts = Delivery.Status.PENDING, 0
    delivery.next_attempt_at = delivery.dispatched_at = now
    delivery.clear_result()
    with transaction.atomic():
        delivery.save()
        outbox.dispatch(delivery)
    return delivery


def set_allowed_networks(*, by: User, networks: Collection[IPv4Network | IPv6Network]) -> None:
    """Replace the private networks that webhooks may reach."""
    with transaction.atomic():
        AllowedNetwork.objects.all().delete()
        AllowedNetwork.objects.bulk_create(AllowedNetwork(network=str(each)) for each in networks)
        record(Action.WEBHOOK_NETWORKS_CHANGED, by=by.pk, owner=by.pk)


def _require_enabled(endpoint: Endpoint) -> None:
    if not endpoint.enabled:
        raise RequestError(WebCode.WEBHOOK_OFF, "The webhook is switched off. Switch it on first.")


def _sorted_events(events: Collection[str]) -> list[str]:
    return [event for event in EventType if event in events]
