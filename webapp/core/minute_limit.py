"""Limits what one address may do on pages without an account. All web processes share the counters in the cache."""

import time
from dataclasses import dataclass

from django.core.cache import cache
from django.http import HttpRequest

from webapp.core.middleware import client_network


@dataclass(frozen=True)
class MinuteLimit:
    """At most `limit` events in a minute from one address."""

    name: str
    limit: int

    def reached(self, request: HttpRequest) -> bool:
        """Whether the address has used up this minute's events."""
        return bool(cache.get(self._key(request), 0) >= self.limit)

    def count(self, request: HttpRequest) -> None:
        """Count an event."""
        key = self._key(request)
        cache.add(key, 0, timeout=120)
        cache.incr(key)

    def _key(self, request: HttpRequest) -> str:
        return f"{self.name}:{client_network(request)}:{time.time() // 60:.0f}"


LINK_MISSES = MinuteLimit("link-misses", 20)  # wrong secrets of links
COLLECTION_BEGINNINGS = MinuteLimit("collection-beginnings", 30)
