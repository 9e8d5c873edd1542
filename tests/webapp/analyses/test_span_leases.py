"""The spans of a long recording: who reads which, what becomes of them when something ends."""

import shutil
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.utils import timezone

from inference import store
from inference.sound_survey import SoundSurvey
from inference.types import Inputs, Limits, Stage
from inference.validation import check_inputs
from inference.voice_activity import VoiceActivity
from tests.inference.sounds import SAMPLES
from tests.webapp.factories import AnalysisFactory, RecordingFactory, UserFactory, a_timeline, with_files
from webapp.accounts.models import User
from webapp.analyses import events, selectors, services, tasks
from webapp.analyses.execution.fair_scheduling import claim_next
from webapp.analyses.execution.lease import SPAN_RANGES, Lease, LeaseLostError
from webapp.analyses.execution.publishing import publish_timeline
from webapp.analyses.execution.reaper import reap
from webapp.analyses.execution.span_lease import SpanLease
from webapp.analyses.execution.span_steps import divide_prediction, share_survey
from webapp.analyses.models import Analysis, Span
from webapp.operation import metric_collectors
from webapp.recordings.models import MediaFile

Status = Analysis.Status
KEY = bytes(range(32))
READ_SHARE = SPAN_RANGES[False][1]


def long(count: int, owner: User | None = None) -> Analysis:
    """An analysis that is read in so many spans."""
    recording = RecordingFactory.create(owner=owner or UserFactory.create())
    analysis = AnalysisFactory.create(recording=recording)
    Span.objects.bulk_create(Span(analysis=analysis, number=number) for number in range(count))
    return analysis


def claimed(number: int) -> SpanLease:
    lease = claim_next(published=False)
    assert isinstance(lease, SpanLease) and lease.number == number
    return lease


def refreshed(analysis: Analysis) -> Analysis:
    analysis.refresh_from_db()
    return analysis


def lost(settings: Any, number: int = 0) -> None:
    """As if nothing had been heard of the span's worker for longer than its lease."""
    past = timezone.now() - timedelta(seconds=settings.LEASE_SECONDS + 1)
    assert Span.objects.filter(number=number).exclude(lease_token=None).update(heartbeat_at=past)


@pytest.mark.parametrize(
    ("duration_s", "span_s", "eeg", "spans"),
    [(25.0, 10, False, 3), (25.0, 0, False, 0), (25.0, 25, False, 0), (25.0, 10, True, 0)],
)
def test_long_recordings_are_divided(
    db: None, settings: Any, duration_s: float, span_s: float, eeg: bool, spans: int
) -> None:
    settings.SPAN_SECONDS = span_s
    analysis = AnalysisFactory.create(recording=RecordingFactory.create(duration_s=duration_s, has_eeg=eeg))
    steps = divide_prediction(analysis, store.resolve(None, with_eeg=eeg))
    numbers = list(analysis.spans.order_by("number").values_list("number", flat=True))
    assert (steps, numbers) == (max(1, spans), list(range(spans)))


@pytest.mark.django_db(transaction=True)
def test_a_message_is_sent_for_each_span(settings: Any, queue: Any) -> None:
    settings.SPAN_SECONDS = 10
    services.rerun(recording=RecordingFactory.create(duration_s=25.0))
    assert queue.llen(settings.INFERENCE_QUEUE) == 3
    queue.delete(settings.INFERENCE_QUEUE)
    claimed(0)
    reap()
    assert queue.llen(settings.INFERENCE_QUEUE) == 2  # after the queue was lost


def test_the_last_span_queues_the_analysis_to_be_merged_once(db: None) -> None:
    analysis = long(2)
    first, second = claimed(0), claimed(1)
    assert claim_next(published=False) is None
    assert (refreshed(analysis).status, analysis.attempt) == (Status.RUNNING, 0)
    second.publish(reading=b"second")
    assert claim_next(published=False) is None
    first.publish(reading=b"first")
    assert refreshed(analysis).status == Status.QUEUED
    lease = claim_next(published=False)
    assert type(lease) is Lease
    assert (refreshed(analysis).stage, analysis.progress, analysis.attempt) == (Stage.TIMELINE, READ_SHARE, 1)
    assert claim_next(published=False) is None
    publish_timeline(lease, a_timeline("happy"))
    assert not Span.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_read_each_span_once() -> None:
    owner = UserFactory.create()
    long(5, owner), long(4, owner)
    start, got, merges = threading.Barrier(6), [], []

    def work() -> None:
        start.wait()
        while lease := claim_next(published=False):
            if isinstance(lease, SpanLease):
                got.append((lease.pk, lease.number))
                lease.publish(reading=b"")
            else:
                merges.append(lease.pk)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == len(set(got)) == 9
    assert sorted(merges) == sorted(Analysis.objects.values_list("pk", flat=True))


