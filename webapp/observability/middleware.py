"""The request's id and its log line."""

import logging
import re
import time
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from structlog.contextvars import bound_contextvars, clear_contextvars

from webapp.observability.metrics import REQUEST_SECONDS

PROBES = {"healthz", "readyz", "metrics"}

logger = logging.getLogger(__name__)


class RequestLogMiddleware:
    """Gives each request an id, writes one log line about it and measures its duration.

    Every log line that the request leads to carries the id, in workers too, and so does the response.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        clear_contextvars()
        # nginx's own form of an id; any other header value could smuggle text into the log.
        given = re.fullmatch(r"[0-9a-f]{32}", request.headers.get("X-Request-ID", ""))
        request_id = given.group() if given else uuid.uuid4().hex
        started = time.perf_counter()
        with bound_contextvars(request_id=request_id):
            response = self.get_response(request)
            self._log(request, response, time.perf_counter() - started)
        response["X-Request-ID"] = request_id
        return response

    def _log(self, request: HttpRequest, response: HttpResponse, seconds: float) -> None:
        match = request.resolver_match
        if match and match.view_name in PROBES:
            return
        fields = {
            "method": request.method,
            "route": match.route if match else None,  # the URL pattern: the path may hold personal data
            "status": response.status_code,
            "seconds": round(seconds, 3),
        }
        logger.info("request", extra=fields)
        view = match.view_name if match else "nothing"
        REQUEST_SECONDS.labels(view=view, status=f"{response.status_code // 100}xx").observe(seconds)
