"""Celery messages. A message holds an id only and may get lost: the reaper sends it again."""

import logging
import time
from uuid import UUID

from celery import current_app
from kombu.exceptions import OperationalError

from webapp.core.redis_client import redis_client

RETRY_AFTER_SECONDS = 5  # after a broker failed to answer: each message in between would wait for it

logger = logging.getLogger(__name__)
_silent_until = 0.0


def enqueue(task: str, pk: UUID, *, queue: str) -> None:
    """Send a task for the row with this id. Where the broker does not answer, log a warning and return."""
    global _silent_until
    if time.monotonic() < _silent_until:
        logger.warning("%s waits for %s: the broker did not answer a moment ago", pk, task)
        return
    try:
        # By name: the tasks import the services, which call this.
        current_app.send_task(task, [str(pk)], queue=queue, retry_policy={"max_retries": 1, "interval_start": 0})
    except OperationalError:
        _silent_until = time.monotonic() + RETRY_AFTER_SECONDS
        logger.warning("%s waits for %s: the broker does not answer", pk, task, exc_info=True)


def queue_length(queue: str) -> int:
    """The number of messages that no worker has taken. Raises redis.RedisError."""
    return int(redis_client().llen(queue))
