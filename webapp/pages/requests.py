from django.http import HttpRequest

from webapp.accounts.models import User


class AuthenticatedRequest(HttpRequest):
    """A request of somebody who is logged in, for the type checker."""

    user: User
