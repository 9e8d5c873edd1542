"""Writes: participants of a project, and which recordings show them."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from webapp.accounts.models import User
from webapp.audit.models import Action
from webapp.core.errors import RequestError, WebCode
from webapp.recordings.models import Participant, Project, Recording
from webapp.studies.changes import begin_change, reread
from webapp.studies.limits import MAX_PARTICIPANTS, require_at_most
from webapp.studies.models import VariableValue


@transaction.atomic
def create_participant(*, project: Project, by: User, code: str) -> Participant:
    """Create a participant. Raises RequestError(NAME_TAKEN | STUDY_LIMIT)."""
    begin_change(project=project, by=by, action=Action.PARTICIPANTS_CHANGED)
    _require_free(project, code)
    require_at_most(MAX_PARTICIPANTS, project.participants.count() + 1, "participants", "A project")
    return Participant.objects.create(project=project, code=code)


@transaction.atomic
def rename_participant(*, participant: Participant, by: User, code: str) -> None:
    """Change the participant's code. Raises RequestError(NAME_TAKEN)."""
    begin_change(project=participant.project, by=by, action=Action.PARTICIPANTS_CHANGED)
    reread(participant)
    _require_free(participant.project, code, besides=participant)
    participant.code = code
    participant.save(update_fields=["code"])


@transaction.atomic
def delete_participant(*, participant: Participant, by: User) -> None:
    """Delete the participant with its values of variables; its recordings stay, without a participant."""
    begin_change(project=participant.project, by=by, action=Action.PARTICIPANTS_CHANGED)
    participant.delete()


@transaction.atomic
def merge_participants(*, participant: Participant, into: Participant, by: User) -> None:
    """Give `into` the recordings and values of another participant of the project, who is deleted.

    Raises RequestError(NOT_IN_PROJECT), and RequestError(VALUE_CONFLICT) where both have different values.
    """
    begin_change(project=participant.project, by=by, action=Action.PARTICIPANTS_CHANGED)
    reread(participant)
    reread(into)
    if into.project_id != participant.project_id or into == participant:
        raise RequestError(WebCode.NOT_IN_PROJECT, "Choose another participant of the same project to merge with.")
    values = {value.variable_id: value for value in into.variable_values.all()}
    for value in participant.variable_values.select_related("variable"):
        kept = values.get(value.variable_id)
        if kept is not None and kept.value != value.value:
            raise RequestError(
                WebCode.VALUE_CONFLICT,
                f"“{value.variable}” is “{value.value}” of {participant} and “{kept.value}” of {into}: "
                "make them equal first, or delete one.",
            )
        if kept is None:
            VariableValue.objects.filter(pk=value.pk).update(participant=into)
    participant.recordings.update(participant=into)
    participant.collection_sessions.update(participant=into)
    participant.delete()


@transaction.atomic
def assign_recordings(*, project: Project, by: User, codes: Mapping[UUID, str]) -> list[Participant]:
    """Assign recordings, by id, to participants, by code; an empty code leaves the recording without one.

    Missing participants are created and returned. Raises RequestError(NOT_IN_PROJECT | STUDY_LIMIT).
    """
    begin_change(project=project, by=by, action=Action.PARTICIPANTS_CHANGED)
    recordings = {row.pk: row for row in Recording.objects.filter(project=project, pk__in=codes)}
    require_all(recordings, codes)
    known, created = get_or_create_participants(project=project, codes=filter(None, codes.values()))
    for pk, recording in recordings.items():
        recording.participant = known[codes[pk].lower()] if codes[pk] else None
    Recording.objects.bulk_update(recordings.values(), ["participant"], batch_size=1000)
    return created


def get_or_create_participants(
    *, project: Project, codes: Iterable[str]
) -> tuple[dict[str, Participant], list[Participant]]:
    """The project's participants by code in lower case, of which those for missing `codes` are created and returned.

    Belongs in a transaction that locks the project's owner. Raises RequestError(STUDY_LIMIT).
    """
    known = {participant.code.lower(): participant for participant in project.participants.all()}
    missing = {code.lower(): code for code in codes if code.lower() not in known}
    require_at_most(MAX_PARTICIPANTS, len(known) + len(missing), "participants", "A project")
    created = Participant.objects.bulk_create(Participant(project=project, code=code) for code in missing.values())
    return known | {participant.code.lower(): participant for participant in created}, created


def require_all(found: Mapping[UUID, Any], asked: Iterable[UUID]) -> None:
    """Raises RequestError(NOT_IN_PROJECT) if one that was asked for is not found."""
    for pk in asked:
        if pk not in found:
            raise RequestError(
                WebCode.NOT_IN_PROJECT, f"There is no recording {pk} in this project: choose recordings that are in it."
            )


def _require_free(project: Project, code: str, besides: Participant | None = None) -> None:
    if any(other != besides for other in project.participants.filter(code__iexact=code)):
        message = f"The project has a participant “{code}” already. Choose another code."
        raise RequestError(WebCode.NAME_TAKEN, message, field="code")
