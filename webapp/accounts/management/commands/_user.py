"""The account that a command concerns."""

from django.core.management.base import CommandError

from webapp.accounts.models import User


def get_user(username: str) -> User:
    """Raises CommandError where there is no such account."""
    try:
        return User.objects.get(username=username)
    except User.DoesNotExist as error:
        raise CommandError(f"There is no account {username}.") from error
