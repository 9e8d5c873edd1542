"""Writes: submit a recording, analyse it again, cancel, correct, mark a baseline, erase."""

import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import astuple
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import Http404
from django.shortcuts import get_object_or_404

from inference import store
from inference.errors import Code, InputError
from inference.timeline.baseline import with_baseline
from inference.timeline.corrections import validate_corrections
from inference.types import Correction, Corrections
from webapp.accounts import services as accounts
from webapp.accounts.models import User
from webapp.analyses import events, quota, selectors
from webapp.analyses.execution import dispatch
from webapp.analyses.execution.span_steps import divide_prediction
from webapp.analyses.models import Analysis, CorrectedTimeline, NeutralBaseline
from webapp.audit.models import Action
from webapp.audit.services import record, record_each
from webapp.core.errors import RequestError, WebCode
from webapp.observability.metrics import UPLOAD_BYTES
from webapp.recordings import projects_and_tags, purposes
from webapp.recordings import services as recordings
from webapp.recordings.models import Purpose, Recording, Tag
from webapp.recordings.services import NewRecording, ValidatedUpload
from webapp.storage import media

ERASE_BATCH_SIZE = 50  # recordings per transaction


def submit(
    *,
    owner: User,
    new: NewRecording,
    model: str | None = None,
    created: Callable[[Recording], None] = lambda _: None,
) -> Analysis:
    """Create a recording and queue its first analysis: both or neither.

    `created` is called in the transaction that creates the recording, and may refuse it. `model` is NAME or
    NAME@VERSION. A repeated request with the same idempotency key returns the first one's analysis.
    Raises InputError for files or a model that do not fit, RequestError(CONSENT_MISSING | PURPOSE_FORBIDDEN |
    PURPOSE_NOTE_MISSING | IDEMPOTENCY_KEY_REUSED | UPLOAD_UNKNOWN | UPLOAD_INCOMPLETE | QUOTA_BYTES | QUOTA_MINUTES |
    QUOTA_ANALYSES | CHECKS_BUSY | DISK_FULL | STORAGE_UNAVAILABLE).
    """
    try:
        recordings.require_consent(given=new.consent)
        purpose = purposes.resolve(purpose=new.purpose, note=new.purpose_note, project=new.project)
    except RequestError as error:
        raise recordings.reject(owner=owner, files=new.files, error=error) from error
    request_sha256 = new.fingerprint(model or "") if new.idempotency_key is not None else ""
    if earlier := _existing_analysis(owner, new.idempotency_key, request_sha256):
        return earlier
    try:
        with recordings.validate_upload(owner=owner, files=new.files) as validated:
            spec = store.resolve(model or None, with_eeg=new.files.eeg is not None)
            return _store_and_queue(owner, new, purpose, validated, spec, request_sha256, created)
    except (IntegrityError, RequestError):
        # The same request arrived twice at once, and the other one was faster: it has the key, and used the uploads.
        if earlier := _existing_analysis(owner, new.idempotency_key, request_sha256):
            return earlier
        raise


def rerun(*, recording: Recording, model: str | None = None) -> Analysis:
    """Queue another analysis of a recording.

    Raises InputError(UNKNOWN_MODEL | MODEL_UNSUITED), RequestError(QUOTA_ANALYSES | PURPOSE_FORBIDDEN), and Http404
    if it was erased meanwhile.
    """
    purposes.require_allowed(recording.purpose)
    spec = store.resolve(model or None, with_eeg=recording.has_eeg)
    with transaction.atomic():
        owner = accounts.lock_user(get_object_or_404(User, recordings=recording.pk))
        return _create_analysis(get_object_or_404(Recording.objects.select_for_update(), pk=recording.pk), spec, owner)


def cancel(*, analysis: Analysis) -> bool:
    """Cancel an open analysis; its worker notices at its next progress report. False if it was already over.

    Raises Http404 if the recording was erased meanwhile.
    """
    with transaction.atomic():
        # Two analyses of the recording that are cancelled at once would wait for each other's row.
        get_object_or_404(Recording.objects.select_for_update(no_key=True), pk=analysis.recording_id)
        cancelled = cancel_all(Analysis.objects.filter(pk=analysis.pk))
    analysis.refresh_from_db()
    return bool(cancelled)


