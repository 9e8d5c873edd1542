"""Celery tasks."""

from uuid import UUID

from celery import shared_task

from webapp.webhooks import outbox


@shared_task(name=outbox.DELIVER_TASK)
def deliver(pk: str) -> None:
    """Make the next attempt of a delivery."""
    outbox.deliver(UUID(pk))
