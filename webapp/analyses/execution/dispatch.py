"""Which task an analysis waits for, and in which queue."""

from uuid import UUID

from django.conf import settings

from webapp.core import queue

READ = "webapp.analyses.tasks.read"
RENDER = "webapp.analyses.tasks.render"


def queue_of(*, published: bool) -> str:
    return str(settings.RENDER_QUEUE if published else settings.INFERENCE_QUEUE)


def send(pk: UUID, *, published: bool) -> None:
    """Tell a worker that the analysis waits for its next step."""
    queue.enqueue(RENDER if published else READ, pk, queue=queue_of(published=published))
