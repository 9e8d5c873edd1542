"""A long recording is read in spans, each a step of its own, which are merged into one timeline."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from django.conf import settings

from inference.model_spec import AudioVisualSpec
from inference.spans import SpanReading, count_spans
from inference.store import StoredModel
from inference.types import MediaInfo, OnProgress, Stage, Timeline
from webapp.analyses import selectors
from webapp.analyses.execution.span_lease import SpanLease, create_spans
from webapp.analyses.models import Analysis, Span
from webapp.recordings.models import MediaFile, Recording

if TYPE_CHECKING:
    from inference.sound_survey import SoundSurvey

SURVEY_POLL_SECONDS = 0.5


def divide_prediction(analysis: Analysis, model: StoredModel) -> int:
    """Divide a new analysis into spans if its recording is long; returns the number of its steps.

    Recordings with EEG, whose trials may lie across the edges, and systems of the zoo are read as a whole.
    """
    recording = analysis.recording
    if recording.has_eeg or not isinstance(model.spec, AudioVisualSpec):
        return 1
    return create_spans(analysis.pk, count_spans(recording.duration_s, settings.SPAN_SECONDS))


def read_span(lease: SpanLease, analysis: Analysis, model: str, on_progress: OnProgress) -> None:
    """Read a span and publish what was read. Raises InputError, StoreError, LeaseLostError."""
    from inference import pipeline

    with analysis.recording.inputs() as inputs:
        reading = pipeline.read_span(
            inputs,
            _media(analysis.recording),
            model=model,
            number=lease.number,
            count=Span.objects.filter(analysis=analysis).count(),
            share_survey=lambda make: share_survey(lease, make, on_progress),
            on_progress=on_progress,
        )
    lease.publish(reading=reading.encode())


def share_survey(lease: SpanLease, make: Callable[[], "SoundSurvey"], on_progress: OnProgress) -> "SoundSurvey":
    """Return the survey that another span's worker has made or makes now, or else make it for all of them."""
    from inference.sound_survey import SoundSurvey

    while (known := lease.survey()) is None and lease.leaves_survey_to_another():
        on_progress(Stage.SAMPLE, 0.0)
        time.sleep(SURVEY_POLL_SECONDS)
    if known is not None:
        return SoundSurvey.decode(known)
    survey = make()
    lease.write(survey=survey.encode())
    return survey


def merge_spans(analysis: Analysis, model: str, on_progress: OnProgress) -> Timeline:
    """Make one timeline of what was read in spans. Raises StoreError."""
    from inference import pipeline

    on_progress(Stage.TIMELINE, 0.0)
    rows = Span.objects.filter(analysis=analysis).order_by("number").values_list("reading", flat=True)
    readings = [SpanReading.decode(cast(bytes, reading)) for reading in rows]
    return pipeline.merge_spans(_media(analysis.recording), readings, model=model)


def _media(recording: Recording) -> MediaInfo:
    video = recording.file(MediaFile.Kind.VIDEO)
    assert video is not None
    return selectors.media_info(recording, video.sha256)
