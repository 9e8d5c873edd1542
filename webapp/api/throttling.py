"""Rate limits by the cost of a call. All web processes share the counters in the cache."""

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
    """The key in DEFAULT_THROTTLE_RATES: the view's `cost`, else `read` for safe methods and `write` for others."""
    declared: str | None = getattr(view, "cost", None)
    if declared is None and not request.user.is_authenticated:
        return "anonymous"
    return declared or ("read" if request.method in permissions.SAFE_METHODS else "write")


class FixedWindowThrottle(SimpleRateThrottle):
    """Fixed-window rate limit; windows are aligned for all callers. An empty rate means no limit."""

    def __init__(self) -> None:
        """The rate depends on the request."""

    def allow_request(self, request: Request, view: object) -> bool:
        """Count the request; whether it is within the limit."""
        scope = throttle_scope(view, request)
        rates: dict[str, Any] = api_settings.DEFAULT_THROTTLE_RATES
        limit, period = self.parse_rate(rates[scope] or None)
        if limit is None or period is None:
            return True
        window, elapsed = divmod(time.time(), period)
        self.remaining_s = period - elapsed
        caller = f"user-{request.user.pk}" if request.user.is_authenticated else client_network(request)
        # One key per window, incremented atomically by Redis.
        key = f"limit:{scope}:{caller}:{window:.0f}"
        cache.add(key, 0, timeout=2 * period)
        return cache.incr(key) <= limit

    def wait(self) -> float:
        """Seconds until the next window."""
        return math.ceil(self.remaining_s)
