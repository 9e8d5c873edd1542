"""Nudges to workers. A message holds an id and nothing else, and may get lost: the reaper sends it again."""

import logging
from uuid import UUID

from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError

READ = "webapp.analyses.tasks.read"
RENDER = "webapp.analyses.tasks.render"

logger = logging.getLogger(__name__)


def send(pk: UUID, *, published: bool) -> None:
    """Tell a worker that the analysis waits for its next step. Without a broker, say so in the log and go on."""
    name, queue = (RENDER, settings.RENDER_QUEUE) if published else (READ, settings.INFERENCE_QUEUE)
    try:
        # By name: the tasks import the services, which send.
        current_app.send_task(name, [str(pk)], queue=queue)
    except OperationalError:
        logger.warning("analysis %s waits: the broker does not answer", pk, exc_info=True)
