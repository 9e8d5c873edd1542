"""Celery is another interface: it passes ids on."""

from typing import Any
from uuid import UUID

from celery import shared_task
from celery.signals import worker_shutting_down

from webapp.analyses import lease, messages, work


@shared_task(name=messages.READ)
def read(pk: str) -> None:
    work.read(UUID(pk))


@shared_task(name=messages.RENDER)
def render(pk: str) -> None:
    work.render(UUID(pk))


@worker_shutting_down.connect
def give_back(**_: Any) -> None:
    lease.stopping.set()
