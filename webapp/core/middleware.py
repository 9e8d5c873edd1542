"""The client's address, and refusals of requests that no view can or should read."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from inference.errors import Code, InputError
from webapp.core.errors import PROBLEM_TYPE, RETRY_SECONDS, STATUSES, RequestError, WebCode, problem_details

UNREADABLE = "The request cannot be read. Send it in UTF-8 and without NUL characters."
FILE_VIEWS = {
    *("pages:upload", "pages:add-stimulus", "api:recordings", "api:upload", "api:stimuli", "api:collection-upload"),
    *("api:markers-import", "api:project-markers-import", "api:transcript-import"),
    *("pages:import-markers", "pages:import-project-markers", "pages:transcript"),
}  # their views have limits of their own
# Corrections of two hours with a note each, and as much of a study.
BODY_FACTORS = dict.fromkeys(
    ("api:corrections", "api:values", "api:markers", "api:transcript", "pages:paste-values"), 16
)
UTF8 = {"utf-8", "utf8", "us-ascii"}

GetResponse = Callable[[HttpRequest], HttpResponse]


def client_network(request: HttpRequest) -> str:
    """The key of rate limits: an IPv4 address, or an IPv6 address's /64 network, which one customer controls."""
    remote: str = request.META.get("REMOTE_ADDR", "")
    try:
        address = ip_address(remote)
    except ValueError:
        return remote
    if isinstance(address, IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64))


class RealIPMiddleware:
    """Sets REMOTE_ADDR to the client's address, as our own proxies report it in X-Forwarded-For."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Each proxy appends its peer's address; entries left of our own proxies can be forged.
        forwarded = [each.strip() for each in request.headers.get("X-Forwarded-For", "").split(",")]
        if 0 < settings.TRUSTED_PROXY_COUNT <= len(forwarded) and (address := forwarded[-settings.TRUSTED_PROXY_COUNT]):
            request.META["REMOTE_ADDR"] = address
        return self.get_response(request)


class NoStoreMiddleware:
    """Sends `Cache-Control: private, no-store` unless the view sets its own.

    A cached page would be shown after logging out. Static files are served before this middleware.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response


class UnreadableRequestMiddleware:
    """Refuses requests in another charset than UTF-8 and NUL characters in the path or a header."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Django decodes the query string by it, too, even with codecs that decompress.
        charset = (request.content_params or {}).get("charset", "utf-8").lower()
        if charset not in UTF8 or any("\0" in text for text in (request.path, *request.headers.values())):
            return refusal_response(request, RequestError(WebCode.PARSE_ERROR, UNREADABLE))
        return self.get_response(request)


class BodyLimitMiddleware:
    """Refuses large bodies before the CSRF middleware reads them."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        name = request.resolver_match.view_name if request.resolver_match else ""
        length = request.META.get("CONTENT_LENGTH") or "0"
        limit = settings.BODY_BYTES * BODY_FACTORS.get(name, 1)
        if name not in FILE_VIEWS and (not length.isdecimal() or int(length) > limit):
            return refusal_response(
                request, InputError(Code.TOO_LARGE, f"The request is too large. Send {limit} bytes at most.")
            )
        return None


def refusal_response(request: HttpRequest, error: InputError | RequestError) -> HttpResponse:
    """The response to a refused request: problem+json below /api/, else a page."""
    status = STATUSES[error.code]
    headers = {"Retry-After": RETRY_SECONDS[error.code]} if error.code in RETRY_SECONDS else {}
    if request.path.startswith("/api/"):
        data = problem_details(status, error.code, error.message)
        return JsonResponse(data, status=status, content_type=PROBLEM_TYPE, headers=headers)
    context = {"status": status, "heading": "This request was refused", "message": error.message}
    return HttpResponse(render_to_string("500.html", context), status=status, headers=headers)
