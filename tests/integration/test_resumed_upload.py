"""Uploads in parts with a client that others wrote, to a web server that goes away in between."""

import os
import socket
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed

from tests.conftest import Start
from tests.integration.processes import eventually
from tests.integration.rest import SAMPLES
from tests.integration.web import Web
from webapp.accounts.services import create_token
from webapp.recordings.models import MediaFile, Upload

MEGA = 2**20
SIZE = 20 * MEGA
SILENT_SECONDS = 2
PART = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}


@pytest.fixture
def web(process: Start) -> Web:
    return Web(process, EMOTRACE_UPLOAD_SILENT_SECONDS=str(SILENT_SECONDS))


@pytest.fixture
def client(web: Web, django_user_model: Any) -> TusClient:
    person = django_user_model.objects.create_user(username="researcher")
    _, secret = create_token(user=person, name="test")
    return TusClient(f"{web.base}/api/v1/uploads/", headers={"Authorization": f"Token {secret}"})


def begun(client: TusClient, folder: Path) -> tuple[bytes, Path, str]:
    """A large file, and the address of its upload, of which nothing is sent yet."""
    content = os.urandom(SIZE)
    path = folder / "large.mp4"
    path.write_bytes(content)
    return content, path, str(client.uploader(str(path)).create_url())


def test_tuspy_goes_on_after_the_server_was_killed(web: Web, client: TusClient, tmp_path: Path) -> None:
    content = os.urandom(SIZE)
    path = tmp_path / "large.mp4"
    path.write_bytes(content)
    sent = client.uploader(str(path), chunk_size=MEGA, metadata={"filename": "large.mp4"}, upload_checksum=True)
    sent.upload(stop_at=7 * MEGA)
    web.kill()
    with pytest.raises((TusCommunicationError, TusUploadFailed)):
        sent.upload()
    web.start()

    again = client.uploader(str(path), url=sent.url, chunk_size=3 * MEGA)
    assert again.offset == 7 * MEGA
    again.upload()
    transfer = Upload.objects.get()
    assert (transfer.name, transfer.finished) == ("large.mp4", True)
    assert transfer.path.read_bytes() == content


def test_what_came_before_the_server_was_killed_in_the_middle_of_a_part_is_kept(
    web: Web, client: TusClient, tmp_path: Path
) -> None:
    content, path, address = begun(client, tmp_path)
    with half_sent(web, client, address, content, 15 * MEGA):
        assert eventually(lambda: Upload.objects.get().offset >= 12 * MEGA)
        web.kill()
    web.start()
    again = client.uploader(str(path), url=address)
    assert again.offset == 12 * MEGA
    assert Upload.objects.get().path.stat().st_size >= again.offset
    again.upload()
    assert Upload.objects.get().path.read_bytes() == content


def test_a_connection_that_breaks_loses_nothing(web: Web, client: TusClient, tmp_path: Path) -> None:
    content, path, address = begun(client, tmp_path)
    with half_sent(web, client, address, content, 6 * MEGA + 4321):
        assert eventually(lambda: Upload.objects.get().offset > 0)
    assert eventually(lambda: Upload.objects.get().offset > 6 * MEGA)
    again = client.uploader(str(path), url=address)
    again.upload()
    assert Upload.objects.get().path.read_bytes() == content


def test_a_client_that_vanished_without_a_goodbye_holds_the_upload_for_a_while_only(
    web: Web, client: TusClient, tmp_path: Path
) -> None:
    content, path, address = begun(client, tmp_path)
    with half_sent(web, client, address, content, 5 * MEGA):  # and never closed
        assert eventually(lambda: Upload.objects.get().offset > 0)
        held = requests.patch(
            address,
            data=content[4 * MEGA :],
            headers=client.headers | PART | {"Upload-Offset": str(4 * MEGA)},
            timeout=60,
        )
        assert (held.status_code, held.json()["code"]) == (423, "upload_busy")
        assert eventually(lambda: Upload.objects.get().offset > 4 * MEGA, 10 * SILENT_SECONDS)
        again = client.uploader(str(path), url=address)
        again.upload()
    assert Upload.objects.get().path.read_bytes() == content


def half_sent(web: Web, client: TusClient, url: str, content: bytes, end: int) -> closing[socket.socket]:
    """A connection on which a part of the whole file was announced and `end` bytes of it sent."""
    connection = socket.create_connection(("127.0.0.1", web.port))
    head = [
        f"PATCH {url.removeprefix(web.base)} HTTP/1.1",
        f"Host: 127.0.0.1:{web.port}",
        f"Authorization: {client.headers['Authorization']}",
        *(f"{name}: {value}" for name, value in PART.items()),
        "Upload-Offset: 0",
        f"Content-Length: {len(content)}",
    ]
    connection.sendall("\r\n".join([*head, "", ""]).encode() + content[:end])
    return closing(connection)


def test_a_recording_is_made_of_what_tuspy_sent(web: Web, client: TusClient) -> None:
    sample = SAMPLES / "interview.mp4"
    uploader = client.uploader(str(sample), metadata={"filename": sample.name})
    uploader.upload()
    answer = requests.post(
        f"{web.base}/api/v1/recordings/",
        data={"consent": "true", "video_upload": str(uploader.url).rstrip("/").rpartition("/")[2]},
        headers=client.headers,
        timeout=60,
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["title"] == "interview"
    assert MediaFile.objects.get().file.read() == sample.read_bytes()
    assert not Upload.objects.exists()
