"""Messages that come twice, or never: each analysis is done once all the same."""

from collections.abc import Callable

import pytest
import redis
from django.conf import settings

from tests.faults.cluster import Cluster
from tests.faults.conftest import Fault, Submit
from tests.integration.processes import eventually
from webapp.analyses import services
from webapp.analyses.execution import dispatch
from webapp.analyses.models import Analysis

QUEUED = 20


def all_succeeded(attempt: int = 1) -> bool:
    ends = Analysis.objects.values_list("status", "attempt").distinct()
    return list(ends) == [(Analysis.Status.SUCCEEDED, attempt)]


@pytest.mark.fault("each message comes twice: to two workers at once")
def test_twice_at_once(cluster: Cluster, submit: Submit, fault: Fault, recovered: Callable[[], None]) -> None:
    for place in ("probe", "render"):
        cluster.order(place)
    analysis = submit()
    for place, published in (("probe", False), ("render", True)):
        cluster.stopped(place)
        dispatch.enqueue(analysis.pk, published=published)
        assert eventually(lambda: cluster.holds(1))  # the other one is done with it
        fault.is_over()
        cluster.go_on(place)
    recovered()
    assert all_succeeded()


@pytest.mark.fault("each message comes again: after its work is done")
def test_twice_in_turn(cluster: Cluster, submit: Submit, fault: Fault, recovered: Callable[[], None]) -> None:
    analysis = submit()
    cluster.recover()
    finished = Analysis.objects.values().get()
    fault.is_over()
    for published in (False, True):
        dispatch.enqueue(analysis.pk, published=published)
    assert eventually(lambda: cluster.holds(0))
    recovered()
    assert Analysis.objects.values().get() == finished


@pytest.mark.fault("Redis is flushed with 20 analyses queued", slow=True)
def test_flushed(cluster: Cluster, submit: Submit, fault: Fault, recovered: Callable[[], None]) -> None:
    cluster.order("probe")
    recording = submit().recording
    cluster.stopped("probe")
    for _ in range(QUEUED - 1):
        services.rerun(recording=recording)
    redis.Redis.from_url(settings.REDIS_URL).flushall()
    fault.is_over()
    cluster.go_on("probe")
    recovered()
    assert Analysis.objects.count() == QUEUED
    assert all_succeeded()
