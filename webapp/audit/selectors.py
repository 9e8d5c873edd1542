"""Reading the audit log."""

from django.db.models import Q, QuerySet

from webapp.audit.models import Entry


def entries() -> QuerySet[Entry]:
    """All entries, newest first, for administrators."""
    return Entry.objects.order_by("-pk")


def entries_about(user_id: int) -> QuerySet[Entry]:
    """What a user did, and what was done to their account and objects; newest first."""
    return entries().filter(Q(actor_id=user_id) | Q(owner_id=user_id))
