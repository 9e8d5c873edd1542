"""Reading analyses. Queries take the requesting user, except those for workers."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.shortcuts import get_object_or_404

from inference.export import WRITERS, RecordingInfo
from inference.export.codec import decode
from inference.timeline.baseline import relative_segment, with_baseline
from inference.types import (
    UNDETERMINED,
    Baseline,
    Correction,
    Corrections,
    EegFacts,
    Evidence,
    Face,
    Faces,
    FaceView,
    MediaInfo,
    Mode,
    ModelUsed,
    Reason,
    Segment,
    Source,
    Timeline,
    Window,
)
from webapp.accounts.models import User
from webapp.analyses import models
from webapp.analyses.models import Analysis, Artifact
from webapp.core.errors import RequestError, WebCode
from webapp.recordings.models import Project, Recording

# Two hours have ten thousand windows: plain tuples take a third of the time of model instances.
WINDOW_FIELDS = (
    *("start_s", "end_s", "source", "logits", "probabilities", "face", "voice", "unimodal", "voice_novelty"),
)
SEGMENT_FIELDS = (
    *("start_s", "end_s", "label", "confidence", "probabilities", "face", "voice", "eeg", "unimodal", "reason"),
    "voice_novelty",
)


def analyses_of(user: User) -> QuerySet[Analysis]:
    """The user's own analyses, newest first, with recordings and artifacts."""
    return analyses_on(user.recordings.all())


def analyses_on(recordings: QuerySet[Recording]) -> QuerySet[Analysis]:
    """All analyses of these recordings, newest first, with recordings, baselines and artifacts."""
    analyses = Analysis.objects.filter(recording__in=recordings).order_by("-created_at")
    return analyses.select_related("recording", "neutral_baseline").prefetch_related("artifacts")


CANCELLED = Q(status=Analysis.Status.CANCELLED)


def representatives(recordings: QuerySet[Recording]) -> QuerySet[Analysis]:
    """One analysis per recording that represents it in lists: the latest, not cancelled if possible."""
    analyses = Analysis.objects.filter(recording__in=recordings).alias(cancelled=CANCELLED)
    return analyses.order_by("recording", "cancelled", "-created_at").distinct("recording")


def with_corrected_at(analyses: QuerySet[Analysis]) -> QuerySet[Analysis]:
    """Annotated with `corrected_at`: when each was last corrected, None without corrections."""
    rows = models.CorrectedTimeline.objects.filter(analysis=OuterRef("pk")).exclude(segments=[])
    return analyses.annotate(corrected_at=Subquery(rows.values("at")))


def with_corrected_recording(analyses: QuerySet[Analysis]) -> QuerySet[Analysis]:
    """Annotated with `recording_corrected`: whether any analysis of the recording has corrections."""
    rows = models.CorrectedTimeline.objects.filter(analysis__recording=OuterRef("recording")).exclude(segments=[])
    return analyses.annotate(recording_corrected=Exists(rows))


def latest_corrected_sibling(analysis: Analysis) -> Analysis | None:
    """The other analysis of the recording that was corrected last, if any."""
    others = Analysis.objects.filter(recording=analysis.recording_id, corrected__isnull=False).exclude(pk=analysis.pk)
    return others.exclude(corrected__segments=[]).select_related("corrected").order_by("-corrected__at").first()


def unknown_labels(analysis: Analysis, segments: Sequence[Correction]) -> tuple[str, ...]:
    """The labels of the segments that the model of `analysis` lacks, without duplicates."""
    known = {*analysis.labels, UNDETERMINED}
    return tuple(dict.fromkeys(one.label for one in segments if one.label not in known))


def analyses_to_export(analyses: QuerySet[Analysis]) -> list[UUID]:
    """One analysis with a timeline per recording among `analyses`, for exports of many; the oldest recording first.

    It is the one that was corrected last, otherwise the latest.
    """
    ready = with_corrected_at(analyses.filter(timeline_at__isnull=False))
    order = ("recording", F("corrected_at").desc(nulls_last=True), "-created_at")
    newest = ready.order_by(*order).distinct("recording")
    chosen = Analysis.objects.filter(pk__in=newest.values("pk"))
    return list(chosen.order_by("recording__created_at", "pk").values_list("pk", flat=True))


