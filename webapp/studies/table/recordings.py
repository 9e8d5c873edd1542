"""What the table and comparisons read of a project: one recording after another, ready to be measured."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

import numpy as np
from django.db.models import F, Prefetch, QuerySet, TextField, Value
from django.db.models.functions import Lower

from inference.timeline.arrays import Floats
from inference.timeline.baseline import span_log_odds
from inference.timeline.measures import Span, subtract_spans
from inference.timeline.readings import Readings, machine_readings, person_readings, relative_readings
from inference.types import Evidence, MediaInfo, Mode, Segment, Source, Timeline, Window
from webapp.analyses import selectors as analyses
from webapp.analyses.models import Analysis, NeutralBaseline
from webapp.recordings.models import Project, Recording
from webapp.studies import selectors
from webapp.studies.models import CollectionSession, Marker
from webapp.studies.quality import UNKNOWN, Quality, qualities
from webapp.studies.table.columns import all_labels

CHUNK = 50  # analyses whose rows are fetched at once
_NO_EVIDENCE = Evidence(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Wanted:
    """What is read of recordings besides the readings of face and voice together: each takes its time."""

    quality: bool = True
    unimodal: bool = True
    baseline: bool = True
    corrections: bool = True


EVERYTHING = Wanted()
WINDOWS = Wanted(quality=False, unimodal=False, baseline=False, corrections=False)


@dataclass(frozen=True)
class MeasuredRecording:
    """A recording with its timeline, what is marked on it, and the log-odds of the person's baseline, if any.

    `baseline_recordings` are those that have the baseline's spans. What is not wanted is as if it had not been
    recorded.
    """

    analysis: Analysis
    timeline: Timeline
    markers: Sequence[Marker]
    quality: Quality
    log_odds: dict[Source, Floats] | None
    baseline_recordings: tuple[UUID, ...] = ()

    @property
    def recording(self) -> Recording:
        """The recording of the analysis."""
        return self.analysis.recording

    @property
    def dropped_frames(self) -> int | None:
        """Frames that the camera lost, of a recording by a link for participants whose browser could tell."""
        session: CollectionSession | None = getattr(self.recording, "collection_session", None)
        return session.dropped_frames if session else None

    @property
    def exclusions(self) -> list[Span]:
        """The spans that never count."""
        return spans_of(self.markers, Marker.Kind.EXCLUDE)

    @cached_property
    def machine(self) -> Readings:
        """What the models say."""
        return machine_readings(self.timeline)

    @cached_property
    def relative(self) -> Readings | None:
        """What the models say relative to the baseline; None without one."""
        return relative_readings(self.timeline, self.machine, self.log_odds) if self.log_odds else None

    @cached_property
    def person(self) -> Readings | None:
        """What the person who corrected the timeline says; None without corrections."""
        return person_readings(self.timeline) if self.timeline.corrections else None


def spans_of(markers: Sequence[Marker], kind: Marker.Kind) -> list[Span]:
    """The spans of the markers of one kind."""
    return [(marker.start_s, marker.end_s) for marker in markers if marker.kind == kind]


def chosen_analyses(project: Project, model: str = "") -> QuerySet[Analysis]:
    """One analysis with a timeline of each recording, by participant; `model` is NAME or NAME@VERSION.

    It is the one that was corrected last, otherwise the latest.
    """
    found = analyses.analyses_on(project.recordings.all())
    if model:
        name, _, number = model.partition("@")
        found = found.filter(model_name=name, **({"model_version": number} if number else {}))
    chosen = Analysis.objects.filter(pk__in=analyses.analyses_to_export(found))
    order = (Lower("recording__participant__code"), "recording__created_at", "pk")
    return chosen.order_by(*order).select_related(
        "recording__participant", "recording__collection_session", "neutral_baseline"
    )


def labels_of(chosen: QuerySet[Analysis]) -> tuple[str, ...]:
    """The labels that have columns in a table of these analyses."""
    return all_labels([label for own in chosen.values_list("labels", flat=True) for label in own])


def measured_recordings(chosen: QuerySet[Analysis], wanted: Wanted = EVERYTHING) -> Iterator[MeasuredRecording]:
    """Yield the recordings of the chosen analyses; those that are erased meanwhile are left out."""
    ordered = list(chosen.values_list("pk", flat=True))
    chosen = chosen.prefetch_related(Prefetch("recording__markers", selectors.by_time(Marker.objects.all())))
    baselines = _Baselines(chosen) if wanted.baseline else None
    for pks in (ordered[first : first + CHUNK] for first in range(0, len(ordered), CHUNK)):
        rows = {row.pk: row for row in chosen.filter(pk__in=pks).prefetch_related("recording__tags")}
        quality = qualities(pks) if wanted.quality else dict.fromkeys(rows, UNKNOWN)
        for pk in pks:
            if pk not in rows or pk not in quality:
                continue
            analysis = rows[pk]
            timeline = bare_timeline(analysis, wanted)
            yield MeasuredRecording(
                analysis=analysis,
                timeline=timeline,
                markers=list(analysis.recording.markers.all()),
                quality=quality[pk],
                log_odds=baselines.log_odds(analysis, timeline) if baselines else None,
                baseline_recordings=baselines.recordings(analysis) if baselines else (),
            )


def bare_timeline(analysis: Analysis, wanted: Wanted) -> Timeline:
    """The windows, labels of segments and corrections of an analysis, which is what measures need."""
    labels, recording = tuple(analysis.labels), analysis.recording
    alone = F("unimodal") if wanted.unimodal else Value(None, TextField())
    windows = analysis.windows.order_by("id").values_list(
        "start_s", "end_s", "source", "probabilities", "face", "voice", alone
    )
    segments = analysis.segments.order_by("id").values_list("start_s", "end_s", "label", "confidence")
    corrected = analyses.corrections(analysis) if wanted.corrections else None
    return Timeline(
        mode=Mode(analysis.mode),
        media=MediaInfo(recording.duration_s, recording.width, recording.height, recording.fps, True, True, ""),
        models=(),
        labels=labels,
        windows=tuple(
            Window(start_s, end_s, Source(source), (), tuple(probabilities), face, voice, alone)
            for start_s, end_s, source, probabilities, face, voice, alone in windows
        ),
        segments=tuple(Segment(*row, probabilities={}, evidence=_NO_EVIDENCE) for row in segments),
        notice=analysis.notice,
        corrections=corrected if corrected and corrected.segments else None,
    )


class _Baselines:
    """Mean log-odds of each person's baseline: of the recording's own spans, else of the person's other recordings.

    Only windows of the same model are comparable. Recordings come by participant: the pooled log-odds of the last one
    are remembered.
    """

    def __init__(self, chosen: QuerySet[Analysis]) -> None:
        self._chosen = chosen
        marked = Marker.objects.filter(kind=Marker.Kind.BASELINE, recording__in=chosen.values("recording"))
        self._spans: dict[UUID, list[Span]] = {}
        for recording, start_s, end_s in marked.values_list("recording", "start_s", "end_s"):
            self._spans.setdefault(recording, []).append((start_s, end_s))
        neutral = NeutralBaseline.objects.filter(analysis__in=chosen.values("pk"))
        for recording, start_s, end_s in neutral.values_list("analysis__recording", "start_s", "end_s"):
            self._spans.setdefault(recording, []).append((start_s, end_s))
        self._last: tuple[object, dict[Source, Floats] | None] = (None, None)
        self._pooled: tuple[UUID, ...] = ()  # the recordings of the last one

    def log_odds(self, analysis: Analysis, timeline: Timeline) -> dict[Source, Floats] | None:
        """The mean log-odds (labels,) of each source; None where nothing is determined in any baseline span."""
        if analysis.recording_id in self._spans:
            return _means([self._windows(analysis, timeline)])
        person = analysis.recording.participant_id
        if person is None:
            return None
        key = (person, analysis.model_name, analysis.model_version)
        if self._last[0] != key:
            others = self._chosen.filter(
                recording__participant=person,
                recording__in=list(self._spans),
                model_name=analysis.model_name,
                model_version=analysis.model_version,
            )
            self._last = key, _means([self._windows(other, bare_timeline(other, WINDOWS)) for other in others])
            self._pooled = tuple(other.recording_id for other in others)
        return self._last[1]

    def recordings(self, analysis: Analysis) -> tuple[UUID, ...]:
        """The recordings whose spans made the log-odds that were just asked for."""
        if analysis.recording_id in self._spans:
            return (analysis.recording_id,)
        return self._pooled if analysis.recording.participant_id else ()

    def _windows(self, analysis: Analysis, timeline: Timeline) -> dict[Source, Floats]:
        """The log-odds of the windows in the recording's baseline spans, (N, labels) of each source."""
        excluded = spans_of(list(analysis.recording.markers.all()), Marker.Kind.EXCLUDE)
        spans = subtract_spans(self._spans[analysis.recording_id], excluded)
        return {
            source: np.concatenate([span_log_odds(timeline, source, *span) for span in spans])
            for source in (Source.AUDIO_VIDEO, Source.FUSION)
            if spans
        }


def _means(found: Sequence[dict[Source, Floats]]) -> dict[Source, Floats] | None:
    pooled = {
        source: np.concatenate([one[source] for one in found if source in one]) for one in found for source in one
    }
    return {source: rows.mean(axis=0) for source, rows in pooled.items() if len(rows)} or None
