"""Which task an analysis waits for, and in which queue."""

from uuid import UUID

from django.conf import settings

from webapp.core import queue

ANALYSE_TASK = "webapp.analyses.tasks.read"
RENDER_TASK = "webapp.analyses.tasks.render"


def queue_name(*, published: bool) -> str:
    return str(settings.RENDER_QUEUE if published else settings.INFERENCE_QUEUE)


def enqueue(pk: UUID, *, published: bool) -> None:
    """Tell a worker that the analysis waits for its next step."""
    queue.enqueue(RENDER_TASK if published else ANALYSE_TASK, pk, queue=queue_name(published=published))
