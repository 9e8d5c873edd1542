"""The two steps of an analysis, as a worker does them."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from inference.errors import InputError
from inference.types import Stage
from webapp.analyses import selectors
from webapp.analyses.lease import INTERNAL_ERROR, Held, Lease, LeaseLostError, claim, nudge
from webapp.analyses.models import Analysis
from webapp.analyses.publish import publish_timeline, publish_video
from webapp.core import media
from webapp.recordings.models import MediaFile

logger = logging.getLogger(__name__)


def read(pk: UUID) -> None:
    """Read a recording and publish its timeline, if the analysis waits for that."""
    # torch is imported by workers that read, and by nobody else; before the lease, for it can hold up heartbeats.
    from inference.pipeline import analyse

    lease = claim(pk, published=False)
    if lease is None:
        return
    with _working(lease) as held:
        analysis = selectors.analysis(pk)
        timeline = analyse(
            analysis.recording.inputs(),
            model=f"{analysis.model_name}@{analysis.model_version}",
            limits=settings.LIMITS,
            on_progress=held.progress,
        )
        publish_timeline(lease, timeline)


def render(pk: UUID) -> None:
    """Write the labels on the video, if the analysis waits for that."""
    lease = claim(pk, published=True)
    if lease is None:
        return
    from inference.media.process import FfmpegKilledError
    from inference.media.render import render as burn_in

    with _working(lease) as held, media.workplace() as place:
        analysis = selectors.analysis(pk)
        timeline = selectors.timeline(analysis)
        assert timeline is not None
        video = analysis.recording.file(MediaFile.Kind.VIDEO)
        audio = analysis.recording.file(MediaFile.Kind.AUDIO)
        assert video is not None
        out = place / "labelled.mp4"
        try:
            burn_in(
                video.path,
                timeline,
                out,
                sound=audio.path if audio else None,
                on_progress=lambda share: held.progress(Stage.RENDER, share),
            )
        except FfmpegKilledError as error:
            raise error.refusal from error
        publish_video(lease, out)


@contextmanager
def _working(lease: Lease) -> Iterator[Held]:
    """Keep the lease while the block runs and write down how it ended, if it did not end well."""
    try:
        try:
            with Held(lease) as held:
                yield held
        except LeaseLostError:
            raise
        except InputError as error:
            lease.fail(error.code, error.message)
        except Exception:
            logger.exception("analysis %s broke off", lease.pk)
            _try_again(lease)
    except LeaseLostError:
        logger.info("analysis %s is no longer this worker's", lease.pk)


def _try_again(lease: Lease) -> None:
    attempt = Analysis.objects.filter(pk=lease.pk).values_list("attempt", flat=True).first() or 0
    if attempt >= settings.MAX_ATTEMPTS:
        lease.fail(INTERNAL_ERROR, broken(lease.pk, attempt))
        return
    lease.end(Analysis.Status.QUEUED, nudged_at=timezone.now())
    nudge(lease.pk)


def broken(pk: UUID, attempts: int) -> str:
    return (
        f"The analysis broke off {attempts} times, which is a fault of this installation and not of the recording. "
        f"Tell its operator this number: {pk}."
    )
