"""Nudges to workers. A message holds an id and nothing else, and may get lost: the reaper sends it again."""

import logging
import time
from uuid import UUID

from celery import current_app
from kombu.exceptions import OperationalError

from webapp.core.redis_client import redis_client

PAUSE_SECONDS = 5  # for which a broker that did not answer is not asked again: many messages would wait one by one

logger = logging.getLogger(__name__)
_silent_until = 0.0


def send(task: str, pk: UUID, *, queue: str) -> None:
    """Tell a worker that the row waits for the task. Without a broker, say so in the log and go on."""
    global _silent_until
    if time.monotonic() < _silent_until:
        logger.warning("%s waits for %s: the broker did not answer a moment ago", pk, task)
        return
    try:
        # By name: the tasks import the services, which send.
        current_app.send_task(task, [str(pk)], queue=queue, retry_policy={"max_retries": 1, "interval_start": 0})
    except OperationalError:
        _silent_until = time.monotonic() + PAUSE_SECONDS
        logger.warning("%s waits for %s: the broker does not answer", pk, task, exc_info=True)


def length(queue: str) -> int:
    """Messages that no worker has taken. Raises redis.RedisError."""
    return int(redis_client().llen(queue))
