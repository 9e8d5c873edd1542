"""Celery messages for the two steps of an analysis."""

from uuid import UUID

from django.conf import settings

from webapp.core import queue

ANALYSE_TASK = "webapp.analyses.tasks.read"  # as in version 1.0, whose messages may wait in the queue
RENDER_TASK = "webapp.analyses.tasks.render"


def queue_name(*, published: bool) -> str:
    """The queue of prediction, or of rendering if the timeline is published."""
    return str(settings.RENDER_QUEUE if published else settings.INFERENCE_QUEUE)


def enqueue(pk: UUID, *, published: bool) -> None:
    """Send the task of the analysis' next step."""
    queue.enqueue(RENDER_TASK if published else ANALYSE_TASK, pk, queue=queue_name(published=published))
