"""Writing the audit log: each service that does something says so here, inside the transaction of its deed."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Model
from django.db.models.functions import Now
from structlog.contextvars import get_contextvars

from webapp.audit.models import Action, Entry

SEEN_AGAIN_AFTER_S = 600


def record(
    action: Action, *, by: int | None, owner: int | None, thing: Model | None = None, link: UUID | None = None
) -> None:
    """Note what the person `by` did to what belongs to the person `owner`; of a `thing`, before it is deleted."""
    Entry.objects.create(**_deed(action, by, owner, thing, link), request_id=_request_id())


def record_each(action: Action, *, by: int | None, owner: int | None, things: Iterable[Model]) -> None:
    """The same for each of many things, in one statement."""
    request_id = _request_id()
    Entry.objects.bulk_create(Entry(**_deed(action, by, owner, thing, None), request_id=request_id) for thing in things)


def record_now_and_then(
    action: Action,
    *,
    by: int | None,
    owner: int | None,
    thing: Model | None = None,
    link: UUID | None = None,
    every_s: float = SEEN_AGAIN_AFTER_S,
) -> None:
    """The same for what comes again and again, such as the parts that a player asks for."""
    lately = Entry.objects.filter(at__gt=Now() - timedelta(seconds=every_s))
    if not lately.filter(**_deed(action, by, owner, thing, link)).exists():
        record(action, by=by, owner=owner, thing=thing, link=link)


def _deed(action: Action, by: int | None, owner: int | None, thing: Model | None, link: UUID | None) -> dict[str, Any]:
    return {
        "action": action,
        "actor_id": by,
        "owner_id": owner,
        "link_id": link,
        "kind": type(thing).__name__.lower() if thing else "",
        "object_id": str(thing.pk) if thing else "",
    }


def _request_id() -> str:
    return str(get_contextvars().get("request_id", ""))


def themself(user_id: int) -> int | None:
    """Who changes an account: in a request its own person, without one an administrator at the command line."""
    return user_id if "request_id" in get_contextvars() else None
