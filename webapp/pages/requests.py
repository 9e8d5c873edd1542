"""Requests behind `login_required`, those of them that bring files, and pages that may use camera and microphone."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django_permissions_policy.decorators import permissions_policy_override

from inference.errors import InputError
from webapp.accounts.models import User
from webapp.core.errors import RequestError, incomplete_request
from webapp.core.middleware import refusal_response
from webapp.recordings.upload_slots import require_capacity, upload_slot

may_record = permissions_policy_override({"camera": "self", "microphone": "self"})  # decorates views of such pages


class AuthenticatedRequest(HttpRequest):
    """A request with a logged-in user, for the type checker."""

    user: User


def receive_files(
    request: AuthenticatedRequest, section: Callable[[str], HttpResponse] | None = None
) -> HttpResponse | None:
    """Read the body of a request with files as `receive_form` does, if its user has room for them.

    htmx, which shows no page of a refusal, gets what `section` returns for its message.
    """
    try:
        require_capacity(owner=request.user, request=request)
        _receive(request)
    except (InputError, RequestError) as error:
        if section and request.headers.get("HX-Request"):
            return section(error.message)
        return refusal_response(request, error)
    return None


def receive_form(request: AuthenticatedRequest) -> HttpResponse | None:
    """Read a large body within the limits of its user; returns the refusal if it is refused.

    The view before it is exempt from the CSRF check, which reads the body; the view after it is not.
    """
    try:
        _receive(request)
    except RequestError as error:
        return refusal_response(request, error)
    return None


def _receive(request: AuthenticatedRequest) -> None:
    """Raises RequestError(REQUEST_TIMEOUT | TOO_MANY_UPLOADS | UPLOADS_BUSY)."""
    try:
        with upload_slot(owner=request.user, request=request):
            _ = request.POST
    except UnreadablePostError as error:
        raise incomplete_request() from error
