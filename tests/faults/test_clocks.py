"""Clocks that jump: leases are kept by the database's, which every process shares."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db.models import F

from tests.faults.conftest import Fault, Submit
from tests.faults.crew import LEASE_SECONDS, Crew
from tests.faults.test_messages import all_succeeded
from webapp.analyses.models import Analysis

DAY_S = 24 * 3600


@pytest.fixture
def afterwards(crew: Crew) -> Iterator[None]:
    """The clocks of the next test's workers are right."""
    yield
    for worker in list(crew.workers):
        crew.kill(worker.pid)


@pytest.mark.usefixtures("afterwards")
@pytest.mark.fault("the clock of a living worker jumps a day: {way}")
@pytest.mark.parametrize(("way", "jumps"), [("back", (-1, 1)), ("forth", (1, -1))])
def test_of_a_living_worker(
    crew: Crew, submit: Submit, fault: Fault, recovered: Callable[[], None], way: str, jumps: tuple[int, int]
) -> None:
    crew.order("probe", jump_s=jumps[0] * DAY_S)
    crew.order("score")
    crew.order("render", jump_s=2 * jumps[1] * DAY_S)
    submit()
    crew.stopped("score")
    time.sleep(LEASE_SECONDS + 2)  # its heartbeats keep the lease
    crew.go_on("score")
    fault.is_over()
    recovered()
    assert all_succeeded()


@pytest.mark.usefixtures("afterwards")
@pytest.mark.fault("the clock of a worker jumps a day forth, and it is killed")
def test_of_a_dying_worker(crew: Crew, submit: Submit, fault: Fault, recovered: Callable[[], None]) -> None:
    crew.order("probe", jump_s=DAY_S)
    crew.order("score")
    submit()
    pid = crew.stopped("score")
    time.sleep(2)  # and a heartbeat after the jump
    crew.kill(pid)
    fault.is_over()
    recovered()
    assert all_succeeded(2)


@pytest.mark.fault("the clock of the database jumps an hour {way}, and a worker is killed")
@pytest.mark.parametrize(("way", "hours"), [("back", 1), ("forth", -1)])
def test_of_the_database(
    crew: Crew, submit: Submit, fault: Fault, recovered: Callable[[], None], way: str, hours: int
) -> None:
    """That clock is the machine's: what was written by it is moved instead, the other way."""
    crew.order("score")
    submit()
    crew.kill(crew.stopped("score"))
    Analysis.objects.update(heartbeat_at=F("heartbeat_at") + timedelta(hours=hours))
    fault.is_over()
    recovered()
    assert all_succeeded(2)