def test_an_hour_of_one_user_does_not_hold_up_the_clip_of_another(db: None) -> None:
    hour = long(6)
    claimed(0).publish(reading=b"")
    clip = AnalysisFactory.create(recording=RecordingFactory.create(owner=UserFactory.create()))
    found = claim_next(published=False)
    assert found is not None and found.pk == clip.pk
    assert claimed(1).pk == hour.pk


def test_progress_is_that_of_all_spans(db: None) -> None:
    analysis = long(2)
    first, second = claimed(0), claimed(1)
    first.report(Stage.SCORE, READ_SHARE)
    second.report(Stage.SAMPLE, READ_SHARE / 2)
    assert refreshed(analysis).progress == pytest.approx(0.75 * READ_SHARE)
    first.publish(reading=b"")
    second.release()
    claimed(1).report(Stage.SAMPLE, 0.0)
    assert refreshed(analysis).progress == pytest.approx(0.5 * READ_SHARE)


def test_what_waits_of_a_long_recording_is_measured(db: None) -> None:
    analysis = long(4)

    def waiting() -> tuple[float, float]:
        found = {
            (metric.name, sample.labels.get("step")): sample.value
            for metric in metric_collectors.collect()
            for sample in metric.samples
        }
        return found["emotrace_queue_length", "read"], found["emotrace_queue_media_seconds", "read"]

    length_s = analysis.recording.duration_s
    assert waiting() == (4, length_s)
    first, *rest = (claimed(number) for number in range(4))
    first.release()
    assert waiting() == (1, length_s / 4)
    for lease in (claimed(0), *rest):
        lease.publish(reading=b"")
    assert waiting() == (1, 0)


