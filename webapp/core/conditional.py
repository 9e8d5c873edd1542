"""Conditional requests (RFC 9110): what a client has already is neither computed nor sent again."""

import hashlib
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response


def etag_of(*parts: object) -> str:
    """A strong ETag of everything that the response depends on; each release has its own."""
    return f'"{hashlib.sha256(repr((settings.VERSION, *parts)).encode()).hexdigest()[:32]}"'


def respond_if_changed(request: HttpRequest, etag: str, respond: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """304 where the request's If-None-Match holds `etag`, otherwise the response; both with the ETag.

    `*` holds none: whether there is a representation at all, only the response tells.
    """
    named = request.headers.get("If-None-Match", "").strip() != "*"
    response: HttpResponseBase = (named and get_conditional_response(request, etag)) or respond()
    response["ETag"] = etag
    return response
