"""Says whether the web process can do its work."""

from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 where the database and Redis answer; else 503, naming the one that does not."""
    state = {}
    for name, probe in (("database", connection.ensure_connection), ("redis", lambda: cache.get("healthz"))):
        try:
            probe()
            state[name] = "ok"
        except Exception:  # A driver's own errors are many; whichever it is, the server does not answer.
            state[name] = "unreachable"
    return JsonResponse(state, status=200 if set(state.values()) == {"ok"} else 503)
