"""Publishes results, each in one transaction that is conditional on the lease."""

from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from inference.export.codec import encode
from inference.hashing import sha256_file
from inference.spans import count_spans
from inference.timeline.summary import summary
from inference.types import UNDETERMINED, Stage, Timeline
from webapp.analyses import events
from webapp.analyses.execution import dispatch
from webapp.analyses.execution.lease import PROGRESS_RANGES, Lease, LeaseLostError
from webapp.analyses.execution.span_lease import create_spans, delete_spans
from webapp.analyses.models import Analysis, Artifact, FaceTrack, Segment, Span, WindowScore
from webapp.storage import media

BATCH_SIZE = 2000


def publish_timeline(lease: Lease, timeline: Timeline) -> None:
    """Store the analysis' timeline and queue the rendering, of a long recording in spans. Raises LeaseLostError.

    Rendering belongs to the same attempt: its claim increments what is decremented here.
    """
    with transaction.atomic():
        # The analysis' row comes first: readers that lock it wait until the result is complete.
        lease.finish(
            Analysis.Status.QUEUED,
            attempt=F("attempt") - 1,
            progress=PROGRESS_RANGES[Stage.TIMELINE][1],
            dispatched_at=Now(),
            **result_fields(timeline),
        )
        WindowScore.objects.filter(analysis=lease.pk).delete()
        Segment.objects.filter(analysis=lease.pk).delete()
        delete_spans(Span.objects.filter(analysis=lease.pk))
        owner_id = Analysis.objects.values_list("recording__owner", flat=True).get(pk=lease.pk)
        create_result_rows(lease.pk, owner_id, timeline)
        events.emit_analysis_event(events.EventType.TIMELINE_PUBLISHED, lease.pk)
        for _ in range(create_spans(lease.pk, count_spans(timeline.media.duration_s, settings.SPAN_SECONDS))):
            transaction.on_commit(lambda: dispatch.enqueue(lease.pk, published=True))


def result_fields(timeline: Timeline) -> dict[str, Any]:
    """The columns of an analysis that tell its result."""
    facts = summary(timeline)
    return {
        "timeline_at": Now(),
        "mode": timeline.mode,
        "input_sha256": timeline.media.sha256,
        "models_used": encode(timeline.models),
        "labels": list(timeline.labels),
        "notice": timeline.notice,
        "eeg_facts": encode(timeline.eeg),
        "label": facts["label"],
        "shares": [facts["share"][label] for label in (*timeline.labels, UNDETERMINED)],
        "mean_probability": facts["mean_probability"],
        "audio_video": facts.get("audio_video"),
    }


def create_result_rows(analysis_id: UUID, owner_id: int, timeline: Timeline) -> None:
    """Create the windows, the segments and the positions of faces of an analysis."""
    WindowScore.objects.bulk_create(
        (
            WindowScore(
                analysis_id=analysis_id,
                start_s=window.start_s,
                end_s=window.end_s,
                source=window.source,
                logits=list(window.logits),
                probabilities=list(window.probabilities),
                face=window.face,
                voice=window.voice,
                unimodal=window.unimodal,
                voice_novelty=window.voice_novelty,
            )
            for window in timeline.windows
        ),
        batch_size=BATCH_SIZE,
    )
    Segment.objects.bulk_create(
        (
            Segment(
                analysis_id=analysis_id,
                owner_id=owner_id,
                start_s=segment.start_s,
                end_s=segment.end_s,
                label=segment.label,
                confidence=segment.confidence,
                probabilities=[segment.probabilities[label] for label in timeline.labels],
                face=segment.evidence.face,
                voice=segment.evidence.voice,
                eeg=segment.evidence.eeg,
                unimodal=_in_label_order(segment.unimodal, timeline.labels),
                reason=segment.reason or "",
                voice_novelty=segment.voice_novelty,
            )
            for segment in timeline.segments
        ),
        batch_size=BATCH_SIZE,
    )
    if timeline.faces is not None:
        FaceTrack.objects.update_or_create(
            analysis_id=analysis_id,
            defaults={
                "step_s": timeline.faces.step_s,
                "times_s": [face.time_s for face in timeline.faces.boxes],
                "boxes": [list(face[1:]) for face in timeline.faces.boxes],
                "frontal": [view.frontal for view in timeline.faces.views] or None,
                "people": [view.people for view in timeline.faces.views] or None,
            },
        )


def _in_label_order(
    unimodal: dict[str, dict[str, float]] | None, labels: tuple[str, ...]
) -> dict[str, list[float]] | None:
    """The unimodal probabilities as lists in the order of the labels."""
    if unimodal is None:
        return None
    return {modality: [by_label[label] for label in labels] for modality, by_label in unimodal.items()}


def publish_video(lease: Lease, path: Path, chapters: Path | None = None) -> None:
    """Store the file at `path` as labelled video, and `chapters` as video with chapters; finish the analysis.

    The files are moved. Raises LeaseLostError, RequestError(STORAGE_UNAVAILABLE).
    """
    files = {Artifact.Kind.VIDEO: path} | ({Artifact.Kind.CHAPTERS: chapters} if chapters else {})
    sums = {kind: (sha256_file(file), file.stat().st_size) for kind, file in files.items()}
    recording_id = Analysis.objects.values_list("recording_id", flat=True).filter(pk=lease.pk).first()
    if recording_id is None:
        raise LeaseLostError(str(lease.pk))
    keys: dict[Artifact.Kind, str] = {}
    try:
        for kind, file in files.items():
            keys[kind] = media.save(file, recording_id, file.suffix)
        with transaction.atomic():
            lease.finish(Analysis.Status.SUCCEEDED, progress=1.0, finished_at=Now())
            for kind in files:
                digest, size = sums[kind]
                # Version 1.0 made the video with chapters on the first request for it.
                Artifact.objects.update_or_create(
                    analysis_id=lease.pk, kind=kind, defaults={"file": keys[kind], "bytes": size, "sha256": digest}
                )
            delete_spans(Span.objects.filter(analysis=lease.pk))
            events.emit_analysis_event(events.EventType.SUCCEEDED, lease.pk)
    except BaseException:
        for key in keys.values():
            media.delete(key)
        raise
