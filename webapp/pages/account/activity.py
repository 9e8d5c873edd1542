"""The audit log as its person reads it: who did what to which of their things, as far as these are still there."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from webapp.accounts.models import User
from webapp.analyses.selectors import analyses_of
from webapp.audit.models import Action, Entry
from webapp.recordings.models import Project
from webapp.recordings.permissions import shares_of

NAMED = {"recording", "analysis", "share"}
ENDS = {Action.RECORDING_ERASED, Action.SHARE_REVOKED}
WORDS: dict[str, str] = {action.value: action.label for action in Action}


@dataclass(frozen=True)
class Line:
    entry: Entry
    words: str
    who: str
    title: str = ""
    place: str = ""
    is_gone: bool = False


def lines(entries: Sequence[Entry], user: User) -> list[Line]:
    places = _places(entries, user)
    return [
        Line(
            entry,
            WORDS.get(entry.action, entry.action),
            _who(entry, user),
            *places.get((entry.kind, entry.object_id), ("", "")),
            is_gone=entry.owner_id == user.pk
            and entry.kind in NAMED
            and entry.action not in ENDS
            and (entry.kind, entry.object_id) not in places,
        )
        for entry in entries
    ]


def _who(entry: Entry, user: User) -> str:
    if entry.actor_id == user.pk:
        return "You"
    if entry.link_id:
        return "Somebody with a link"
    if entry.actor_id:
        return "Somebody it is shared with" if entry.owner_id == user.pk else "Somebody else"
    return "Somebody" if entry.action in (Action.SIGN_IN_FAILED, Action.LOCKED_OUT) else "An administrator"


def _places(entries: Sequence[Entry], user: User) -> dict[tuple[str, str], tuple[str, str]]:
    """Title and address of each of the user's own things that the entries name."""
    named = {kind: {entry.object_id for entry in entries if entry.kind == kind} for kind in NAMED}
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for recording in user.recordings.filter(pk__in=named["recording"]):
        found["recording", str(recording.pk)] = (recording.title, reverse("pages:edit", args=[recording.pk]))
    for analysis in analyses_of(user).filter(pk__in=named["analysis"]):
        found["analysis", str(analysis.pk)] = (analysis.recording.title, reverse("pages:result", args=[analysis.pk]))
    for share in shares_of(user).filter(pk__in=named["share"]):
        name = "share-project" if isinstance(share.target, Project) else "share-recording"
        found["share", str(share.pk)] = (str(share.target), reverse(f"pages:{name}", args=[share.target.pk]))
    return found