def cancel_all(analyses: QuerySet[Analysis]) -> int:
    """Cancel those of the analyses that are open; returns how many."""
    return analyses.filter(status__in=Analysis.OPEN).update(
        status=Analysis.Status.CANCELLED,
        lease_token=None,
        heartbeat_at=None,
        finished_at=Now(),
        error_code="",
        error_message="",
    )


def save_corrections(*, analysis: Analysis, by: User, revision: int, segments: Sequence[Correction]) -> Corrections:
    """Save a corrected timeline that is based on `revision` (0: none).

    Raises RequestError(NOT_READY | REVISION_CONFLICT), InputError(CORRECTION_GAP | CORRECTION_OVERLAP |
    CORRECTION_LABEL | CORRECTION_RANGE), and Http404 if the recording was erased meanwhile.
    """
    if analysis.timeline_at is None:
        raise RequestError(WebCode.NOT_READY, "There is no timeline to correct yet. Ask again when there is one.")
    corrected = validate_corrections(segments, analysis.labels, analysis.recording.duration_s)
    with transaction.atomic():
        _replace_corrections(analysis, revision, by, [list(astuple(segment)) for segment in corrected])
        return selectors.corrections(analysis)


def carry_over(*, analysis: Analysis, source: Analysis, by: User, revision: int) -> Corrections:
    """Copy the corrections of `source`, another analysis of the recording, over `revision` of this one.

    Raises InputError(CORRECTION_LABEL) if the model of `analysis` lacks one of their labels,
    RequestError(NO_CORRECTIONS) if `source` has none or is of another recording, and what `save_corrections` raises.
    """
    segments = selectors.corrections(source).segments if source.recording_id == analysis.recording_id else ()
    if not segments:
        raise RequestError(
            WebCode.NO_CORRECTIONS,
            "There are no corrections to carry over. Choose another analysis of this recording, one that is corrected.",
        )
    if analysis.timeline_at is not None and (unknown := selectors.unknown_labels(analysis, segments)):
        raise InputError(
            Code.CORRECTION_LABEL,
            f"The model of this analysis does not know {', '.join(unknown)}. Give these segments other labels first, "
            "or carry the corrections over to an analysis whose model knows them.",
        )
    return save_corrections(analysis=analysis, by=by, revision=revision, segments=segments)


def remove_corrections(*, analysis: Analysis, by: User, revision: int) -> None:
    """Remove the corrections. Raises RequestError(REVISION_CONFLICT), and Http404 as `save_corrections`."""
    _replace_corrections(analysis, revision, by, [])


def save_baseline(*, analysis: Analysis, by: User, start_s: float, end_s: float) -> dict[str, Any]:
    """Mark a span in which the person is neutral, in place of an earlier one.

    Raises RequestError(NOT_READY), InputError(BASELINE_RANGE | BASELINE_SHORT | BASELINE_UNDETERMINED), and Http404 if
    the recording was erased meanwhile.
    """
    marked = with_baseline(selectors.published_timeline(analysis), start_s, end_s).baseline
    assert marked is not None
    span = {"start_s": marked.start_s, "end_s": marked.end_s}
    with transaction.atomic():
        get_object_or_404(Analysis.objects.select_for_update(), pk=analysis.pk)
        NeutralBaseline.objects.update_or_create(analysis=analysis, defaults={**span, "by": by})
        record(Action.BASELINE_CHANGED, by=by.pk, owner=analysis.recording.owner_id, target=analysis)
    return selectors.baseline(analysis)


def remove_baseline(*, analysis: Analysis, by: User) -> None:
    """Remove the marked neutral span, if there is one."""
    with transaction.atomic():
        deleted, _ = NeutralBaseline.objects.filter(analysis=analysis).delete()
        if deleted:
            record(Action.BASELINE_CHANGED, by=by.pk, owner=analysis.recording.owner_id, target=analysis)


def erase(*, recording: Recording, by: User | None = None) -> None:
    """Erase a recording with everything derived from it, and the tags that only it has.

    Running analyses of it stop by themselves. Without `by` the installation erases it, by its retention period.
    Raises Http404 if it is already gone.
    """
    if not erase_batch(owner_id=recording.owner_id, pks=[recording.pk], by=by):
        raise Http404


