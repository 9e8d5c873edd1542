"""The labelled video of a long recording is rendered in pieces and joined; none is left when something ends."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from typing import Any

import av
import pytest
from django.utils import timezone

from inference.types import Stage
from tests.webapp import clips, storages
from tests.webapp.factories import RecordingFactory, a_timeline, published, with_files
from webapp.analyses import selectors, services, tasks
from webapp.analyses.execution.fair_scheduling import claim_next
from webapp.analyses.execution.lease import SPAN_RANGES, Lease, LeaseLostError
from webapp.analyses.execution.reaper import reap
from webapp.analyses.execution.span_lease import SpanLease
from webapp.analyses.models import Analysis, Artifact, Span
from webapp.operation import metric_collectors
from webapp.storage import media

Status = Analysis.Status
SECONDS, FPS, PIECES = 25, 5, 3


@pytest.fixture(autouse=True)
def _short_spans(settings: Any) -> None:
    settings.SPAN_SECONDS = 10


@pytest.fixture
def long(transactional_db: None) -> Callable[..., Analysis]:
    """An analysis whose labelled video waits to be rendered in pieces."""

    def long(video: bytes | None = None) -> Analysis:
        timeline = a_timeline("happy", "sad")
        first, last = timeline.segments
        segments = (replace(first, end_s=12.0), replace(last, start_s=12.0, end_s=SECONDS))
        timeline = replace(timeline, segments=segments, media=replace(timeline.media, duration_s=SECONDS))
        recording = RecordingFactory.create(duration_s=SECONDS)
        with_files(recording, video=video or clips.video(SECONDS, fps=FPS, keyframe_s=1))
        analysis = published(recording=recording, timeline=timeline)
        assert analysis.spans.count() == PIECES
        return analysis

    return long


def claimed(number: int) -> SpanLease:
    lease = claim_next(published=True)
    assert isinstance(lease, SpanLease) and lease.number == number
    return lease


def refreshed(analysis: Analysis) -> Analysis:
    analysis.refresh_from_db()
    return analysis


def stored(recording: object) -> set[str]:
    return {key for key in media.list_keys() if key.startswith(f"{media.RECORDINGS}/{recording}/")}


def frame_times(analysis: Analysis) -> list[float]:
    key = analysis.artifacts.get(kind=Artifact.Kind.VIDEO).key
    with media.local_file(key) as path, av.open(str(path)) as container:
        assert container.streams.audio
        return [frame.time or 0.0 for frame in container.decode(video=0)]


def assert_whole(analysis: Analysis) -> None:
    assert (refreshed(analysis).status, analysis.error_message) == (Status.SUCCEEDED, "")
    assert frame_times(analysis) == pytest.approx([number / FPS for number in range(SECONDS * FPS)])
    assert not Span.objects.exists()
    files = {file.key for file in analysis.recording.files.all()}
    assert stored(analysis.recording_id) == files | {artifact.key for artifact in analysis.artifacts.all()}


@pytest.fixture(params=["folder", "folder, sealed", "bucket, sealed"])
def place(request: Any, settings: Any) -> Iterator[None]:
    """Media are stored there; workers share nothing else."""
    kind = str(request.param)
    if kind.endswith("sealed"):
        settings.ENCRYPTION_KEYS = storages.KEYS
    with storages.server() if kind.startswith("bucket") else nullcontext() as server:
        if server is not None:
            storages.use_bucket(settings, server.bucket("recordings"))
        yield


@pytest.mark.slow
def test_pieces_are_rendered_and_joined(place: None, long: Callable[..., Analysis]) -> None:
    analysis = long()
    first, last = SPAN_RANGES[True]
    for number in range(PIECES):
        assert refreshed(analysis).progress == pytest.approx(first + (last - first) * number / PIECES)
        tasks.render(str(analysis.pk))
        assert analysis.spans.exclude(video="").count() == number + 1
    assert (refreshed(analysis).status, analysis.stage) == (Status.QUEUED, Stage.RENDER)
    tasks.render(str(analysis.pk))
    assert_whole(analysis)
    assert (analysis.attempt, analysis.progress) == (1, 1.0)
    assert analysis.artifacts.filter(kind=Artifact.Kind.CHAPTERS).exists()


@pytest.mark.slow
def test_a_video_with_too_few_keyframes_is_rendered_as_a_whole(long: Callable[..., Analysis]) -> None:
    analysis = long(clips.video(SECONDS, fps=FPS))
    tasks.render(str(analysis.pk))
    assert not analysis.spans.exists()
    assert refreshed(analysis).status == Status.QUEUED
    tasks.render(str(analysis.pk))
    assert_whole(analysis)


@pytest.mark.slow
def test_where_pieces_do_not_fit_together_the_whole_is_rendered(long: Callable[..., Analysis]) -> None:
    analysis = long()
    for _ in range(PIECES):
        tasks.render(str(analysis.pk))
    one, other = analysis.spans.order_by("number")[:2]
    Span.objects.filter(pk=other.pk).update(video=one.video)
    media.delete(str(other.video))
    tasks.render(str(analysis.pk))
    assert_whole(analysis)


@pytest.mark.parametrize("end", ["cancel", "erase", "fail", "lose"])
def test_when_the_analysis_ends_its_pieces_are_deleted(
    long: Callable[..., Analysis], settings: Any, queue: Any, end: str
) -> None:
    analysis = long(b"no video")
    first, second, third = (claimed(number) for number in range(PIECES))
    with media.scratch_dir() as place:
        (place / "piece.mp4").write_bytes(b"a piece")
        key = media.save(place / "piece.mp4", analysis.recording_id, ".mp4")
    first.publish(video=key)
    assert key in stored(analysis.recording_id)
    match end:
        case "cancel":
            assert services.cancel(analysis=analysis)
        case "erase":
            services.erase(recording=analysis.recording)
        case "fail":
            second.fail("too_costly", "Writing takes too much.")
        case "lose":
            past = timezone.now() - timedelta(seconds=settings.LEASE_SECONDS + 1)
            Span.objects.filter(number=1).update(heartbeat_at=past, attempt=settings.MAX_ATTEMPTS)
    reap()
    with pytest.raises(LeaseLostError):
        third.publish(video="too late")
    assert claim_next(published=True) is None
    assert not Span.objects.exists()
    assert key not in stored(analysis.recording_id)
    if end in ("fail", "lose"):
        assert refreshed(analysis).status == Status.FAILED
        assert selectors.timeline(analysis) is not None


def test_a_lost_worker_costs_its_piece_alone(long: Callable[..., Analysis], settings: Any, queue: Any) -> None:
    analysis = long(b"no video")
    assert queue.llen(settings.RENDER_QUEUE) == PIECES
    queue.delete(settings.RENDER_QUEUE)
    dead, alive = claimed(0), claimed(1)
    Span.objects.filter(number=0).update(heartbeat_at=timezone.now() - timedelta(seconds=settings.LEASE_SECONDS + 1))
    reap()
    assert queue.llen(settings.RENDER_QUEUE) == 2  # of this piece, and of the one that nobody has
    assert (refreshed(analysis).status, analysis.attempt) == (Status.RUNNING, 0)
    with pytest.raises(LeaseLostError):
        dead.publish(video="dead")
    alive.publish(video="alive")
    assert claimed(0).attempts() == 2


def test_the_last_piece_queues_the_analysis_to_be_joined_once(long: Callable[..., Analysis]) -> None:
    analysis = long(b"no video")
    leases = [claimed(number) for number in range(PIECES)]
    assert claim_next(published=True) is None
    for lease in reversed(leases):
        assert (refreshed(analysis).status, analysis.lease_token) == (Status.RUNNING, None)
        lease.publish(video="a key")
    assert type(claim_next(published=True)) is Lease
    assert (refreshed(analysis).stage, analysis.progress) == (Stage.RENDER, SPAN_RANGES[True][1])
    assert claim_next(published=True) is None


def test_spans_that_are_given_up_are_one_step(long: Callable[..., Analysis], settings: Any, queue: Any) -> None:
    analysis = long(b"no video")
    first, second = claimed(0), claimed(1)
    queue.delete(settings.RENDER_QUEUE)
    second.give_up_spans()
    with pytest.raises(LeaseLostError):
        first.publish(video="too late")
    assert queue.llen(settings.RENDER_QUEUE) == 1
    assert type(claim_next(published=True)) is Lease
    assert refreshed(analysis).attempt == 1


def test_pieces_that_wait_are_measured(long: Callable[..., Analysis]) -> None:
    long(b"no video")
    claimed(0)
    found = {
        (metric.name, sample.labels.get("step")): sample.value
        for metric in metric_collectors.collect()
        for sample in metric.samples
    }
    assert found["emotrace_queue_length", "render"] == PIECES - 1
    assert found["emotrace_queue_media_seconds", "render"] == pytest.approx(SECONDS * (PIECES - 1) / PIECES)
    assert found["emotrace_queue_length", "read"] == 0
