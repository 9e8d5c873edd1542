"""Reading accounts."""

from django.db.models import QuerySet

from webapp.accounts.models import Token, User


def tokens_of(user: User) -> QuerySet[Token]:
    """The user's tokens, newest first."""
    return user.tokens.order_by("-created_at")
