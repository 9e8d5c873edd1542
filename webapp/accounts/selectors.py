"""Reading accounts."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from webapp.accounts.models import Token, User


def tokens_of(user: User) -> QuerySet[Token]:
    """The user's tokens, newest first."""
    return user.tokens.order_by("-created_at")


def token_for(user: User, pk: int) -> Token:
    """The user's token `pk`. Raises Http404, for somebody else's as for one that does not exist."""
    return get_object_or_404(tokens_of(user), pk=pk)
