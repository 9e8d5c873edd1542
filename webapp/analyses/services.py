"""What people do with analyses: send a recording, read it again, stop, have a file made, erase."""

import uuid

from django.db import IntegrityError, transaction
from django.shortcuts import get_object_or_404
from django.utils import timezone

from inference import store
from inference.media.chapters import add_chapters
from inference.media.probe import sha256
from webapp.accounts.models import User
from webapp.analyses import messages, selectors
from webapp.analyses.models import Analysis, Artifact
from webapp.core import media
from webapp.core.measures import UPLOAD_BYTES
from webapp.core.problems import RequestError, WebCode
from webapp.recordings import services as recordings
from webapp.recordings.models import MediaFile, Recording
from webapp.recordings.services import Received, Upload


def submit(
    *,
    owner: User,
    upload: Upload,
    consent: bool,
    title: str = "",
    model: str | None = None,
    idempotency_key: str | None = None,
) -> Analysis:
    """Keep a recording and queue its first analysis: all of it or nothing.

    `model` is NAME or NAME@VERSION. The same request with the same key gives what the first one gave.
    Raises InputError for files or a model that do not fit, RequestError(CONSENT_MISSING | IDEMPOTENCY_KEY_REUSED |
    UPLOAD_UNKNOWN | UPLOAD_INCOMPLETE).
    """
    recordings.require_consent(given=consent)
    request_sha256 = upload.fingerprint(title, model or "") if idempotency_key is not None else ""
    if idempotency_key is not None and (earlier := _earlier(owner, idempotency_key, request_sha256)):
        return earlier
    try:
        with recordings.received(owner=owner, upload=upload) as files:
            spec = store.choose(model or None, with_eeg=upload.eeg is not None)
            return _keep(owner, files, title, spec, request_sha256, idempotency_key)
    except (IntegrityError, RequestError):
        # The same request came twice at once, and the other one was faster: it has the key, and used the uploads.
        if idempotency_key is not None and (earlier := _earlier(owner, idempotency_key, request_sha256)):
            return earlier
        raise


def rerun(*, recording: Recording, model: str | None = None) -> Analysis:
    """Queue another analysis of a recording.

    Raises InputError(UNKNOWN_MODEL | MODEL_UNSUITED), and Http404 where it was erased meanwhile.
    """
    spec = store.choose(model or None, with_eeg=recording.has_eeg)
    with transaction.atomic():
        return _queue(get_object_or_404(Recording.objects.select_for_update(), pk=recording.pk), spec)


def cancel(*, analysis: Analysis) -> bool:
    """Stop an analysis that is not over; its worker notices at its next step. False where it was over already."""
    now = timezone.now()
    stopped = Analysis.objects.filter(pk=analysis.pk, status__in=Analysis.OPEN).update(
        status=Analysis.Status.CANCELLED, lease_token=None, heartbeat_at=None, finished_at=now
    )
    analysis.refresh_from_db()
    return bool(stopped)


def video_with_chapters(*, analysis: Analysis) -> Artifact:
    """The original video with the timeline as chapters and subtitles: made when it is first asked for, then kept.

    Raises RequestError(NOT_READY), InputError(NOT_COPYABLE), and Http404 where the recording was erased meanwhile.
    """
    timeline = selectors.published_timeline(analysis)
    if kept := selectors.video_with_chapters(analysis):
        return kept
    recording = analysis.recording
    video = get_object_or_404(recording.files, kind=MediaFile.Kind.VIDEO)
    with media.workplace() as place:
        made = add_chapters(video.path, timeline, recording.title, place)
        digest, size = sha256(made), made.stat().st_size
        with transaction.atomic():
            # Only now: a worker that labels the video meanwhile has to write to this row.
            get_object_or_404(Analysis.objects.select_for_update(), pk=analysis.pk)
            if earlier := analysis.artifacts.filter(kind=Artifact.Kind.CHAPTERS).first():
                return earlier
            return Artifact.objects.create(
                analysis=analysis,
                kind=Artifact.Kind.CHAPTERS,
                file=media.keep(made, recording.pk, made.suffix),
                bytes=size,
                sha256=digest,
            )


def erase(*, recording: Recording) -> None:
    """Remove a recording with everything derived from it. What still runs on it stops by itself.

    Raises Http404 where somebody was faster.
    """
    with transaction.atomic():
        # Nobody queues another analysis from here on.
        get_object_or_404(Recording.objects.select_for_update(), pk=recording.pk)
        # A worker that publishes at this moment is waited for; one that comes later finds no row to write to.
        list(Analysis.objects.select_for_update().filter(recording=recording).values_list("pk"))
        pk = recording.pk
        recording.delete()
        transaction.on_commit(lambda: media.forget(pk))


def _keep(
    owner: User, files: Received, title: str, spec: store.ModelSpec, request_sha256: str, idempotency_key: str | None
) -> Analysis:
    pk = uuid.uuid4()
    try:
        with transaction.atomic():
            recording = recordings.keep(
                pk=pk,
                owner=owner,
                files=files,
                title=title,
                request_sha256=request_sha256,
                idempotency_key=idempotency_key,
            )
            transaction.on_commit(lambda: UPLOAD_BYTES.add(recording.bytes))
            return _queue(recording, spec)
    except BaseException:
        media.forget(pk)
        raise


def _earlier(owner: User, idempotency_key: str, request_sha256: str) -> Analysis | None:
    """The first analysis of what was sent with this key. Raises RequestError(IDEMPOTENCY_KEY_REUSED)."""
    recording = owner.recordings.filter(idempotency_key=idempotency_key).first()
    if recording is None:
        return None
    if recording.request_sha256 != request_sha256:
        raise RequestError(
            WebCode.IDEMPOTENCY_KEY_REUSED,
            "This Idempotency-Key was sent before with another recording. Send each recording with a key of its own.",
        )
    return recording.analyses.select_related("recording").earliest("created_at")


def _queue(recording: Recording, spec: store.ModelSpec) -> Analysis:
    used = spec.used
    analysis = Analysis.objects.create(
        recording=recording,
        model_name=used.name,
        model_version=used.version,
        model_sha256=used.sha256,
        nudged_at=timezone.now(),
    )
    transaction.on_commit(lambda: messages.send(analysis.pk, published=False))
    return analysis
