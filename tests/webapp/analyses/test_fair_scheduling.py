"""One person's queue holds up nobody, and messages about what waits do not pile up."""

import threading
from typing import Any

import pytest
from django.db import connection

from tests.webapp.factories import AnalysisFactory, RecordingFactory, UserFactory, published, silent_for
from webapp.accounts.models import User
from webapp.analyses.execution import dispatch
from webapp.analyses.execution.fair_scheduling import claim_next
from webapp.analyses.execution.reaper import reap
from webapp.analyses.models import Analysis

Status = Analysis.Status


def queued(owner: User, count: int) -> list[Analysis]:
    return [AnalysisFactory.create(recording=RecordingFactory.create(owner=owner)) for _ in range(count)]


def taken(*, published: bool = False) -> Analysis:
    """What a worker takes on, and is done with."""
    lease = claim_next(published=published)
    assert lease is not None
    Analysis.objects.filter(pk=lease.pk).update(status=Status.SUCCEEDED)
    return Analysis.objects.get(pk=lease.pk)


def test_people_take_turns(db: None) -> None:
    many, few = UserFactory.create(), UserFactory.create()
    first = queued(many, 5)
    second = queued(few, 2)
    assert [taken() for _ in range(7)] == [first[0], second[0], first[1], second[1], *first[2:]]
    assert claim_next(published=False) is None


def test_somebody_new_is_next(db: None) -> None:
    many = UserFactory.create()
    queued(many, 3)
    taken()
    (late,) = queued(UserFactory.create(), 1)
    assert taken() == late


def test_turns_at_rendering_are_turns_of_their_own(db: None) -> None:
    """Whoever is read all the time waits no longer for their labelled videos."""
    many, few = UserFactory.create(), UserFactory.create()
    first = [published("happy", recording=RecordingFactory.create(owner=many)) for _ in range(2)]
    second = [published("happy", recording=RecordingFactory.create(owner=few)) for _ in range(2)]
    queued(many, 2)
    got = []
    for _ in range(2):
        got.append(taken(published=True))
        taken(published=False)
    assert got == [first[0], second[0]]


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_take_everything_once() -> None:
    every = {analysis.pk for owner in UserFactory.create_batch(3) for analysis in queued(owner, 4)}
    start, got = threading.Barrier(6), []

    def work() -> None:
        start.wait()
        while lease := claim_next(published=False):
            got.append(lease.pk)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 12
    assert set(got) == every


def test_what_is_put_off_keeps_nobody_waiting(db: None, settings: Any) -> None:
    first, second = queued(UserFactory.create(), 2)
    lease = claim_next(published=False)
    assert lease is not None and lease.pk == first.pk
    lease.defer("storage_unavailable", "The media cannot be read.")
    assert taken() == second
    assert claim_next(published=False) is None
    first.refresh_from_db()
    silent_for(first, 2 * settings.LEASE_SECONDS + 1)
    assert taken() == first


def test_messages_do_not_pile_up(db: None, settings: Any, queue: Any) -> None:
    for analysis in queued(UserFactory.create(), 41):
        silent_for(analysis, 10_000)
    for _ in range(5):
        reap()
    assert queue.llen(settings.INFERENCE_QUEUE) == 41


def test_messages_that_were_lost_are_made_up_for(db: None, settings: Any, queue: Any) -> None:
    analyses = queued(UserFactory.create(), 4)
    for analysis in analyses[:2]:
        dispatch.enqueue(analysis.pk, published=False)
    published("happy")
    reap()
    assert (queue.llen(settings.INFERENCE_QUEUE), queue.llen(settings.RENDER_QUEUE)) == (4, 1)


def test_nobody_is_told_of_what_is_put_off(db: None, settings: Any, queue: Any) -> None:
    queued(UserFactory.create(), 1)
    lease = claim_next(published=False)
    assert lease is not None
    lease.defer("storage_unavailable", "The media cannot be read.")
    reap()
    assert queue.llen(settings.INFERENCE_QUEUE) == 0
    silent_for(Analysis.objects.get(), 2 * settings.LEASE_SECONDS + 1)
    reap()
    assert queue.llen(settings.INFERENCE_QUEUE) == 1
