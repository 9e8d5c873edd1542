"""How often somebody may ask, by what the asking costs. All web processes count together, in the cache."""

import math
import time
from typing import Any

from django.core.cache import cache
from rest_framework import permissions
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import SimpleRateThrottle

from webapp.core.middleware import client_network


def throttle_scope(view: object, request: Request) -> str:
    """Which of DEFAULT_THROTTLE_RATES a call counts for: what its view says, else `read` to look, `write` to change."""
    said: str | None = getattr(view, "cost", None)
    if said is None and not request.user.is_authenticated:
        return "anonymous"
    return said or ("read" if request.method in permissions.SAFE_METHODS else "write")


class FixedWindowThrottle(SimpleRateThrottle):
    """So many calls in each period, which begins for everybody at the same time. An empty rate is no limit."""

    def __init__(self) -> None:
        """Nothing is known before the request."""

    def allow_request(self, request: Request, view: object) -> bool:
        cost = throttle_scope(view, request)
        rates: dict[str, Any] = api_settings.DEFAULT_THROTTLE_RATES
        most, period = self.parse_rate(rates[cost] or None)
        if most is None or period is None:
            return True
        number, since = divmod(time.time(), period)
        self.left = period - since
        who = f"user-{request.user.pk}" if request.user.is_authenticated else client_network(request)
        # Each period has a key of its own, and adding one is a single step in Redis: no process miscounts.
        key = f"limit:{cost}:{who}:{number:.0f}"
        cache.add(key, 0, timeout=2 * period)
        return cache.incr(key) <= most

    def wait(self) -> float:
        return math.ceil(self.left)
