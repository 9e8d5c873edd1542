"""Celery's interface. A message says that something waits, and names it; whose turn it is, says the database."""

from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down

from webapp.analyses import lease, messages, work


@shared_task(name=messages.READ)
def read(pk: str) -> None:
    work.read()


@shared_task(name=messages.RENDER)
def render(pk: str) -> None:
    work.render()


@worker_shutting_down.connect
def give_back(**_: Any) -> None:
    lease.stopping.set()
