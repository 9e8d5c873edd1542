"""What nobody looks after is found: dead workers, lost messages, files without a row."""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.conftest import Start
from tests.integration.processes import eventually
from tests.webapp import clips
from tests.webapp.factories import (
    AnalysisFactory,
    RecordingFactory,
    a_timeline,
    claimed,
    finished,
    published,
    silent_for,
    with_files,
)
from webapp.analyses import events
from webapp.analyses.lease import LeaseLostError
from webapp.analyses.models import Analysis, Segment
from webapp.analyses.publish import publish_timeline
from webapp.analyses.reaper import ORPHAN_SECONDS, reap, sweep

Status = Analysis.Status


@pytest.fixture
def queue(settings: Any) -> Any:
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.delete(settings.INFERENCE_QUEUE, settings.RENDER_QUEUE)
    yield client
    client.delete(settings.INFERENCE_QUEUE, settings.RENDER_QUEUE)


def dead(analysis: Analysis, settings: Any) -> Any:
    """Claimed by a worker of which nothing was heard for longer than its lease."""
    lease = claimed(analysis, published=analysis.timeline_at is not None)
    analysis.refresh_from_db()
    silent_for(analysis, settings.LEASE_SECONDS + 1)
    return lease


def test_what_lost_its_worker_is_queued_again(db: None, settings: Any, queue: Any) -> None:
    analysis = AnalysisFactory.create()
    lease = dead(analysis, settings)
    reap()
    analysis.refresh_from_db()
    assert (analysis.status, analysis.attempt, analysis.lease_token) == (Status.QUEUED, 1, None)
    assert queue.llen(settings.INFERENCE_QUEUE) == 1
    with pytest.raises(LeaseLostError):
        publish_timeline(lease, a_timeline("happy"))
    claimed(analysis)
    analysis.refresh_from_db()
    assert analysis.attempt == 2


def test_what_was_heard_of_before_the_clock_was_set_back_is_queued_again(db: None, settings: Any, queue: Any) -> None:
    analysis = AnalysisFactory.create()
    claimed(analysis)
    analysis.refresh_from_db()
    silent_for(analysis, -3600)
    reap()
    analysis.refresh_from_db()
    assert analysis.status == Status.QUEUED


def test_it_goes_on_with_the_step_that_is_not_published(db: None, settings: Any, queue: Any) -> None:
    analysis = published("happy", "sad")
    dead(analysis, settings)
    reap()
    assert (queue.llen(settings.INFERENCE_QUEUE), queue.llen(settings.RENDER_QUEUE)) == (0, 1)
    assert Segment.objects.count() == 2
    claimed(analysis, published=True)


def test_what_shows_life_is_left_alone(db: None, settings: Any, queue: Any) -> None:
    analysis = AnalysisFactory.create()
    lease = claimed(analysis)
    analysis.refresh_from_db()
    silent_for(analysis, settings.LEASE_SECONDS - 5)
    reap()
    publish_timeline(lease, a_timeline("happy"))


def test_after_three_attempts_it_fails_with_a_reason(db: None, settings: Any, queue: Any) -> None:
    analysis = AnalysisFactory.create()
    for _ in range(3):
        assert analysis.status == Status.QUEUED
        dead(analysis, settings)
        reap()
        analysis.refresh_from_db()
    assert (analysis.status, analysis.attempt, analysis.error_code) == (Status.FAILED, 3, "worker_lost")
    assert "lost 3 times" in analysis.error_message
    assert analysis.finished_at is not None
    reap()
    analysis.refresh_from_db()
    assert analysis.status == Status.FAILED


def test_what_lapses_after_its_last_attempt_meanwhile_is_not_tried_again(
    db: None, settings: Any, queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = AnalysisFactory.create(), AnalysisFactory.create()
    dead(first, settings)
    claimed(second)
    second.refresh_from_db()
    Analysis.objects.update(attempt=settings.MAX_ATTEMPTS)
    monkeypatch.setattr(events, "tell_of_analysis", lambda *_: silent_for(second, settings.LEASE_SECONDS + 1))
    reap()
    assert queue.llen(settings.INFERENCE_QUEUE) == 0
    reap()
    assert set(Analysis.objects.values_list("status", "attempt")) == {(Status.FAILED, settings.MAX_ATTEMPTS)}


def test_a_lost_message_is_sent_again(db: None, settings: Any, queue: Any) -> None:
    analysis = AnalysisFactory.create()
    silent_for(analysis, 2 * settings.LEASE_SECONDS + 1)
    reap()
    assert queue.llen(settings.INFERENCE_QUEUE) == 1
    reap()
    assert queue.llen(settings.INFERENCE_QUEUE) == 1


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.FAILED, Status.CANCELLED])
def test_what_is_over_is_left_alone(db: None, settings: Any, queue: Any, status: Status) -> None:
    analysis = AnalysisFactory.create(status=status)
    silent_for(analysis, 10_000)
    reap()
    analysis.refresh_from_db()
    assert analysis.status == status
    assert queue.llen(settings.INFERENCE_QUEUE) == 0


def aged(path: Path) -> None:
    old = time.time() - ORPHAN_SECONDS - 60
    for each in (*path.rglob("*"), path):
        os.utime(each, (old, old))


def test_files_without_a_row_are_swept_up(db: None, media_root: Path) -> None:
    analysis = finished("happy")
    with_files(analysis.recording, video=b"sent")
    wanted = sorted(clips.everything_in(media_root))
    folder = wanted[0].parent
    (folder / "left.mp4").write_bytes(b"made and never published")
    gone = media_root / "recordings" / "00000000-0000-0000-0000-000000000000"
    gone.mkdir()
    (gone / "video.mp4").write_bytes(b"of a recording that is erased")
    (media_root / "incoming" / "half").mkdir()
    (media_root / "incoming" / "half" / "video.mp4").write_bytes(b"half received")
    sweep()
    assert len(clips.everything_in(media_root)) == 5
    aged(media_root)
    sweep()
    assert sorted(clips.everything_in(media_root)) == wanted
    aged(media_root)
    sweep()
    assert not gone.exists()
    assert list((media_root / "incoming").iterdir()) == []


def test_nothing_to_sweep_is_no_error(db: None) -> None:
    RecordingFactory.create()
    sweep()


def test_the_command_reaps_until_it_is_told_to_end(process: Start, settings: Any) -> None:
    analysis = AnalysisFactory.create()
    dead(analysis, settings)
    reaper = process("reaper")

    def queued() -> bool:
        return Analysis.objects.get().status == Status.QUEUED

    assert eventually(queued)
    reaper.send_signal(signal.SIGTERM)
    try:
        assert reaper.wait(30) == 0
    except subprocess.TimeoutExpired:
        pytest.fail("the reaper went on after SIGTERM")
