"""Celery's interface. A message says that something waits, and names it; whose turn it is, says the database."""

from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down

from webapp.analyses.execution import dispatch, lease, worker


@shared_task(name=dispatch.ANALYSE_TASK)
def read(pk: str) -> None:
    worker.analyse_next()


@shared_task(name=dispatch.RENDER_TASK)
def render(pk: str) -> None:
    worker.render_next()


@worker_shutting_down.connect
def release(**_: Any) -> None:
    lease.stopping.set()
