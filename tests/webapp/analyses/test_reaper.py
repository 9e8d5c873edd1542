"""What nobody looks after is found: dead workers, lost messages, files without a row."""

import errno
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

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
from webapp.analyses import events, services
from webapp.analyses.execution.lease import LeaseLostError
from webapp.analyses.execution.publishing import publish_timeline
from webapp.analyses.execution.reaper import ORPHAN_SECONDS, reap, reaping, sweep
from webapp.analyses.management.commands import reap as command
from webapp.analyses.models import Analysis, Segment
from webapp.observability import metrics
from webapp.storage import media

Status = Analysis.Status


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
    monkeypatch.setattr(events, "emit_analysis_event", lambda *_: silent_for(second, settings.LEASE_SECONDS + 1))
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


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of files that the system does not remove."""
    names: set[str] = set()

    def refusing(really: Callable[..., None]) -> Callable[..., None]:
        def remove(path: Any, *more: Any, **options: Any) -> None:
            if Path(path).name in names:
                raise OSError(errno.EROFS, "Read-only file system", str(path))
            really(path, *more, **options)

        return remove

    for name in ("unlink", "remove", "rmdir"):
        monkeypatch.setattr(os, name, refusing(getattr(os, name)))
    return names


def left_behind() -> float:
    found = [
        sample.value
        for family in metrics.REGISTRY.collect()
        for sample in family.samples
        if "left_behind" in sample.name
    ]
    return sum(found)


def test_what_cannot_be_erased_is_told_and_tried_again(
    transactional_db: None, media_root: Path, stuck: set[str], caplog: pytest.LogCaptureFixture
) -> None:
    recording = finished("happy").recording
    with_files(recording, video=b"sent")
    kept = recording.files.get().key
    other = finished("sad").recording
    stuck.add(Path(kept).name)
    pk = recording.pk
    before = left_behind()
    services.erase(recording=recording)
    assert [path.name for path in (media_root / "recordings" / str(pk)).iterdir()] == [*stuck]
    assert f"recordings/{pk} is orphaned and cannot be removed" in caplog.text
    assert left_behind() == before + 1

    services.erase(recording=other)
    gone = media_root / "recordings" / "00000000-0000-0000-0000-000000000000"
    gone.mkdir()
    (gone / "video.mp4").write_bytes(b"of a recording that is erased")
    (media_root / "incoming" / "half").mkdir()
    aged(media_root)
    caplog.clear()
    sweep()
    assert [path.name for path in clips.everything_in(media_root)] == [*stuck]
    assert f"{kept} is orphaned and cannot be removed" in caplog.text
    assert left_behind() == before + 2

    stuck.clear()
    sweep()
    assert clips.everything_in(media_root) == []
    assert f"removed {kept}" in caplog.text


def test_what_cannot_be_erased_keeps_nobody_from_a_workplace(media_root: Path, stuck: set[str]) -> None:
    place = media_root / "incoming" / "abandoned"
    place.mkdir()
    upload = media_root / "incoming" / "tmp1.upload.mp4"  # of a request that was broken off
    for path in (place / media.LOCK_FILE, place / "half.mp4", upload):
        path.touch()
        stuck.add(path.name)
    aged(media_root)
    with media.scratch_dir() as other:
        assert other.exists()
    assert upload.exists() and (place / "half.mp4").exists()
    stuck.clear()


@pytest.mark.parametrize("step", ["spent", "again"])
def test_a_row_that_raises_stops_no_round(
    db: None, settings: Any, queue: Any, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    first, second = AnalysisFactory.create(), AnalysisFactory.create()
    for each in (first, second):
        dead(each, settings)
        silent_for(each, 2 * settings.LEASE_SECONDS + 1)
    if step == "spent":
        Analysis.objects.update(attempt=settings.MAX_ATTEMPTS)
    seen, rounds = [], []

    def fail_once(*about: Any) -> None:
        seen.append(about)
        if len(seen) == 1:
            raise ZeroDivisionError

    monkeypatch.setattr(events, "emit_analysis_event", fail_once)
    monkeypatch.setattr("webapp.analyses.execution.lease.redispatch", fail_once)
    reaping.connect(listener := lambda **_: rounds.append(1))
    reap()
    reaping.disconnect(listener)
    assert len(seen) == 2 and rounds == [1]
    if step == "spent":
        assert list(Analysis.objects.values_list("status", flat=True).order_by("status")) == ["failed", "running"]
        reap()
        assert set(Analysis.objects.values_list("status", flat=True)) == {Status.FAILED}


def test_a_listener_that_raises_stops_no_round(db: None, queue: Any) -> None:
    def fail(**_: Any) -> None:
        raise ZeroDivisionError

    reaping.connect(fail)
    reap()
    reaping.disconnect(fail)


@pytest.mark.parametrize("part", ["reap", "sweep", "erase_expired"])
def test_the_command_outlives_whatever_raises(db: None, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    done: list[str] = []

    def step(name: str) -> Any:
        def run() -> int:
            done.append(name)
            if name == part:
                raise OSError(errno.EIO, "Input/output error")
            return 0

        return run

    for name in ("reap", "sweep", "erase_expired"):
        monkeypatch.setattr(command, name, step(name))

    def pause(_: float) -> None:
        if done.count("reap") == 2:
            raise SystemExit

    monkeypatch.setattr(time, "sleep", pause)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit):
        call_command("reap", every=0)
    assert {"reap", "sweep", "erase_expired"} == set(done)
    assert done.count(part) == 2


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
