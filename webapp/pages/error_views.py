"""The page of a server error. It uses neither database nor session, which may be what failed."""

import sys

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from webapp.core import faults
from webapp.core.errors import RETRY_SECONDS, STATUSES, RequestError


def server_error(_: HttpRequest) -> HttpResponse:
    """Render 500, or the status of a known fault of the installation."""
    error = sys.exc_info()[1]
    known = error if isinstance(error, RequestError) else faults.installation_fault(error)
    status = STATUSES[known.code] if known else 500
    page = render_to_string("500.html", {"status": status, "message": known.message if known else ""})
    response = HttpResponse(page, status=status)
    if known and known.code in RETRY_SECONDS:
        response["Retry-After"] = RETRY_SECONDS[known.code]
    return response
