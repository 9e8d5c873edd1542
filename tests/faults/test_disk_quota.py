"""A quota of the file system that is used up: the disk has room, and yet nothing can be written."""

import errno
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.cluster import Cluster
from tests.faults.conftest import Fault, Submit
from tests.faults.test_messages import all_succeeded
from tests.integration.processes import eventually
from webapp.analyses.models import Analysis
from webapp.storage import media

MEGA = 2**20
IMAGE_BYTES, QUOTA_BYTES = 600 * MEGA, 40 * MEGA


@pytest.fixture(scope="module")
def place(tmp_path_factory: Any) -> Iterator[Path]:
    """A file system of its own for the media, of which they may use QUOTA_BYTES."""
    if shutil.which("mkfs.btrfs") is None:
        pytest.skip("there is no btrfs here, whose quotas bind everybody")
    var: Path = tmp_path_factory.mktemp("var")
    image, mounted = var / "image", var / "disk"
    mounted.mkdir()
    with image.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    subprocess.run(["mkfs.btrfs", "--quiet", str(image)], check=True, capture_output=True)
    if subprocess.run(["mount", "-o", "loop", str(image), str(mounted)], capture_output=True).returncode != 0:
        pytest.skip("only who may mount a file system can limit one")
    try:
        for command in (
            ["quota", "enable", str(mounted)],
            ["subvolume", "create", str(mounted / "media")],
            ["qgroup", "limit", str(QUOTA_BYTES), str(mounted / "media")],
        ):
            subprocess.run(["btrfs", *command], check=True, capture_output=True)
        (mounted / "media" / "incoming").mkdir(mode=0o700)
        yield mounted
    finally:
        subprocess.run(["umount", "--lazy", str(mounted)], check=True)


@pytest.fixture
def environment(place: Path, settings: Any) -> dict[str, str]:
    settings.MEDIA_ROOT = place / "media"
    settings.FILE_UPLOAD_TEMP_DIR = place / "media" / "incoming"
    settings.DISK_RESERVE_BYTES = 0
    return {"EMOTRACE_DATA_DIR": str(place), "EMOTRACE_DISK_RESERVE_BYTES": "0"}


def use_up(place: Path) -> Path:
    ballast = place / "media" / "ballast"
    with ballast.open("wb", buffering=0) as file, pytest.raises(OSError) as refused:
        while True:
            file.write(bytes(MEGA // 16))
    assert refused.value.errno == errno.EDQUOT
    return ballast


@pytest.mark.fault("the quota of the file system is used up before the labelled video is written")
def test_used_up(place: Path, cluster: Cluster, submit: Submit, fault: Fault, recovered: Callable[[], None]) -> None:
    cluster.order("timeline")
    submit()
    cluster.stopped("timeline")
    ballast = use_up(place)
    cluster.go_on("timeline")
    waiting = Analysis.objects.filter(status=Analysis.Status.QUEUED, error_code="disk_full", attempt=0)
    assert eventually(waiting.exists)
    assert not any(media.list_temporary())
    ballast.unlink()
    fault.is_over()
    recovered()
    assert all_succeeded()
