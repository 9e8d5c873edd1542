"""Writing the audit log: services record each action inside its transaction."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Model
from django.db.models.functions import Now
from structlog.contextvars import get_contextvars

from webapp.audit.models import Action, Entry

THROTTLE_S = 600


def record(
    action: Action, *, by: int | None, owner: int | None, target: Model | None = None, link: UUID | None = None
) -> None:
    """Record an action of the user `by` on something of the user `owner`; call it before `target` is deleted."""
    Entry.objects.create(**_entry_fields(action, by, owner, target, link), request_id=_request_id())


def record_each(action: Action, *, by: int | None, owner: int | None, targets: Iterable[Model]) -> None:
    """Record the same action for each target, in one statement."""
    request_id = _request_id()
    Entry.objects.bulk_create(
        Entry(**_entry_fields(action, by, owner, target, None), request_id=request_id) for target in targets
    )


def record_throttled(
    action: Action,
    *,
    by: int | None,
    owner: int | None,
    target: Model | None = None,
    link: UUID | None = None,
    every_s: float = THROTTLE_S,
) -> None:
    """Record an action unless the same one was recorded in the last `every_s` seconds.

    For actions that repeat, such as a video player's range requests.
    """
    recent = Entry.objects.filter(at__gt=Now() - timedelta(seconds=every_s))
    if not recent.filter(**_entry_fields(action, by, owner, target, link)).exists():
        record(action, by=by, owner=owner, target=target, link=link)


def _entry_fields(
    action: Action, by: int | None, owner: int | None, target: Model | None, link: UUID | None
) -> dict[str, Any]:
    return {
        "action": action,
        "actor_id": by,
        "owner_id": owner,
        "link_id": link,
        "kind": type(target).__name__.lower() if target else "",
        "object_id": str(target.pk) if target else "",
    }


def _request_id() -> str:
    return str(get_contextvars().get("request_id", ""))


def owner_as_actor(user_id: int) -> int | None:
    """The actor of a change to an account: its owner in a request; None at the command line."""
    return user_id if "request_id" in get_contextvars() else None
