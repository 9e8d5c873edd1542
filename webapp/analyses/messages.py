"""Which task an analysis waits for."""

from uuid import UUID

from django.conf import settings

from webapp.core import queue

READ = "webapp.analyses.tasks.read"
RENDER = "webapp.analyses.tasks.render"


def send(pk: UUID, *, published: bool) -> None:
    """Tell a worker that the analysis waits for its next step."""
    if published:
        queue.send(RENDER, pk, queue=settings.RENDER_QUEUE)
    else:
        queue.send(READ, pk, queue=settings.INFERENCE_QUEUE)
