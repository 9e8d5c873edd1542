"""Writes: links by which participants without an account record themselves, and what comes in by them."""

import math
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID, uuid4

from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone

from webapp.accounts import services as accounts
from webapp.accounts.models import User
from webapp.analyses import services as analyses
from webapp.audit.models import Action
from webapp.audit.services import record
from webapp.core.errors import RequestError, WebCode
from webapp.recordings import purposes, uploads
from webapp.recordings.consent import STUDY_VERSION
from webapp.recordings.models import NOTE_MAX_LENGTH, Project, Recording, Upload
from webapp.recordings.services import NewRecording, RecordingFiles, require_consent
from webapp.studies import selectors
from webapp.studies.changes import begin_change
from webapp.studies.limits import MAX_COLLECTION_LINKS, MAX_COLLECTION_SESSIONS, require_at_most
from webapp.studies.markers import COLLECTED, DECIMALS
from webapp.studies.models import CollectionLink, CollectionSession, Marker, Stimulus
from webapp.studies.participants import get_or_create_participants


@dataclass(frozen=True)
class ShownStimulus:
    """When a stimulus was shown, in seconds from the start of the recording."""

    stimulus: UUID
    start_s: float
    end_s: float


@transaction.atomic
def create_link(*, project: Project, by: User, consent_text: str, random_order: bool) -> tuple[CollectionLink, str]:
    """Create a link; returns it with its secret, of which only the digest is stored.

    Raises RequestError(NO_STIMULI | STUDY_LIMIT | PURPOSE_FORBIDDEN).
    """
    begin_change(project=project, by=by, action=Action.COLLECTION_OPENED)
    if not project.stimuli.exists():
        raise RequestError(WebCode.NO_STIMULI, "There is nothing to show yet. Add a stimulus under Markers first.")
    require_at_most(MAX_COLLECTION_LINKS, project.collection_links.count() + 1, "links for participants", "A project")
    purposes.resolve(purpose=None, note=project.name, project=project)
    secret = accounts.generate_secret()
    link = CollectionLink.objects.create(
        project=project, digest=accounts.digest(secret), consent_text=consent_text, random_order=random_order
    )
    return link, secret


@transaction.atomic
def close_link(*, link: CollectionLink, by: User) -> None:
    """Close the link for good: nobody begins by it, and those who have begun can send for SENDING_HOURS."""
    begin_change(project=link.project, by=by, action=Action.COLLECTION_CLOSED)
    CollectionLink.objects.filter(pk=link.pk, closed_at=None).update(closed_at=timezone.now())


@transaction.atomic
def begin_session(
    *, link: CollectionLink, code: str, agreed: bool, idempotency_key: UUID | None = None
) -> CollectionSession:
    """Begin a recording of the participant with this code, who is created if need be; without one, a code is given.

    A repeated form, with the same key and participant, returns its session until that is finished. Raises
    RequestError(CONSENT_MISSING | COLLECTION_CLOSED | NO_STIMULI | STUDY_LIMIT).
    """
    require_consent(given=agreed)
    project, owner = link.project, accounts.lock_user(link.project.owner)
    link = get_object_or_404(CollectionLink.objects.select_for_update(), pk=link.pk)
    if link.closed_at:
        raise RequestError(WebCode.COLLECTION_CLOSED, "This study has ended: nobody can begin any more.")
    pk = idempotency_key or uuid4()
    known = CollectionSession.objects.select_related("participant").filter(pk=pk).first()
    if known and _is_repeated(known, link, code):
        return known
    require_at_most(MAX_COLLECTION_SESSIONS, link.sessions.count() + 1, "recordings", "A link")
    shown = [[str(stimulus.pk), stimulus.name] for stimulus in selectors.stimuli_of(project)]
    if not shown:
        raise RequestError(WebCode.NO_STIMULI, "This study has nothing to show at present. Ask whoever sent the link.")
    if link.random_order:
        secrets.SystemRandom().shuffle(shown)
    code = code or _free_code(project)
    participants, _ = get_or_create_participants(project=project, codes=[code])
    session = CollectionSession.objects.create(
        pk=uuid4() if known else pk,
        link=link,
        participant=participants[code.lower()],
        stimuli=shown,
    )
    record(Action.COLLECTION_BEGUN, by=None, owner=owner.pk, target=session, link=link.pk)
    return session


