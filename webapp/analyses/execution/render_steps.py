"""The labelled video is rendered by one worker, or in pieces by several, which one of them joins."""

import logging
from contextlib import ExitStack
from pathlib import Path

from django.conf import settings

from inference.errors import InputError
from inference.media.chapter_writer import add_chapters
from inference.media.encoders import Encoder, choose_encoder
from inference.types import Inputs, OnProgress, Stage, Timeline
from webapp.analyses.execution.lease import PIECES_SHARE, Lease
from webapp.analyses.execution.publishing import publish_video
from webapp.analyses.execution.span_lease import SpanLease
from webapp.analyses.models import Analysis, Span
from webapp.recordings.models import MediaFile
from webapp.storage import media

logger = logging.getLogger(__name__)


def render_span(lease: SpanLease, analysis: Analysis, timeline: Timeline, on_progress: OnProgress) -> None:
    """Render a piece of the labelled video and store it. Raises InputError, FfmpegError, LeaseLostError.

    Where the video has no such pieces, the spans are given up for a rendering as a whole.
    """
    from inference.media.pieces import IndivisibleError, render_piece

    video = analysis.recording.file(MediaFile.Kind.VIDEO)
    assert video is not None
    with media.scratch_dir() as directory, media.local_file(video.key) as path:
        out = directory / "piece.mp4"
        try:
            render_piece(
                path,
                timeline,
                out,
                number=lease.number,
                count=Span.objects.filter(analysis=analysis).count(),
                encoder=_encoder(),
                on_progress=lambda share: on_progress(Stage.RENDER, PIECES_SHARE * share),
            )
        except IndivisibleError as error:
            logger.info("analysis %s is rendered as a whole: %s", analysis.pk, error)
            lease.give_up_spans()
            return
        key = media.save(out, analysis.recording_id, out.suffix)
        try:
            lease.publish(video=key)
        except BaseException:
            media.delete(key)
            raise


def render_video(lease: Lease, analysis: Analysis, timeline: Timeline, on_progress: OnProgress) -> None:
    """Publish the labelled video, joined of its pieces if there are any.

    Raises InputError, FfmpegError, LeaseLostError.
    """
    from inference.media.pieces import IndivisibleError
    from inference.media.render import render

    with media.scratch_dir() as directory, analysis.recording.inputs() as inputs:
        out = directory / "labelled.mp4"
        try:
            joined = _join_pieces(analysis, timeline, inputs, out, on_progress)
        except IndivisibleError as error:
            logger.info("analysis %s is rendered as a whole: %s", analysis.pk, error)
            joined = False
        if not joined:
            render(
                inputs.video,
                timeline,
                out,
                sound=inputs.audio,
                encoder=_encoder(),
                on_progress=lambda share: on_progress(Stage.RENDER, share),
            )
        chapters = _add_chapters(analysis, inputs.video, timeline, directory)
        publish_video(lease, out, chapters)


def _encoder() -> Encoder:
    return choose_encoder(settings.VIDEO_ENCODER, settings.X264_PRESET)


def _join_pieces(analysis: Analysis, timeline: Timeline, inputs: Inputs, out: Path, on_progress: OnProgress) -> bool:
    """Join the pieces if there are any; whether there were. Raises IndivisibleError where they do not fit together."""
    from inference.media.pieces import join_pieces

    keys = list(Span.objects.filter(analysis=analysis).order_by("number").values_list("video", flat=True))
    with ExitStack() as stack:
        files = [stack.enter_context(media.local_file(key)) for key in keys]
        if files:
            join_pieces(
                inputs.video,
                timeline,
                files,
                out,
                sound=inputs.audio,
                on_progress=lambda share: on_progress(Stage.RENDER, PIECES_SHARE + (1 - PIECES_SHARE) * share),
            )
    return bool(files)


def _add_chapters(analysis: Analysis, video: Path, timeline: Timeline, directory: Path) -> Path | None:
    """The original with the timeline as chapters; None if its tracks cannot be copied."""
    try:
        return add_chapters(video, timeline, analysis.recording.title, directory)
    except InputError as error:
        logger.info("analysis %s has no video with chapters: %s", analysis.pk, error)
        return None