def erase_batch(*, owner_id: int, pks: Collection[uuid.UUID], by: User | None = None) -> set[uuid.UUID]:
    """Erase at most ERASE_BATCH_SIZE recordings of one owner in one transaction; returns those that existed."""
    with transaction.atomic():
        # Owner, recordings, analyses: always locked in this order, to avoid deadlocks. From here on the recordings
        # get no tag and no analysis.
        list(User.objects.select_for_update(no_key=True).filter(pk=owner_id).values_list("pk"))
        rows = Recording.objects.select_for_update().filter(owner_id=owner_id, pk__in=pks).order_by("pk")
        locked = list(rows.only("pk"))
        # This waits for a worker that is publishing; a later one finds no row to write to.
        list(Analysis.objects.select_for_update().filter(recording__in=locked).order_by("pk").values_list("pk"))
        record_each(Action.RECORDING_ERASED, by=by.pk if by else None, owner=owner_id, targets=locked)
        erased = {recording.pk for recording in locked}
        tags = list(Tag.objects.filter(recordings__in=erased).values_list("pk", flat=True).distinct())
        Recording.objects.filter(pk__in=erased).delete()
        projects_and_tags.delete_unused_tags(tags=tags)
        events.emit_deletion(owner_id=owner_id, recording_ids=erased)
        for pk in erased:
            transaction.on_commit(partial(media.delete_recording, pk))
    return erased


def _replace_corrections(analysis: Analysis, revision: int, by: User, segments: list[Any]) -> None:
    with transaction.atomic():
        # Serialises concurrent corrections.
        get_object_or_404(Analysis.objects.select_for_update(), pk=analysis.pk)
        row, _ = CorrectedTimeline.objects.get_or_create(analysis=analysis)
        if row.revision != revision:
            raise RequestError(
                WebCode.REVISION_CONFLICT,
                f"These corrections were changed meanwhile: they are at revision {row.revision}, not {revision}. "
                "Read them again, and choose.",
            )
        row.revision, row.by, row.segments = revision + 1, by, segments
        row.save()
        record(Action.CORRECTED, by=by.pk, owner=analysis.recording.owner_id, target=analysis)


def _store_and_queue(
    owner: User,
    new: NewRecording,
    purpose: Purpose,
    validated: ValidatedUpload,
    spec: store.StoredModel,
    request_sha256: str,
    created: Callable[[Recording], None],
) -> Analysis:
    pk = uuid.uuid4()
    try:
        keys = recordings.store_files(pk=pk, validated=validated)
        with transaction.atomic():
            owner = accounts.lock_user(owner)
            recording = recordings.create_recording(
                pk=pk,
                owner=owner,
                new=new,
                purpose=purpose,
                validated=validated,
                keys=keys,
                request_sha256=request_sha256,
            )
            by = None if new.link else owner.pk
            record(Action.RECORDING_RECEIVED, by=by, owner=owner.pk, target=recording, link=new.link)
            created(recording)
            transaction.on_commit(lambda: UPLOAD_BYTES.inc(recording.bytes))
            return _create_analysis(recording, spec, owner)
    except BaseException:
        media.delete_recording(pk)
        raise


def _existing_analysis(owner: User, idempotency_key: str | None, request_sha256: str) -> Analysis | None:
    """The first analysis of the recording with this key. Raises RequestError(IDEMPOTENCY_KEY_REUSED)."""
    if idempotency_key is None:
        return None
    recording = owner.recordings.filter(idempotency_key=idempotency_key).first()
    if recording is None:
        return None
    if recording.request_sha256 != request_sha256:
        raise RequestError(
            WebCode.IDEMPOTENCY_KEY_REUSED,
            "This Idempotency-Key was sent before with another recording. Send each recording with a key of its own.",
        )
    return recording.analyses.select_related("recording").earliest("created_at")


def _create_analysis(recording: Recording, spec: store.StoredModel, owner: User) -> Analysis:
    quota.require_analysis(owner=owner)
    used = spec.used
    analysis = Analysis.objects.create(
        recording=recording,
        model_name=used.name,
        model_version=used.version,
        model_sha256=used.sha256,
        dispatched_at=Now(),
    )
    for _ in range(divide_prediction(analysis, spec)):
        transaction.on_commit(lambda: dispatch.enqueue(analysis.pk, published=False))
    return analysis
