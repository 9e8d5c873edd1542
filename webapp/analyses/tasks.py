"""Celery's interface. A message says that something waits, and names it; whose turn it is, says the database."""

from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down

from webapp.analyses.execution import dispatch, lease, worker


@shared_task(name=dispatch.READ)
def read(pk: str) -> None:
    worker.read()


@shared_task(name=dispatch.RENDER)
def render(pk: str) -> None:
    worker.render()


@worker_shutting_down.connect
def give_back(**_: Any) -> None:
    lease.stopping.set()
