"""Nudges to workers. A message holds an id and nothing else, and may get lost: the reaper sends it again."""

import logging
from uuid import UUID

from celery import current_app
from kombu.exceptions import OperationalError

from webapp.core import measures

logger = logging.getLogger(__name__)


def send(task: str, pk: UUID, *, queue: str) -> None:
    """Tell a worker that the row waits for the task. Without a broker, say so in the log and go on."""
    try:
        # By name: the tasks import the services, which send.
        current_app.send_task(task, [str(pk)], queue=queue)
    except OperationalError:
        logger.warning("%s waits for %s: the broker does not answer", pk, task, exc_info=True)


def length(queue: str) -> int:
    """Messages that no worker has taken. Raises redis.RedisError."""
    return int(measures.server().llen(queue))
