"""Workers are told to end, as a new release does: they hand back what they have and take nothing more."""

import signal
from collections.abc import Callable

import psutil
import pytest

from tests.faults.cluster import Cluster
from tests.faults.conftest import Fault, Submit
from tests.faults.test_messages import all_succeeded
from tests.integration.processes import eventually
from webapp.analyses import services
from webapp.analyses.models import Analysis

GRACE_SECONDS = 10  # what Compose gives them, before it kills them


def handed_back() -> bool:
    return not Analysis.objects.filter(status=Analysis.Status.RUNNING).exists()


@pytest.mark.fault("workers get SIGTERM with five analyses queued and running: {place}")
@pytest.mark.parametrize("place", ["score", "render"])
def test_deploy(cluster: Cluster, submit: Submit, fault: Fault, recovered: Callable[[], None], place: str) -> None:
    cluster.order(place)
    recording = submit().recording
    for _ in range(4):
        services.rerun(recording=recording)
    cluster.stopped(place)
    for worker in cluster.workers:
        worker.send_signal(signal.SIGTERM)
    cluster.go_on(place)
    assert eventually(handed_back, GRACE_SECONDS)
    _, late = psutil.wait_procs(cluster.workers, GRACE_SECONDS)
    for worker in late:
        worker.kill()
    assert handed_back()
    for worker in list(cluster.workers):
        cluster.replace(worker.pid)
    fault.is_over()
    recovered()
    assert all_succeeded()
