"""The page for what failed on our side. It needs neither the database nor a session: they may be what failed."""

import sys

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from webapp.core.problems import STATUSES, RequestError, recognised


def failed(_: HttpRequest) -> HttpResponse:
    error = recognised(sys.exc_info()[1])
    known = error if isinstance(error, RequestError) else None
    status = STATUSES[known.code] if known else 500
    page = render_to_string("500.html", {"status": status, "words": known.message if known else ""})
    return HttpResponse(page, status=status)
