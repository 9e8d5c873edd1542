"""The audit log of an account for display: who did what, with links to what still exists."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from webapp.accounts.models import User
from webapp.analyses.selectors import analyses_of
from webapp.audit.models import Action, Entry
from webapp.recordings.models import Project
from webapp.recordings.permissions import shares_of

LINKED_KINDS = {"recording", "analysis", "share", "project"}
DELETING_ACTIONS = {Action.RECORDING_ERASED, Action.SHARE_REVOKED}
ACTION_NAMES: dict[str, str] = {action.value: action.label for action in Action}


@dataclass(frozen=True)
class ActivityEntry:
    """An entry of the log; `title` and `url` of its object are empty where it has none or it is gone."""

    entry: Entry
    action: str
    actor: str
    title: str = ""
    url: str = ""
    is_gone: bool = False


def activity_entries(entries: Sequence[Entry], user: User) -> list[ActivityEntry]:
    """Return what the activity page shows of the log entries about a user."""
    links = _links(entries, user)
    return [
        ActivityEntry(
            entry,
            ACTION_NAMES.get(entry.action, entry.action),
            _actor(entry, user),
            *links.get((entry.kind, entry.object_id), ("", "")),
            is_gone=entry.owner_id == user.pk
            and entry.kind in LINKED_KINDS
            and entry.action not in DELETING_ACTIONS
            and (entry.kind, entry.object_id) not in links,
        )
        for entry in entries
    ]


def _actor(entry: Entry, user: User) -> str:
    if entry.actor_id == user.pk:
        return "You"
    if entry.link_id:
        return "Someone with a link"
    if entry.actor_id:
        return "A user it is shared with" if entry.owner_id == user.pk else "Another user"
    return "Unknown" if entry.action in (Action.SIGN_IN_FAILED, Action.LOCKED_OUT) else "An administrator"


def _links(entries: Sequence[Entry], user: User) -> dict[tuple[str, str], tuple[str, str]]:
    """Return title and address of the user's own objects that the entries name, by (kind, id)."""
    ids = {kind: {entry.object_id for entry in entries if entry.kind == kind} for kind in LINKED_KINDS}
    links: dict[tuple[str, str], tuple[str, str]] = {}
    for recording in user.recordings.filter(pk__in=ids["recording"]):
        links["recording", str(recording.pk)] = (recording.title, reverse("pages:edit", args=[recording.pk]))
    for analysis in analyses_of(user).filter(pk__in=ids["analysis"]):
        links["analysis", str(analysis.pk)] = (analysis.recording.title, reverse("pages:result", args=[analysis.pk]))
    for project in user.projects.filter(pk__in=ids["project"]):
        links["project", str(project.pk)] = (project.name, reverse("pages:project", args=[project.pk]))
    for share in shares_of(user).filter(pk__in=ids["share"]):
        name = "share-project" if isinstance(share.target, Project) else "share-recording"
        links["share", str(share.pk)] = (str(share.target), reverse(f"pages:{name}", args=[share.target.pk]))
    return links
