"""What stands around a request: where it comes from, its id, and the one line about it. Static files have none."""

import logging
import re
import time
import uuid
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from structlog.contextvars import bound_contextvars, clear_contextvars

from inference.errors import Code, InputError
from webapp.core.measures import REQUEST_SECONDS
from webapp.core.problems import PROBLEM_TYPE, RETRY_SECONDS, STATUSES, RequestError, WebCode, problem

PROBES = {"healthz", "readyz", "metrics"}
UNREADABLE = "The request cannot be read. Send it in UTF-8 and without NUL characters."
WITH_FILES = {"pages:upload", "api:recordings", "api:upload"}  # they say themselves how much they take
LARGER = {"api:corrections": 16}  # of two hours, each with a note
UTF8 = {"utf-8", "utf8", "us-ascii"}

logger = logging.getLogger(__name__)

Answer = Callable[[HttpRequest], HttpResponse]


def client_network(request: HttpRequest) -> str:
    """Whom limits count: an IPv4 address, or the /64 of an IPv6 address, of which one customer has every address."""
    sender: str = request.META.get("REMOTE_ADDR", "")
    try:
        address = ip_address(sender)
    except ValueError:
        return sender
    if isinstance(address, IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64))


class Sender:
    """REMOTE_ADDR is the client's own address, as far as proxies of ours say it."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Each proxy appends whom it heard; what stands before the words of ours is anybody's.
        heard = [each.strip() for each in request.headers.get("X-Forwarded-For", "").split(",")]
        if 0 < settings.PROXIES <= len(heard) and (address := heard[-settings.PROXIES]):
            request.META["REMOTE_ADDR"] = address
        return self.get_response(request)


class Line:
    """Gives a request its id, which every line about it has, whichever process writes it, and the answer too."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        clear_contextvars()
        # In this form, which is nginx's own, it can hold nothing but an id.
        given = re.fullmatch(r"[0-9a-f]{32}", request.headers.get("X-Request-ID", ""))
        request_id = given.group() if given else uuid.uuid4().hex
        started = time.perf_counter()
        with bound_contextvars(request_id=request_id):
            response = self.get_response(request)
            self._write(request, response, time.perf_counter() - started)
        response["X-Request-ID"] = request_id
        return response

    def _write(self, request: HttpRequest, response: HttpResponse, seconds: float) -> None:
        found = request.resolver_match
        if found and found.view_name in PROBES:
            return
        line = {
            "method": request.method,
            # The pattern, not the address: that may hold what somebody searched for.
            "route": found.route if found else None,
            "status": response.status_code,
            "seconds": round(seconds, 3),
        }
        logger.info("request", extra=line)
        view = found.view_name if found else "nothing"
        REQUEST_SECONDS.observe(seconds, view=view, status=f"{response.status_code // 100}xx")


class NoStoreMiddleware:
    """Answers are for whoever asked and are kept nowhere, unless they say themselves how they may be cached.

    A page that a browser has kept would be shown after logging out. Static files are answered before this.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response


class UnreadableRequestMiddleware:
    """Refuses what no view could make a text of: characters in another coding than UTF-8, or a NUL in the address."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Django would decode the address by it, too: into half characters, or by a codec that unpacks.
        charset = (request.content_params or {}).get("charset", "utf-8").lower()
        if charset not in UTF8 or any("\0" in text for text in (request.path, *request.headers.values())):
            return refused(request, RequestError(WebCode.PARSE_ERROR, UNREADABLE))
        return self.get_response(request)


class BodyLimitMiddleware:
    """Refuses a body before anything reads it, which looking for its CSRF token already does."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        name = request.resolver_match.view_name if request.resolver_match else ""
        length = request.META.get("CONTENT_LENGTH") or "0"
        most = settings.BODY_BYTES * LARGER.get(name, 1)
        if name not in WITH_FILES and (not length.isdecimal() or int(length) > most):
            return refused(request, InputError(Code.TOO_LARGE, f"The request is too large. Send {most} bytes at most."))
        return None


def refused(request: HttpRequest, error: InputError | RequestError) -> HttpResponse:
    """What a program or a browser is answered whose request nobody reads."""
    status = STATUSES[error.code]
    headers = {"Retry-After": RETRY_SECONDS[error.code]} if error.code in RETRY_SECONDS else {}
    if request.path.startswith("/api/"):
        data = problem(status, error.code, error.message)
        return JsonResponse(data, status=status, content_type=PROBLEM_TYPE, headers=headers)
    words = {"status": status, "heading": "This request was refused", "words": error.message}
    return HttpResponse(render_to_string("500.html", words), status=status, headers=headers)
