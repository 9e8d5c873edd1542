"""A disk that is full: nothing is half done, and everything goes on once there is room."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from tusclient.client import TusClient

from tests.conftest import application
from tests.faults.cluster import SILENT, Cluster
from tests.faults.conftest import Fault, Submit, padded
from tests.faults.test_messages import all_succeeded
from tests.integration.processes import eventually
from tests.integration.web import Web
from tests.webapp.factories import UserFactory
from webapp.accounts.services import create_token
from webapp.analyses.models import Analysis
from webapp.pages import display_names
from webapp.recordings.models import Recording, Upload
from webapp.storage import media

MEGA = 2**20
DISK_BYTES = 32 * MEGA
ROOM_BYTES = 3 * MEGA
FILE_BYTES = 12 * MEGA


class Disk:
    def __init__(self, place: Path) -> None:
        self._place, self._ballast = place, place / "ballast"

    def fill(self, leaving: int = 0) -> None:
        usage = os.statvfs(self._place)
        with self._ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, usage.f_bavail * usage.f_frsize - leaving)

    def make_room(self) -> None:
        self._ballast.unlink()

    def become(self, way: str) -> None:
        """Read-only, "ro", or writable again, "rw"."""
        command = ["mount", "-o", f"remount,{way}", str(self._place)]
        # Refused while somebody has a file open to write to.
        assert eventually(lambda: subprocess.run(command, capture_output=True).returncode == 0)

    @contextmanager
    def away(self) -> Iterator[None]:
        """As if it were not mounted: something empty lies over it."""
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1M", "tmpfs", str(self._place)], check=True)
        try:
            yield
        finally:
            subprocess.run(["umount", "--lazy", str(self._place)], check=True)


@pytest.fixture(scope="module")
def place(tmp_path_factory: Any) -> Iterator[Path]:
    """A file system of its own for the media: a small one, in memory."""
    var: Path = tmp_path_factory.mktemp("var")
    mounted = var / "media"
    mounted.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=0700", "tmpfs", str(mounted)]
    if subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("only who may mount a file system can fill one")
    (mounted / "incoming").mkdir(mode=0o700)
    yield var
    subprocess.run(["umount", "--lazy", str(mounted)], check=True)


@pytest.fixture
def disk(place: Path, settings: Any) -> Disk:
    settings.MEDIA_ROOT = place / "media"
    settings.FILE_UPLOAD_TEMP_DIR = place / "media" / "incoming"
    settings.DISK_RESERVE_BYTES = 0
    return Disk(place / "media")


@pytest.fixture
def environment(disk: Disk, place: Path) -> dict[str, str]:
    return {"EMOTRACE_DATA_DIR": str(place), "EMOTRACE_DISK_RESERVE_BYTES": "0"}


@pytest.fixture(scope="module")
def web(django_db_setup: None, place: Path) -> Iterator[Web]:
    with application() as start:
        yield Web(start, EMOTRACE_DATA_DIR=str(place), EMOTRACE_DISK_RESERVE_BYTES="0", **SILENT)


@pytest.mark.fault("the disk is full while the labelled video is written")
def test_rendering(disk: Disk, cluster: Cluster, submit: Submit, fault: Fault, recovered: Callable[[], None]) -> None:
    cluster.order("timeline")
    submit()
    cluster.stopped("timeline")
    disk.fill()
    cluster.go_on("timeline")
    assert eventually(
        lambda: Analysis.objects.filter(status=Analysis.Status.QUEUED, stage="render", attempt=0).exists()
    )
    assert not any(media.list_temporary())
    disk.make_room()
    fault.is_over()
    recovered()
    assert all_succeeded()


@pytest.mark.fault("the disk becomes read-only before the labelled video is written")
def test_read_only(disk: Disk, cluster: Cluster, submit: Submit, fault: Fault, recovered: Callable[[], None]) -> None:
    cluster.order("timeline")
    analysis = submit()
    cluster.stopped("timeline")
    disk.become("ro")
    try:
        cluster.go_on("timeline")
        waiting = Analysis.objects.filter(status=Analysis.Status.QUEUED, error_code="storage_unavailable", attempt=0)
        assert eventually(waiting.exists), Analysis.objects.values("status", "stage", "error_code", "attempt").get()
        analysis.refresh_from_db()
        assert "make it readable and writable" in display_names.stage(analysis)
    finally:
        disk.become("rw")
    fault.is_over()
    recovered()
    assert all_succeeded()


@pytest.mark.fault("the media are unmounted before the labelled video is written")
def test_unmounted(disk: Disk, cluster: Cluster, submit: Submit, fault: Fault, recovered: Callable[[], None]) -> None:
    cluster.order("timeline")
    submit()
    cluster.stopped("timeline")
    with disk.away():
        cluster.go_on("timeline")
        waiting = Analysis.objects.filter(status=Analysis.Status.QUEUED, error_code="storage_unavailable", attempt=0)
        assert eventually(waiting.exists)
    fault.is_over()
    recovered()
    assert all_succeeded()


@pytest.mark.fault("the disk is full while a file is uploaded")
def test_uploading(
    disk: Disk, web: Web, cluster: Cluster, clip: Path, tmp_path: Path, fault: Fault, recovered: Callable[[], None]
) -> None:
    large = padded(clip, tmp_path / "large.mp4", FILE_BYTES)
    _, secret = create_token(user=UserFactory.create(), name="test")
    who = {"Authorization": f"Token {secret}"}
    client = TusClient(f"{web.base}/api/v1/uploads/", headers=who)
    uploader = client.uploader(str(large), metadata={"filename": large.name})
    address = str(uploader.create_url())
    disk.fill(leaving=ROOM_BYTES)
    with large.open("rb") as file:
        answer = requests.post(
            f"{web.base}/api/v1/recordings/", data={"consent": "true"}, files={"video": file}, headers=who, timeout=60
        )
    assert (answer.status_code, answer.json()["code"]) == (507, "disk_full")
    headers = who | {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
    answer = requests.patch(address, data=large.read_bytes(), headers=headers, timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (507, "disk_full")
    assert not Recording.objects.exists()
    assert list(media.list_temporary()) == [Upload.objects.get().path]

    disk.make_room()
    fault.is_over()
    client.uploader(str(large), url=address).upload()
    answer = requests.post(
        f"{web.base}/api/v1/recordings/",
        data={"consent": "true", "video_upload": address.rstrip("/").rpartition("/")[2]},
        headers=who,
        timeout=60,
    )
    assert answer.status_code == 201, answer.text
    recovered()
    assert all_succeeded()
