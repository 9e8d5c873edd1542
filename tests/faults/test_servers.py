"""Servers that go away and come back: everybody goes on without being started again."""

from collections.abc import Callable, Iterator

import pytest
import requests

from tests.conftest import application
from tests.faults.cluster import SILENT, Cluster
from tests.faults.conftest import Fault, Submit
from tests.faults.servers import killed, silent
from tests.faults.test_messages import QUEUED, all_succeeded
from tests.integration.processes import eventually
from tests.integration.web import Web
from tests.webapp.factories import UserFactory
from webapp.accounts.services import create_token
from webapp.analyses import services
from webapp.analyses.models import Analysis


@pytest.fixture(scope="module")
def web(django_db_setup: None) -> Iterator[Web]:
    with application() as start:
        yield Web(start, **SILENT)


@pytest.mark.fault("PostgreSQL restarts in mid-run: {place}")
@pytest.mark.parametrize("place", ["sample", "publish"])
def test_postgres(
    cluster: Cluster, web: Web, submit: Submit, fault: Fault, recovered: Callable[[], None], place: str
) -> None:
    cluster.order(place)
    submit()
    cluster.stopped(place)
    with killed("postgres"):
        answer = requests.get(f"{web.base}/api/v1/models/", headers={"Authorization": "Token x"}, timeout=30)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        cluster.go_on(place)
    fault.is_over()
    recovered()
    assert eventually(lambda: requests.get(f"{web.base}/readyz", timeout=30).ok)
    # Where it comes back within a lease, nothing is lost; this lease is short.
    assert Analysis.objects.get().attempt <= 2


@pytest.mark.fault("Redis restarts with 20 analyses queued", slow=True)
def test_redis(cluster: Cluster, submit: Submit, fault: Fault, recovered: Callable[[], None]) -> None:
    cluster.order("probe")
    recording = submit().recording
    cluster.stopped("probe")
    for _ in range(QUEUED - 1):
        services.rerun(recording=recording)
    with killed("valkey-server"):
        cluster.go_on("probe")
    fault.is_over()
    recovered()
    assert Analysis.objects.count() == QUEUED
    assert all_succeeded()


@pytest.mark.fault("Redis does not answer, with five analyses queued")
def test_silent_redis(cluster: Cluster, web: Web, submit: Submit, fault: Fault, recovered: Callable[[], None]) -> None:
    _, secret = create_token(user=UserFactory.create(), name="test")
    cluster.order("probe")
    recording = submit().recording
    cluster.stopped("probe")
    with silent("valkey-server"):
        answer = requests.get(f"{web.base}/api/v1/models/", headers={"Authorization": f"Token {secret}"}, timeout=60)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        for _ in range(4):
            services.rerun(recording=recording)
        cluster.go_on("probe")
    fault.is_over()
    recovered()
    assert Analysis.objects.count() == 5
    assert all_succeeded()
