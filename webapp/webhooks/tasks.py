"""Celery is another interface: it passes ids on."""

from uuid import UUID

from celery import shared_task

from webapp.webhooks import outbox


@shared_task(name=outbox.DELIVER_TASK)
def deliver(pk: str) -> None:
    outbox.deliver(UUID(pk))
