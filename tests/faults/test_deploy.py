"""Workers are told to end, as a new release does: they hand back what they have and take nothing more."""

import signal
from collections.abc import Callable

import psutil
import pytest

from tests.faults.conftest import Fault, Submit
from tests.faults.crew import Crew
from tests.faults.test_messages import all_succeeded
from webapp.analyses import services
from webapp.analyses.models import Analysis

GRACE_SECONDS = 10  # what Compose gives them, before it kills them


@pytest.mark.fault("workers get SIGTERM with five analyses queued and running: {place}")
@pytest.mark.parametrize("place", ["score", "render"])
def test_deploy(crew: Crew, submit: Submit, fault: Fault, recovered: Callable[[], None], place: str) -> None:
    crew.order(place)
    recording = submit().recording
    for _ in range(4):
        services.rerun(recording=recording)
    crew.stopped(place)
    for worker in crew.workers:
        worker.send_signal(signal.SIGTERM)
    crew.go_on(place)
    _, late = psutil.wait_procs(crew.workers, GRACE_SECONDS)
    for worker in late:
        worker.kill()
    assert late or not Analysis.objects.filter(status=Analysis.Status.RUNNING).exists()
    for worker in list(crew.workers):
        crew.replace(worker.pid)
    fault.is_over()
    recovered()
    assert all(each.status == Analysis.Status.SUCCEEDED for each in Analysis.objects.all())
    assert late or all_succeeded()
