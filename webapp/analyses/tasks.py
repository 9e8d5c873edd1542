"""Celery tasks. A message says that an analysis waits; the database decides whose turn it is."""

from typing import Any

from celery import shared_task
from celery.signals import worker_init, worker_shutting_down
from django.conf import settings

from webapp.analyses.execution import dispatch, lease, worker


@shared_task(name=dispatch.ANALYSE_TASK)
def analyse(pk: str) -> None:  # noqa: ARG001 the id is for the logs
    """Run the next prediction."""
    worker.analyse_next()


@shared_task(name=dispatch.RENDER_TASK)
def render(pk: str) -> None:  # noqa: ARG001 the id is for the logs
    """Run the next rendering."""
    worker.render_next()


@worker_init.connect
def warm_up(sender: Any, **_: Any) -> None:
    """Load what the first analysis needs before a worker of the inference queue is ready; never before a fork."""
    if settings.INFERENCE_QUEUE in sender.app.amqp.queues.consume_from and "solo" in str(sender.pool_cls):
        from inference import pipeline

        pipeline.warm_up()


@worker_shutting_down.connect
def release(**_: Any) -> None:
    """Have the leases of this worker released."""
    lease.stopping.set()
