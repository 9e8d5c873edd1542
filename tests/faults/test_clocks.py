"""Clocks that jump: leases are kept by the database's, which every process shares."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db.models import F

from tests.faults.cluster import LEASE_SECONDS, Cluster
from tests.faults.conftest import Fault, Submit
from tests.faults.test_messages import all_succeeded
from webapp.analyses.models import Analysis

DAY_S = 24 * 3600


@pytest.fixture
def afterwards(cluster: Cluster) -> Iterator[None]:
    """The clocks of the next test's workers are right."""
    yield
    for worker in list(cluster.workers):
        cluster.kill(worker.pid)


@pytest.mark.usefixtures("afterwards")
@pytest.mark.fault("the clock of a living worker jumps a day: {way}")
@pytest.mark.parametrize(("way", "jumps"), [("back", (-1, 1)), ("forth", (1, -1))])
def test_of_a_living_worker(
    cluster: Cluster, submit: Submit, fault: Fault, recovered: Callable[[], None], way: str, jumps: tuple[int, int]
) -> None:
    cluster.order("probe", jump_s=jumps[0] * DAY_S)
    cluster.order("score")
    cluster.order("render", jump_s=2 * jumps[1] * DAY_S)
    submit()
    cluster.stopped("score")
    time.sleep(LEASE_SECONDS + 2)  # its heartbeats keep the lease
    cluster.go_on("score")
    fault.is_over()
    recovered()
    assert all_succeeded()


@pytest.mark.usefixtures("afterwards")
@pytest.mark.fault("the clock of a worker jumps a day forth, and it is killed")
def test_of_a_dying_worker(cluster: Cluster, submit: Submit, fault: Fault, recovered: Callable[[], None]) -> None:
    cluster.order("probe", jump_s=DAY_S)
    cluster.order("score")
    submit()
    pid = cluster.stopped("score")
    time.sleep(2)  # and a heartbeat after the jump
    cluster.kill(pid)
    fault.is_over()
    recovered()
    assert all_succeeded(2)


@pytest.mark.fault("the clock of the database jumps an hour {way}, and a worker is killed")
@pytest.mark.parametrize(("way", "hours"), [("back", 1), ("forth", -1)])
def test_of_the_database(
    cluster: Cluster, submit: Submit, fault: Fault, recovered: Callable[[], None], way: str, hours: int
) -> None:
    """That clock is the machine's: what was written by it is moved instead, the other way."""
    cluster.order("score")
    submit()
    pid = cluster.stopped("score")
    os.kill(pid, signal.SIGSTOP)  # the heartbeat to be moved is its last one, and nobody has taken over yet
    Analysis.objects.update(heartbeat_at=F("heartbeat_at") + timedelta(hours=hours))
    cluster.kill(pid)
    fault.is_over()
    recovered()
    assert all_succeeded(2)
