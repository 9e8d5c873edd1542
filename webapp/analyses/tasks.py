"""Celery tasks. A message says that an analysis waits; the database decides whose turn it is."""

from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down

from webapp.analyses.execution import dispatch, lease, worker


@shared_task(name=dispatch.ANALYSE_TASK)
def analyse(pk: str) -> None:  # noqa: ARG001 the id is for the logs
    """Run the next prediction."""
    worker.analyse_next()


@shared_task(name=dispatch.RENDER_TASK)
def render(pk: str) -> None:  # noqa: ARG001 the id is for the logs
    """Run the next rendering."""
    worker.render_next()


@worker_shutting_down.connect
def release(**_: Any) -> None:
    """Have the leases of this worker released."""
    lease.stopping.set()
