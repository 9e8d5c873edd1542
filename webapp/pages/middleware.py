"""What stands before every page."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from webapp.accounts.models import User

OPEN = {"pages:password", "logout", "healthz", "readyz", "metrics"}


class OwnPasswordFirst:
    """Somebody who logged in with a password that was made for them is led to choose their own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        here = request.resolver_match
        if (
            here
            and here.view_name not in OPEN
            and isinstance(request.user, User)
            and request.user.password_is_temporary
        ):
            return redirect("pages:password")
        return None