def analysis_for(user: User, pk: UUID) -> Analysis:
    """The user's own analysis `pk`; `permissions` gives access to shared ones. Raises Http404."""
    return get_object_or_404(analyses_of(user), pk=pk)


def segments_of(user: User) -> QuerySet[models.Segment]:
    """All segments of all timelines of the user, newest first, with what they need of their analyses."""
    mine = models.Segment.objects.filter(owner=user).order_by("-id").select_related("analysis")
    needed = ("recording", "labels", "model_name", "model_version")
    return mine.only(*SEGMENT_FIELDS, "duration_s", *(f"analysis__{name}" for name in needed))


def analysis_for_worker(pk: UUID) -> Analysis:
    """The analysis with its recording and files."""
    return Analysis.objects.select_related("recording").prefetch_related("recording__files").get(pk=pk)


def labelled_video(analysis: Analysis) -> Artifact | None:
    """The video with burnt-in labels."""
    return _artifact(analysis, Artifact.Kind.VIDEO)


def video_with_chapters(analysis: Analysis) -> Artifact | None:
    """The original with the timeline as chapters, if its tracks could be copied."""
    return _artifact(analysis, Artifact.Kind.CHAPTERS)


def face_track(analysis: Analysis) -> Faces | None:
    """The positions of faces; None for analyses of versions that did not store them."""
    track = models.FaceTrack.objects.filter(analysis=analysis).first()
    if track is None:
        return None
    faces = (Face(time_s, *box) for time_s, box in zip(track.times_s, track.boxes, strict=True))
    views = (FaceView(*view) for view in zip(track.frontal or (), track.people or (), strict=True))
    return Faces(track.step_s, tuple(faces), tuple(views))


def corrections(analysis: Analysis) -> Corrections:
    """The latest corrections; without segments if there are none or they were removed."""
    row = models.CorrectedTimeline.objects.select_related("by").filter(analysis=analysis).first()
    if row is None:
        return Corrections(0, "", "", ())
    by = row.by.get_username() if row.by else ""
    return Corrections(row.revision, by, row.at.isoformat(), tuple(Correction(*one) for one in row.segments))


def baseline(analysis: Analysis) -> dict[str, Any]:
    """The marked neutral span with its author and time; all None if none is marked."""
    row = models.NeutralBaseline.objects.select_related("by").filter(analysis=analysis).first()
    if row is None:
        return dict.fromkeys(("start_s", "end_s", "by", "at"))
    return {"start_s": row.start_s, "end_s": row.end_s, "by": row.by and row.by.get_username(), "at": row.at}


def _artifact(analysis: Analysis, kind: Artifact.Kind) -> Artifact | None:
    return next((artifact for artifact in analysis.artifacts.all() if artifact.kind == kind), None)


def timeline(analysis: Analysis) -> Timeline | None:
    """The timeline as the pipeline produced it, with corrections and baseline; None until it is published."""
    if analysis.timeline_at is None:
        return None
    return replace(
        _predictions(analysis),
        faces=face_track(analysis),
        corrections=corrected if (corrected := corrections(analysis)).segments else None,
    )


def baseline_log_odds(analysis: Analysis) -> Baseline | None:
    """The marked neutral span with its log-odds, for `relative_to_baseline`; None if none is marked."""
    return None if getattr(analysis, "neutral_baseline", None) is None else _predictions(analysis).baseline


