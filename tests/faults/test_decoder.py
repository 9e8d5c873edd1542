"""Files that take their reader with them, or the whole worker: they fail with a reason, and what waits is next."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.cluster import Cluster
from tests.faults.conftest import Fault, Submit, padded
from tests.integration.processes import eventually
from webapp.analyses.models import Analysis

WORKERS = 1
NEXT_SECONDS = 30
Status = Analysis.Status


@pytest.fixture
def bad(clip: Path, tmp_path: Path) -> Path:
    """`clip` with some bytes more, by which it is known."""
    return padded(clip, tmp_path / "bad.mp4", clip.stat().st_size + 16)


def next_in_time(analysis: Analysis) -> None:
    waited = time.monotonic()

    def begun() -> bool:
        analysis.refresh_from_db()
        return analysis.started_at is not None

    assert eventually(begun, NEXT_SECONDS), time.monotonic() - waited


@pytest.mark.fault("a file makes its decoder {way}")
@pytest.mark.parametrize(("way", "code"), [("hang", "too_costly"), ("crash", "reader_crashed"), ("eat", "too_costly")])
def test_decoder(
    cluster: Cluster, submit: Submit, fault: Fault, recovered: Callable[[], None], bad: Path, way: str, code: str
) -> None:
    with cluster.broken(bad, way):
        broken = submit(bad)
        following = submit()
        assert eventually(lambda: Analysis.objects.filter(pk=broken.pk, status=Status.RUNNING).exists())
        fault.is_over()
        next_in_time(following)
        cluster.recover()
    recovered()
    broken.refresh_from_db()
    assert (broken.status, broken.error_code, broken.attempt) == (Status.FAILED, code, 3)
    following.refresh_from_db()
    assert following.status == Status.SUCCEEDED


@pytest.mark.fault("a file kills its worker, each of three times")
def test_worker(cluster: Cluster, submit: Submit, fault: Fault, recovered: Callable[[], None], bad: Path) -> None:
    broken = submit(bad)
    for _ in range(3):
        cluster.order("sample")
        cluster.kill(cluster.stopped("sample"))
    fault.is_over()
    following = submit()
    next_in_time(following)
    recovered()
    broken.refresh_from_db()
    assert (broken.status, broken.error_code, broken.attempt) == (Status.FAILED, "worker_lost", 3)
    following.refresh_from_db()
    assert following.status == Status.SUCCEEDED
