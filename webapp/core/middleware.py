"""The client's address, and refusals of requests that no view can or should read."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from inference.errors import Code, InputError
from webapp.core.errors import PROBLEM_TYPE, RETRY_SECONDS, STATUSES, RequestError, WebCode, problem

UNREADABLE = "The request cannot be read. Send it in UTF-8 and without NUL characters."
WITH_FILES = {"pages:upload", "api:recordings", "api:upload"}  # they say themselves how much they take
LARGER = {"api:corrections": 16}  # of two hours, each with a note
UTF8 = {"utf-8", "utf8", "us-ascii"}

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


class RealIPMiddleware:
    """Sets REMOTE_ADDR to the client's address, as our own proxies report it in X-Forwarded-For."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Each proxy appends its peer's address; entries left of our own proxies can be forged.
        forwarded = [each.strip() for each in request.headers.get("X-Forwarded-For", "").split(",")]
        if 0 < settings.PROXIES <= len(forwarded) and (address := forwarded[-settings.PROXIES]):
            request.META["REMOTE_ADDR"] = address
        return self.get_response(request)


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
