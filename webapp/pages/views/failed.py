"""The page for what failed on our side. It needs neither the database nor a session: they may be what failed."""

import errno
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from webapp.core.problems import STATUSES, RequestError, WebCode, no_room

UNAVAILABLE = RequestError(WebCode.UNAVAILABLE, "The server cannot reach its database. Try again in a moment.")


def failed(_: HttpRequest) -> HttpResponse:
    error = sys.exc_info()[1]
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        error = no_room()
    elif isinstance(error, OperationalError | InterfaceError):
        error = UNAVAILABLE
    known = error if isinstance(error, RequestError) else None
    status = STATUSES[known.code] if known else 500
    page = render_to_string("500.html", {"status": status, "words": known.message if known else ""})
    return HttpResponse(page, status=status)
