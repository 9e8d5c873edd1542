"""Purposes of recordings, and which of them this server refuses."""

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
    """The purposes that this server refuses: administrators' rules first, then FORBIDDEN_UNLESS_ALLOWED."""
    rules = dict(PurposeRule.objects.values_list("purpose", "allowed"))
    return {purpose for purpose in Purpose if not rules.get(purpose, purpose not in FORBIDDEN_UNLESS_ALLOWED)}


def refusal_message(purpose: Purpose) -> str:
    """Why a forbidden purpose is refused, for the user who chose it."""
    if purpose in FORBIDDEN_UNLESS_ALLOWED:
        return BANNED
    return f"The administrators of this server do not allow recordings with the purpose “{purpose.label}”."


def require_allowed(purpose: str) -> None:
    """Raises RequestError(PURPOSE_FORBIDDEN)."""
    if purpose in forbidden():
        raise RequestError(WebCode.PURPOSE_FORBIDDEN, refusal_message(Purpose(purpose)), field="purpose")


def resolve(*, purpose: str | None, note: str, project: Project | None) -> Purpose:
    """The purpose of a new recording: the stated one, else its project's, else UNSTATED.

    Raises RequestError(PURPOSE_FORBIDDEN | PURPOSE_NOTE_MISSING).
    """
    resolved = Purpose(purpose or (project.purpose if project else "") or Purpose.UNSTATED)
    require_allowed(resolved)
    if resolved is Purpose.OTHER and not note.strip():
        raise RequestError(
            WebCode.PURPOSE_NOTE_MISSING, "Say in a few words what the recording is used for.", field="purpose_note"
        )
    return resolved


def last_stated(user: User) -> Purpose:
    """The purpose that the user stated last, to preselect in forms; RESEARCH if there is none."""
    stated = user.recordings.exclude(purpose__in=[Purpose.UNSTATED, *forbidden()]).order_by("-created_at")
    last = stated.values_list("purpose", flat=True).first()
    return Purpose(last) if last else Purpose.RESEARCH


def set_rule(*, purpose: Purpose, allowed: bool) -> None:
    """Allow or forbid a purpose from now on. Existing recordings stay, but are not analysed again."""
    PurposeRule.objects.update_or_create(purpose=purpose, defaults={"allowed": allowed})
