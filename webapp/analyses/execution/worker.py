"""The two steps of an analysis as a worker runs them: prediction and rendering."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from structlog.contextvars import bound_contextvars

from inference import store
from inference.errors import Code, InputError
from webapp.analyses import selectors
from webapp.analyses.execution import gpu_metrics
from webapp.analyses.execution.fair_scheduling import claim_next
from webapp.analyses.execution.lease import (
    INTERNAL_ERROR,
    POLL_SECONDS,
    Lease,
    LeaseKeeper,
    LeaseLostError,
    stopping,
)
from webapp.analyses.execution.publishing import publish_timeline
from webapp.analyses.execution.render_steps import render_span, render_video
from webapp.analyses.execution.span_lease import SpanLease
from webapp.analyses.execution.span_steps import merge_spans, read_span
from webapp.core import faults
from webapp.core.errors import RequestError, WebCode
from webapp.observability.metrics import ATTEMPTS, REAL_TIME_FACTOR

logger = logging.getLogger(__name__)


def analyse_next() -> None:
    """Analyse the recording whose turn it is and publish its timeline."""
    # Only these workers import torch, and before the lease, because the import can delay heartbeats.
    from inference.pipeline import analyse

    lease = claim_next(published=False)
    if lease is None:
        return
    with _attempt(lease, "read") as keeper:
        analysis = selectors.analysis_for_worker(lease.pk)
        model = f"{analysis.model_name}@{analysis.model_version}"
        _require_unchanged_model(model, analysis.model_sha256)
        if isinstance(lease, SpanLease):
            read_span(lease, analysis, model, keeper.progress)
        elif analysis.spans.exists():
            publish_timeline(lease, merge_spans(analysis, model, keeper.progress))
        else:
            with analysis.recording.inputs() as inputs:
                timeline = analyse(inputs, model=model, limits=settings.LIMITS, on_progress=keeper.progress)
            publish_timeline(lease, timeline)
    gpu_metrics.record()


def _require_unchanged_model(model: str, sha256: str) -> None:
    """Raises StoreError if the model was removed or changed since the analysis was queued."""
    try:
        spec = store.get(model)
    except InputError as error:
        raise store.StoreError(f"{model} is not in the store any more") from error
    if spec.used.sha256 != sha256:
        raise store.StoreError(f"{model} has other weights than when the analysis was asked for")


def render_next() -> None:
    """Render the labelled video, or a piece of it, of the analysis whose turn it is."""
    lease = claim_next(published=True)
    if lease is None:
        return
    from inference.media.ffmpeg import FfmpegKilledError

    with _attempt(lease, "render") as keeper:
        analysis = selectors.analysis_for_worker(lease.pk)
        timeline = selectors.timeline(analysis)
        assert timeline is not None
        try:
            if isinstance(lease, SpanLease):
                render_span(lease, analysis, timeline, keeper.progress)
            else:
                render_video(lease, analysis, timeline, keeper.progress)
        except FfmpegKilledError as error:
            raise error.refusal from error


@contextmanager
def _attempt(lease: Lease, step: str) -> Iterator[LeaseKeeper]:
    """Keep the lease while the block runs, and record a failure."""
    with bound_contextvars(analysis=str(lease.pk)):
        outcome, started = "done", time.monotonic()
        try:
            try:
                with LeaseKeeper(lease) as keeper:
                    yield keeper
                _record_speed(lease, step, time.monotonic() - started)
            except LeaseLostError:
                raise
            except Exception as error:
                outcome = handle_failure(lease, error)
        except LeaseLostError:
            outcome = "lost"
            logger.info("analysis %s is no longer this worker's", lease.pk)
        ATTEMPTS.labels(step=step, outcome=outcome).inc()


def _record_speed(lease: Lease, step: str, seconds: float) -> None:
    if length := lease.media_seconds():
        REAL_TIME_FACTOR.labels(step=step).observe(seconds / length)


def handle_failure(lease: Lease, error: Exception) -> str:
    """Fail, retry or defer the analysis; returns the outcome for the metrics."""
    if isinstance(error, InputError):
        # A crashed sandbox may be due to a machine that was short of memory.
        if error.code in (Code.READER_CRASHED, Code.TOO_COSTLY):
            _retry(lease, error.code, error.message)
        else:
            lease.fail(error.code, error.message)
        return "refused"
    if isinstance(error, RequestError) and error.code is WebCode.MEDIA_DAMAGED:
        logger.error("analysis %s: %s", lease.pk, error)
        lease.fail(error.code, error.message)
        return "refused"
    if fault := faults.installation_fault(error):
        logger.error("analysis %s waits until the installation is repaired: %s", lease.pk, fault.code, exc_info=error)
        _defer(lease, fault)
        return "put_off"
    logger.exception("analysis %s failed unexpectedly", lease.pk)
    _retry(lease, INTERNAL_ERROR, failure_message(lease.pk, settings.MAX_ATTEMPTS))
    return "broken"


def _defer(lease: Lease, fault: RequestError) -> None:
    """Defer the analysis; raises OperationalError if the database stays away for a whole lease period."""
    deadline = time.monotonic() + settings.LEASE_SECONDS
    while True:
        try:
            lease.defer(fault.code, fault.message)
        except (InterfaceError, OperationalError):
            if time.monotonic() > deadline or stopping.is_set():
                raise
            connection.close()
            time.sleep(POLL_SECONDS)
        else:
            return


def _retry(lease: Lease, code: str, message: str) -> None:
    """Queue the analysis again, or fail it after the last attempt."""
    if lease.attempts() >= settings.MAX_ATTEMPTS:
        lease.fail(code, message)
    else:
        lease.retry()


def failure_message(pk: UUID, attempts: int) -> str:
    """What the owner is told after the last attempt."""
    return (
        f"The analysis broke off {attempts} times, which is a fault of this installation and not of the recording. "
        f"Tell its operator this number: {pk}."
    )