def _is_repeated(session: CollectionSession, link: CollectionLink, code: str) -> bool:
    same_person = not code or code.lower() == session.participant.code.lower()
    return session.link_id == link.pk and session.recording_id is None and same_person


def begin_upload(*, session: CollectionSession, length: int, name: str, metadata: str) -> Upload:
    """Begin the upload of the session's video, in place of an earlier one. Raises what `uploads.create` raises."""
    discard_upload(session=session)
    upload = uploads.create(owner=session.link.project.owner, length=length, name=name, metadata=metadata)
    if not CollectionSession.objects.filter(pk=session.pk).update(upload=upload):
        uploads.terminate(upload=upload)
        raise Http404
    return upload


def discard_upload(*, session: CollectionSession) -> None:
    """Delete what was uploaded in the session and is not a recording yet."""
    if session.upload_id is None:
        return
    for upload in Upload.objects.filter(pk=session.upload_id):
        with suppress(Http404):
            uploads.terminate(upload=upload)


def finish_session(
    *, session: CollectionSession, shown: Sequence[ShownStimulus], dropped_frames: int | None
) -> Recording:
    """Make a recording of the session's upload, with a marker for each stimulus, and queue its analysis: all or none.

    A finished session stays as it is. Raises RequestError(SHOWN_STIMULI | UPLOAD_UNKNOWN) and what
    `analyses.services.submit` raises.
    """
    if session.recording is not None:
        return session.recording
    if session.upload_id is None:
        raise RequestError(WebCode.UPLOAD_UNKNOWN, "The video has not arrived. Send it again.")
    link, project = session.link, session.link.project

    def complete(recording: Recording) -> None:
        finished = CollectionSession.objects.filter(pk=session.pk)
        if not finished.update(recording=recording, dropped_frames=dropped_frames):
            raise Http404
        Marker.objects.bulk_create(_markers(session, recording, shown))

    new = NewRecording(
        files=RecordingFiles(session.upload_id),
        consent=True,
        title=str(session),
        project=project,
        participant=session.participant,
        purpose_note=project.name[:NOTE_MAX_LENGTH],
        consent_version=STUDY_VERSION,
        consent_at=session.begun_at,
        study_text=link.consent_text,
        link=link.pk,
        idempotency_key=f"collection-{session.pk}",
    )
    return analyses.submit(owner=project.owner, new=new, created=complete).recording


def _markers(session: CollectionSession, recording: Recording, shown: Sequence[ShownStimulus]) -> list[Marker]:
    """Raises RequestError(SHOWN_STIMULI) unless the stimuli are the session's, in its order, inside the recording."""
    names = {UUID(pk): name for pk, name in session.stimuli}
    seen = [each.stimulus for each in shown]
    if not seen or seen != [pk for pk in names if pk in seen]:  # one may have been deleted before it was shown
        raise RequestError(WebCode.SHOWN_STIMULI, "These are not the stimuli of this recording, in their order.")
    known = Stimulus.objects.filter(project=session.link.project).in_bulk(list(names))
    markers, earliest_s = [], 0.0
    for each in shown:
        # The browser's clock and that of the video end some milliseconds apart.
        start_s, end_s = round(each.start_s, DECIMALS), round(min(each.end_s, recording.duration_s), DECIMALS)
        if not (math.isfinite(start_s) and earliest_s <= start_s < end_s):
            raise RequestError(
                WebCode.SHOWN_STIMULI,
                f"“{names[each.stimulus]}” was shown from {each.start_s:.3f} to {each.end_s:.3f} s, which is not one "
                f"after another in a recording of {recording.duration_s:.3f} s.",
            )
        earliest_s = end_s
        stimulus = known.get(each.stimulus)
        markers.append(
            Marker(
                recording=recording,
                start_s=start_s,
                end_s=end_s,
                kind=Marker.Kind.STIMULUS,
                name=stimulus.name if stimulus else names[each.stimulus],
                stimulus=stimulus,
                source=COLLECTED,
            )
        )
    return markers


def _free_code(project: Project) -> str:
    codes = {code.lower() for code in project.participants.values_list("code", flat=True)}
    number = len(codes) + 1
    while f"p{number:03}" in codes:
        number += 1
    return f"P{number:03}"