def _predictions(analysis: Analysis) -> Timeline:
    """The published timeline with its baseline, but without faces and corrections."""
    labels = tuple(analysis.labels)
    found = Timeline(
        mode=Mode(analysis.mode),
        media=media_info(analysis.recording, analysis.input_sha256),
        models=decode(analysis.models_used, tuple[ModelUsed, ...]),
        labels=labels,
        windows=tuple(_window(*row) for row in analysis.windows.order_by("id").values_list(*WINDOW_FIELDS)),
        segments=tuple(_segment(labels, *row) for row in analysis.segments.order_by("id").values_list(*SEGMENT_FIELDS)),
        notice=analysis.notice,
        eeg=decode(analysis.eeg_facts, EegFacts) if analysis.eeg_facts else None,
    )
    marked = getattr(analysis, "neutral_baseline", None)
    return found if marked is None else with_baseline(found, marked.start_s, marked.end_s)


def media_info(recording: Recording, sha256: str) -> MediaInfo:
    """The facts of the video as they were measured when it was received."""
    return MediaInfo(
        duration_s=recording.duration_s,
        width=recording.width,
        height=recording.height,
        fps=recording.fps,
        has_video=True,
        has_audio=recording.has_audio,
        sha256=sha256,
    )


def published_timeline(analysis: Analysis) -> Timeline:
    """The timeline. Raises RequestError(NOT_READY) until it is published."""
    published = timeline(analysis)
    if published is None:
        raise RequestError(WebCode.NOT_READY, "There is no timeline yet. Ask again when the analysis has published it.")
    return published


def recording_info(recording: Recording, *, own: bool) -> RecordingInfo:
    """The recording's facts for exports; project and tags only for its owner."""
    if not own:
        return RecordingInfo(recording.title, str(recording.pk))
    # Queried again: the project may have been deleted since the recording was fetched.
    project = Project.objects.filter(recordings=recording).values_list("name", flat=True).first()
    tags = tuple(recording.tags.order_by("name").values_list("name", flat=True))
    return RecordingInfo(recording.title, str(recording.pk), project or "", tags)


def export(analysis: Analysis, name: str, *, own: bool) -> bytes:
    """The timeline in one of `inference.export.WRITERS`. Raises RequestError(NOT_READY)."""
    return WRITERS[name].write(published_timeline(analysis), recording_info(analysis.recording, own=own))


def _window(
    start_s: float,
    end_s: float,
    source: str,
    logits: list[float],
    probabilities: list[float],
    face: float,
    voice: float,
    unimodal: dict[str, list[float]] | None,
    voice_novelty: float | None,
) -> Window:
    by_modality = None if unimodal is None else {modality: tuple(given) for modality, given in unimodal.items()}
    scores = tuple(logits), tuple(probabilities)
    return Window(start_s, end_s, Source(source), *scores, face, voice, by_modality, voice_novelty)


def relative_to_baseline(row: models.Segment, baseline: Baseline) -> dict[str, float] | None:
    """The probabilities of a segment relative to the baseline; None where there are none, see `relative_segment`."""
    segment = _segment(tuple(row.analysis.labels), *(getattr(row, name) for name in SEGMENT_FIELDS))
    relative = relative_segment(segment, baseline)
    return None if relative is None else dict(relative.probabilities)


def _segment(
    labels: tuple[str, ...],
    start_s: float,
    end_s: float,
    label: str,
    confidence: float,
    probabilities: list[float],
    face: float,
    voice: float,
    eeg: float,
    unimodal: dict[str, list[float]] | None,
    reason: str,
    voice_novelty: float | None,
) -> Segment:
    return Segment(
        *(start_s, end_s, label, confidence),
        probabilities=dict(zip(labels, probabilities, strict=True)),
        evidence=Evidence(face, voice, eeg),
        unimodal=by_label(labels, unimodal),
        reason=Reason(reason) if reason else None,
        voice_novelty=voice_novelty,
    )


def by_label(labels: Sequence[str], unimodal: dict[str, list[float]] | None) -> dict[str, dict[str, float]] | None:
    """Unimodal probabilities as {modality: {label: probability}}; None if they were not stored."""
    if unimodal is None:
        return None
    return {modality: dict(zip(labels, given, strict=True)) for modality, given in unimodal.items()}
