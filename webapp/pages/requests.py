"""The type of requests behind `login_required`."""

from django.http import HttpRequest

from webapp.accounts.models import User


class AuthenticatedRequest(HttpRequest):
    """A request with a logged-in user, for the type checker."""

    user: User
