"""Middleware of the pages."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from webapp.accounts.models import User

EXEMPT_VIEWS = {"pages:password", "logout", "healthz", "readyz", "metrics"}


class TemporaryPasswordMiddleware:
    """Redirects a user with a temporary password to the page for choosing their own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        match = request.resolver_match
        if (
            match
            and match.view_name not in EXEMPT_VIEWS
            and isinstance(request.user, User)
            and request.user.password_is_temporary
        ):
            return redirect("pages:password")
        return None
