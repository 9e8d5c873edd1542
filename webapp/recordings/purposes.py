"""What recordings are used for, and what this server refuses to be used for."""

from webapp.accounts.models import User
from webapp.core.errors import RequestError, WebCode
from webapp.recordings.models import Project, Purpose, PurposeRule

# Article 5(1)(f) of Regulation (EU) 2024/1689 bans them, except for medical or safety reasons: CLINICAL and SAFETY.
FORBIDDEN_UNLESS_ALLOWED = frozenset({Purpose.WORKPLACE, Purpose.EDUCATION})
BANNED = (
    "Reading the emotions of people at work or in education is banned by Article 5(1)(f) of the EU AI Act, except for "
    "medical or safety reasons, and this server refuses it. Do not send the recording for this."
)


def forbidden() -> set[Purpose]:
    """What this server refuses: what administrators forbade, and FORBIDDEN_UNLESS_ALLOWED."""
    rules = dict(PurposeRule.objects.values_list("purpose", "allowed"))
    return {each for each in Purpose if not rules.get(each, each not in FORBIDDEN_UNLESS_ALLOWED)}


def refusal(purpose: Purpose) -> str:
    """Why a forbidden purpose is refused, for the person who named it."""
    if purpose in FORBIDDEN_UNLESS_ALLOWED:
        return BANNED
    return f"The administrators of this server do not allow recordings with the purpose “{purpose.label}”."


def require_allowed(purpose: str) -> None:
    """Raises RequestError(PURPOSE_FORBIDDEN)."""
    if purpose in forbidden():
        raise RequestError(WebCode.PURPOSE_FORBIDDEN, refusal(Purpose(purpose)), field="purpose")


def stated(*, purpose: str | None, note: str, project: Project | None) -> Purpose:
    """The purpose of a recording that is sent: what was said, else its project's, else that nothing was said.

    Nobody's silence is taken for a purpose. Raises RequestError(PURPOSE_FORBIDDEN | PURPOSE_NOTE_MISSING).
    """
    found = Purpose(purpose or (project.purpose if project else "") or Purpose.UNSTATED)
    require_allowed(found)
    if found is Purpose.OTHER and not note.strip():
        raise RequestError(
            WebCode.PURPOSE_NOTE_MISSING, "Say in a few words what the recording is used for.", field="purpose_note"
        )
    return found


def last_of(user: User) -> Purpose:
    """What the user said last, to be offered first."""
    said = user.recordings.exclude(purpose__in=[Purpose.UNSTATED, *forbidden()]).order_by("-created_at")
    last = said.values_list("purpose", flat=True).first()
    return Purpose(last) if last else Purpose.RESEARCH


def rule(*, purpose: Purpose, allowed: bool) -> None:
    """Allow or forbid a purpose from now on. What was sent for it stays, but is not analysed again."""
    PurposeRule.objects.update_or_create(purpose=purpose, defaults={"allowed": allowed})