@pytest.mark.parametrize("end", ["cancel", "erase", "fail"])
def test_when_the_analysis_ends_its_spans_are_nobodys(db: None, end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told = list[str]()
    monkeypatch.setattr(events, "emit_analysis_event", lambda event, pk: told.append(event))
    analysis = long(3)
    first, second = claimed(0), claimed(1)
    if end == "cancel":
        assert services.cancel(analysis=analysis)
    elif end == "erase":
        services.erase(recording=analysis.recording)
    else:
        second.fail("reader_crashed", "The recording cannot be read.")
        assert (refreshed(analysis).status, analysis.error_code) == (Status.FAILED, "reader_crashed")
        assert told == [events.EventType.FAILED]
    for write in (lambda: first.report(Stage.SCORE, 0.1), lambda: first.publish(reading=b""), first.defer, first.retry):
        with pytest.raises(LeaseLostError):
            write()
    with pytest.raises(LeaseLostError):
        first.fail("internal_error", "Too late.")
    assert claim_next(published=False) is None
    reap()
    assert not Span.objects.exists()


def test_a_lost_worker_costs_its_span_alone(db: None, settings: Any, queue: Any) -> None:
    analysis = long(2)
    dead, alive = claimed(0), claimed(1)
    lost(settings)
    reap()
    assert queue.llen(settings.INFERENCE_QUEUE) == 1
    assert (refreshed(analysis).status, analysis.attempt) == (Status.RUNNING, 0)
    with pytest.raises(LeaseLostError):
        dead.publish(reading=b"")
    alive.publish(reading=b"")
    assert claimed(0).attempts() == 2


def test_a_span_whose_workers_are_lost_three_times_fails_the_analysis(db: None, settings: Any, queue: Any) -> None:
    analysis = long(2)
    for attempt in (1, 2, 3):
        assert claimed(0).attempts() == attempt
        lost(settings)
        reap()
    assert (refreshed(analysis).status, analysis.error_code) == (Status.FAILED, "worker_lost")
    assert not Span.objects.exists()


def test_the_merge_of_a_lost_worker_is_done_again(db: None, settings: Any, queue: Any) -> None:
    analysis = long(1)
    claimed(0).publish(reading=b"")
    assert claim_next(published=False)
    past = timezone.now() - timedelta(seconds=settings.LEASE_SECONDS + 1)
    Analysis.objects.update(heartbeat_at=past)
    reap()
    assert refreshed(analysis).status == Status.QUEUED
    assert type(claim_next(published=False)) is Lease


def test_only_the_first_of_the_spans_that_are_read_surveys_the_sound(db: None, settings: Any, queue: Any) -> None:
    long(3)
    first, second = claimed(0), claimed(1)
    assert (first.leaves_survey_to_another(), second.leaves_survey_to_another()) == (False, True)
    lost(settings)
    reap()
    assert not second.leaves_survey_to_another()
    assert claimed(0).leaves_survey_to_another() is False
    second.write(survey=b"the survey")
    third = claimed(2)
    assert third.survey() == b"the survey"
    second.publish(reading=b"")
    assert third.survey() == b"the survey"


def test_a_span_waits_for_the_survey_of_an_earlier_one_as_long_as_that_is_read(db: None, settings: Any) -> None:
    long(2)
    first, second = claimed(0), claimed(1)
    survey, waited = SoundSurvey(None, VoiceActivity(np.zeros(0, bool), -20.0)), list[Stage]()

    def never() -> SoundSurvey:
        raise AssertionError("it is made twice")

    def found_meanwhile(stage: Stage, share: float) -> None:
        waited.append(stage)
        first.write(survey=survey.encode())

    def lost_meanwhile(stage: Stage, share: float) -> None:
        waited.append(stage)
        lost(settings)
        reap()

    assert share_survey(second, never, found_meanwhile).voice.level_db == -20.0
    Span.objects.update(survey=None)
    assert share_survey(second, lambda: survey, lost_meanwhile) is survey
    assert waited == [Stage.SAMPLE, Stage.SAMPLE]
    assert share_survey(claimed(0), never, lost_meanwhile).voice.level_db == -20.0


def test_a_fault_of_the_installation_puts_all_spans_off(db: None, settings: Any) -> None:
    analysis = long(2)
    claimed(0).defer("storage_unavailable", "The media cannot be read.")
    assert (refreshed(analysis).status, analysis.error_code) == (Status.QUEUED, "storage_unavailable")
    assert claim_next(published=False) is None
    past = timezone.now() - timedelta(seconds=2 * settings.LEASE_SECONDS + 1)
    Analysis.objects.update(dispatched_at=past)
    assert claimed(0).attempts() == 1
    assert (refreshed(analysis).status, analysis.error_code) == (Status.RUNNING, "")


@pytest.mark.slow
@pytest.mark.parametrize("keys", [(), pytest.param((KEY,), marks=pytest.mark.extended)], ids=["plain", "encrypted"])
def test_spans_give_the_timeline_of_one_worker(transactional_db: None, settings: Any, keys: tuple[bytes, ...]) -> None:
    settings.ENCRYPTION_KEYS = keys
    path = SAMPLES / "interview.mp4"
    media = check_inputs(Inputs(path), Limits())
    recording = RecordingFactory.create(
        duration_s=media.duration_s, width=media.width, height=media.height, fps=media.fps, has_audio=media.has_audio
    )
    with_files(recording, video=path.read_bytes())
    MediaFile.objects.update(sha256=media.sha256)
    found = []
    for span_s in (0, 10):
        settings.SPAN_SECONDS = span_s
        analysis = services.rerun(recording=recording)
        for _ in range(4 if span_s else 1):
            tasks.analyse(str(analysis.pk))
        timeline = selectors.timeline(refreshed(analysis))
        assert timeline is not None, (analysis.status, analysis.error_message)
        found.append(timeline)
    whole, merged = found
    assert (merged.media, merged.faces, merged.models) == (whole.media, whole.faces, whole.models)
    np.testing.assert_allclose(
        [window.logits for window in merged.windows], [window.logits for window in whole.windows], atol=1e-4
    )
    assert [(each.start_s, each.end_s, each.label) for each in merged.segments] == [
        (each.start_s, each.end_s, each.label) for each in whole.segments
    ]


@pytest.mark.slow
def test_a_span_whose_media_are_away_puts_the_analysis_off(db: None, settings: Any, media_root: Path) -> None:
    settings.SPAN_SECONDS = 10
    recording = RecordingFactory.create(duration_s=24.0)
    with_files(recording, video=(SAMPLES / "interview.mp4").read_bytes())
    analysis = services.rerun(recording=recording)
    shutil.rmtree(media_root / "recordings")
    tasks.analyse(str(analysis.pk))
    assert (refreshed(analysis).status, analysis.error_code) == (Status.QUEUED, "storage_unavailable")
