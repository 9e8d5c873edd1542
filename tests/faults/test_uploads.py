"""A web server that is killed in the middle of an upload: it goes on where it stood."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from tusclient.client import TusClient

from tests.conftest import application
from tests.faults.cluster import Cluster
from tests.faults.conftest import Fault, padded
from tests.faults.test_messages import all_succeeded
from tests.integration.processes import eventually
from tests.integration.test_resumed_upload import half_sent
from tests.integration.web import Web
from tests.webapp.factories import UserFactory
from webapp.accounts.services import create_token
from webapp.recordings.models import MediaFile, Upload
from webapp.recordings.uploads import COMMIT_BYTES


@pytest.fixture(scope="module")
def web(django_db_setup: None) -> Iterator[Web]:
    with application() as start:
        yield Web(start)


@pytest.mark.fault("the web server is killed in mid-upload")
def test_killed(
    cluster: Cluster, web: Web, clip: Path, tmp_path: Path, fault: Fault, recovered: Callable[[], None]
) -> None:
    large = padded(clip, tmp_path / "large.mp4", 3 * COMMIT_BYTES)
    _, secret = create_token(user=UserFactory.create(), name="test")
    client = TusClient(f"{web.base}/api/v1/uploads/", headers={"Authorization": f"Token {secret}"})
    address = str(client.uploader(str(large), metadata={"filename": large.name}).create_url())
    with half_sent(web, client, address, large.read_bytes(), 2 * COMMIT_BYTES + 1000):
        assert eventually(lambda: Upload.objects.get().offset >= COMMIT_BYTES)
        web.kill()
    fault.is_over()
    web.start()
    resumed = client.uploader(str(large), url=address)
    assert resumed.offset >= COMMIT_BYTES
    resumed.upload()
    made = requests.post(
        f"{web.base}/api/v1/recordings/",
        data={"consent": "true", "video_upload": address.rstrip("/").rpartition("/")[2]},
        headers=client.headers,
        timeout=60,
    )
    assert made.status_code == 201, made.text
    recovered()
    assert all_succeeded()
    assert MediaFile.objects.get().file.read() == large.read_bytes()
