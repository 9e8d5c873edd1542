"""The connection to Redis beside Celery's and the cache's."""

from functools import cache

import redis
from django.conf import settings

TIMEOUT_SECONDS = 0.5


@cache
def redis_client() -> redis.Redis:
    """The process's client, which waits at most TIMEOUT_SECONDS for an answer."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        decode_responses=True,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
    )
