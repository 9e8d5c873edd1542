"""Media that are sealed, or lie in a bucket: the same faults, and nothing more is lost."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.faults.cluster import Cluster
from tests.faults.conftest import Fault, Submit
from tests.faults.test_messages import all_succeeded
from tests.integration.processes import eventually
from tests.webapp import storages
from webapp.analyses.models import Analysis


@pytest.fixture(scope="module")
def server() -> Iterator[storages.Server]:
    with storages.server() as running:
        yield running


@pytest.fixture(scope="module")
def bucket(server: storages.Server) -> dict[str, Any]:
    return server.bucket("recordings")


@pytest.fixture(scope="module", params=["sealed", "in a bucket"])
def media_are(request: Any) -> str:
    return str(request.param)


@pytest.fixture
def environment(media_are: str, settings: Any, request: Any) -> dict[str, str]:
    if media_are == "sealed":
        settings.ENCRYPTION_KEYS = storages.KEYS
        return {"EMOTRACE_ENCRYPTION_KEYS": storages.KEYS[0].hex()}
    options = request.getfixturevalue("bucket")
    storages.use_bucket(settings, options)
    return {
        "EMOTRACE_S3_BUCKET": options["bucket_name"],
        "EMOTRACE_S3_ENDPOINT": options["endpoint_url"],
        "EMOTRACE_S3_REGION": options["region_name"],
        "EMOTRACE_S3_PREFIX": options["location"],
        "EMOTRACE_S3_ACCESS_KEY": options["access_key"],
        "EMOTRACE_S3_SECRET_KEY": options["secret_key"],
    }


@pytest.mark.fault("a worker is killed, the media are {media_are}: {place}")
@pytest.mark.parametrize("place", ["sample", "render", "publish"])
def test_killed(
    cluster: Cluster, submit: Submit, fault: Fault, recovered: Callable[[], None], media_are: str, place: str
) -> None:
    cluster.order(place)
    submit()
    cluster.kill(cluster.stopped(place))
    fault.is_over()
    recovered()
    assert all_succeeded(2)


@pytest.mark.fault("the bucket does not answer before the labelled video is written", slow=True)
@pytest.mark.parametrize("media_are", ["in a bucket"], indirect=True)
def test_silent_bucket(
    server: storages.Server,
    cluster: Cluster,
    submit: Submit,
    fault: Fault,
    recovered: Callable[[], None],
    media_are: str,
) -> None:
    cluster.order("timeline")
    submit()
    cluster.stopped("timeline")
    with server.silent():
        cluster.go_on("timeline")
        waiting = Analysis.objects.filter(status=Analysis.Status.QUEUED, error_code="storage_unavailable", attempt=0)
        assert eventually(waiting.exists, 180)
    fault.is_over()
    recovered()
    assert all_succeeded()
