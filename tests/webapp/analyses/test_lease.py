"""One worker at a time: claiming, showing that one is alive, losing a lease, giving it back."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from inference.types import UNDETERMINED, Stage
from tests.webapp import clips
from tests.webapp.factories import AnalysisFactory, a_timeline, claimed, finished, published, silent_for
from webapp.analyses import selectors, services
from webapp.analyses.execution import lease as leases
from webapp.analyses.execution.lease import LeaseKeeper, LeaseLostError, claim
from webapp.analyses.execution.publishing import publish_timeline, publish_video
from webapp.analyses.models import Analysis, Artifact, Segment, WindowScore
from webapp.storage import media

Status = Analysis.Status


@pytest.fixture
def analysis(db: None) -> Analysis:
    return AnalysisFactory.create()


@pytest.fixture
def video(media_root: Path) -> Iterator[Path]:
    with media.scratch_dir() as place:
        path = place / "labelled.mp4"
        path.write_bytes(b"a labelled video")
        yield path


def eventually(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 180
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return true()


def test_a_claim_starts_the_work(analysis: Analysis) -> None:
    lease = claimed(analysis)
    analysis.refresh_from_db()
    assert (analysis.status, analysis.stage, analysis.attempt) == (Status.RUNNING, Stage.PROBE, 1)
    assert analysis.lease_token == lease.token
    assert analysis.heartbeat_at is not None and analysis.started_at is not None


def test_a_second_claim_gets_nothing(analysis: Analysis) -> None:
    claimed(analysis)
    assert claim(analysis.pk, published=False) is None
    analysis.refresh_from_db()
    assert analysis.attempt == 1


@pytest.mark.usefixtures("transactional_db")
def test_of_many_claims_at_once_one_succeeds() -> None:
    analysis = AnalysisFactory.create()
    together, found = threading.Barrier(6), []

    def attempt() -> None:
        together.wait()
        found.append(claim(analysis.pk, published=False))
        connection.close()

    threads = [threading.Thread(target=attempt) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([lease for lease in found if lease is not None]) == 1


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.FAILED, Status.CANCELLED])
def test_what_is_over_cannot_be_claimed(db: None, status: Status) -> None:
    analysis = AnalysisFactory.create(status=status)
    assert claim(analysis.pk, published=False) is None


def test_rendering_cannot_be_claimed_before_the_timeline(analysis: Analysis) -> None:
    assert claim(analysis.pk, published=True) is None


def test_reading_cannot_be_claimed_after_the_timeline(db: None) -> None:
    assert claim(published("happy").pk, published=False) is None


def test_what_was_erased_cannot_be_claimed(analysis: Analysis) -> None:
    services.erase(recording=analysis.recording)
    assert claim(analysis.pk, published=False) is None


def test_a_published_timeline_can_be_read_back(analysis: Analysis) -> None:
    timeline = a_timeline("happy", UNDETERMINED, "sad", "happy")
    publish_timeline(claimed(analysis), timeline)
    analysis.refresh_from_db()
    assert selectors.timeline(analysis) == timeline
    assert (analysis.status, analysis.attempt, analysis.lease_token) == (Status.QUEUED, 0, None)
    assert analysis.timeline_at is not None
    share = {"neutral": 0.0, "happy": 0.5, "sad": 0.25, UNDETERMINED: 0.25}
    mean = {"happy": 0.567, "neutral": 0.1, "sad": 0.333}  # of the determined time
    assert analysis.summary is not None
    given = {name: analysis.summary[name] for name in ("label", "share", "mean_probability", "audio_video")}
    assert given == {"label": "happy", "share": share, "mean_probability": mean, "audio_video": None}
    assert list(analysis.summary["share"]) == list(share)


def test_rendering_is_part_of_the_same_attempt(db: None) -> None:
    assert finished("happy").attempt == 1


def test_a_labelled_video_ends_the_analysis(db: None, video: Path) -> None:
    analysis = published("happy")
    publish_video(claimed(analysis, published=True), video)
    analysis.refresh_from_db()
    assert (analysis.status, analysis.progress, analysis.lease_token) == (Status.SUCCEEDED, 1.0, None)
    assert analysis.finished_at is not None
    artifact = analysis.artifacts.get()
    assert artifact.file.read() == b"a labelled video"
    assert artifact.bytes == 16
    assert not video.exists()


def taken_by_another(analysis: Analysis) -> None:
    Analysis.objects.filter(pk=analysis.pk).update(status=Status.QUEUED, lease_token=None)
    claimed(analysis, published=analysis.timeline_at is not None)


def cancelled(analysis: Analysis) -> None:
    assert services.cancel(analysis=analysis)


LOSSES = [taken_by_another, cancelled]


@pytest.mark.parametrize("lose", LOSSES)
def test_a_lost_lease_publishes_no_timeline(analysis: Analysis, lose: Callable[[Analysis], None]) -> None:
    lease = claimed(analysis)
    lose(analysis)
    before = Analysis.objects.values().get(pk=analysis.pk)
    with pytest.raises(LeaseLostError):
        publish_timeline(lease, a_timeline("happy"))
    assert Analysis.objects.values().get(pk=analysis.pk) == before
    assert not Segment.objects.exists()
    assert not WindowScore.objects.exists()


@pytest.mark.parametrize("lose", LOSSES)
def test_a_lost_lease_publishes_no_video(
    db: None, lose: Callable[[Analysis], None], video: Path, media_root: Path
) -> None:
    analysis = published("happy")
    lease = claimed(analysis, published=True)
    lose(analysis)
    before = Analysis.objects.values().get(pk=analysis.pk)
    with pytest.raises(LeaseLostError):
        publish_video(lease, video)
    assert Analysis.objects.values().get(pk=analysis.pk) == before
    assert not Artifact.objects.exists()
    assert clips.everything_in(media_root) == [video.with_name(media.LOCK_FILE)]


@pytest.mark.parametrize("lose", LOSSES)
@pytest.mark.parametrize("write", [lambda lease: lease.fail("not_a_video", "No."), lambda lease: lease.release()])
def test_a_lost_lease_writes_no_end(
    analysis: Analysis, lose: Callable[[Analysis], None], write: Callable[[Any], None]
) -> None:
    lease = claimed(analysis)
    lose(analysis)
    before = Analysis.objects.values().get(pk=analysis.pk)
    with pytest.raises(LeaseLostError):
        write(lease)
    assert Analysis.objects.values().get(pk=analysis.pk) == before


def test_a_lost_lease_stops_the_work_at_its_next_step(analysis: Analysis) -> None:
    held = LeaseKeeper(claimed(analysis))
    cancelled(analysis)
    with pytest.raises(LeaseLostError):
        held.progress(Stage.SAMPLE, 0.5)


def test_progress_is_told_as_a_share_of_the_whole(analysis: Analysis) -> None:
    lease, told = claimed(analysis), []
    for stage in Stage:
        for share in (0.0, 0.5, 1.0):
            LeaseKeeper(lease).progress(stage, share)
            told.append(Analysis.objects.values_list("progress", flat=True).get())
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)


def test_progress_is_not_written_at_every_frame(analysis: Analysis, django_assert_num_queries: Any) -> None:
    held = LeaseKeeper(claimed(analysis))
    with django_assert_num_queries(2):
        for index in range(100):
            held.progress(Stage.SAMPLE, index / 100)
        held.progress(Stage.SCORE, 0.0)


def test_a_result_is_never_there_twice(analysis: Analysis) -> None:
    publish_timeline(claimed(analysis), a_timeline("happy", "sad"))
    # As an operator would, to have it read anew.
    Analysis.objects.update(timeline_at=None)
    publish_timeline(claimed(analysis), a_timeline("sad"))
    assert [segment.label for segment in Segment.objects.all()] == ["sad"]
    assert WindowScore.objects.count() == 1


@pytest.mark.usefixtures("transactional_db")
class TestHeld:
    """With a heartbeat from a thread of its own, on its own connection."""

    def test_a_silent_stage_stays_alive(self, settings: Any) -> None:
        settings.HEARTBEAT_SECONDS = 0
        analysis = AnalysisFactory.create()
        lease = claimed(analysis)
        analysis.refresh_from_db()
        silent_for(analysis, 1000)
        started = timezone.now()
        with LeaseKeeper(lease):
            assert eventually(Analysis.objects.filter(heartbeat_at__gt=started).exists)

    def test_a_cancelled_analysis_is_noticed_without_progress(self, settings: Any) -> None:
        settings.HEARTBEAT_SECONDS = 0
        analysis = AnalysisFactory.create()
        with LeaseKeeper(claimed(analysis)) as held:
            cancelled(analysis)
            assert eventually(held._lost.is_set)
            with pytest.raises(LeaseLostError):
                held.progress(Stage.SAMPLE, 0.5)

    def test_a_worker_that_has_to_end_gives_back_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(leases, "stopping", threading.Event())
        analysis = AnalysisFactory.create()
        with LeaseKeeper(claimed(analysis)) as held:
            leases.stopping.set()
            assert eventually(lambda: Analysis.objects.get().status == Status.QUEUED)
            assert eventually(held._lost.is_set)
            with pytest.raises(LeaseLostError):
                held.progress(Stage.SAMPLE, 0.5)
        assert Analysis.objects.get().attempt == 0
        assert claim(analysis.pk, published=False) is not None

    def test_a_connection_that_breaks_stops_no_work(self) -> None:
        analysis = AnalysisFactory.create()
        with LeaseKeeper(claimed(analysis)) as held:
            with pytest.raises(OperationalError), connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            held.progress(Stage.SAMPLE, 0.0)
            held.progress(Stage.SCORE, 0.0)
        assert Analysis.objects.get().stage == Stage.SCORE

    def test_nothing_beats_after_the_end(self, settings: Any) -> None:
        settings.HEARTBEAT_SECONDS = 0
        with LeaseKeeper(claimed(AnalysisFactory.create())) as held:
            pass
        assert not held._thread.is_alive()
