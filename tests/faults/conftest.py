"""Each fault is a test with the marker `fault`; `make faults` runs it many times and writes down how it went."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files import File

from tests.conftest import forget_messages
from tests.faults import invariants, record
from tests.faults.cluster import Cluster
from tests.webapp import clips
from tests.webapp.factories import UserFactory
from webapp.analyses import services
from webapp.analyses.models import Analysis
from webapp.recordings.services import NewRecording, RecordingFiles
from webapp.storage import media

EVERY_RUN = {"test_messages.py", "test_worker_killed.py"}  # the other faults are extended tests
RUNS = int(os.environ.get("EMOTRACE_FAULT_RUNS", "0"))
Submit = Callable[..., Analysis]


class Fault:
    """One run of one fault: when it was over, and when its traces were gone."""

    def __init__(self) -> None:
        self.seconds: float | None = None

    def is_over(self) -> None:
        self._over = time.monotonic()

    def is_survived(self) -> None:
        self.seconds = time.monotonic() - self._over


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "fault(name, slow=False): a fault to survive; slow ones run in `make faults` only"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if RUNS and metafunc.definition.get_closest_marker("fault"):
        metafunc.fixturenames.append("run")
        metafunc.parametrize("run", range(RUNS))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    faults = [item for item in items if item.get_closest_marker("fault")]
    for item in faults:
        if item.path.name not in EVERY_RUN:
            item.add_marker("extended")
        if not RUNS and item.get_closest_marker("fault").kwargs.get("slow"):  # type: ignore[union-attr]
            item.add_marker(pytest.mark.skip(reason="slow: make faults"))
    if RUNS:
        names = list(dict.fromkeys(map(_name, faults)))
        config.stash[record.NAMES] = names
        done = record.counts()
        items[:] = [item for item in items if item not in faults or item.callspec.params["run"] >= done[_name(item)]]  # type: ignore[attr-defined]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report: Any = yield
    ran = report.when == "call" or (report.when == "setup" and report.failed)
    if RUNS and ran and item.get_closest_marker("fault"):
        fault = getattr(item, "funcargs", {}).get("fault")
        record.add(_name(item), survived=report.passed, seconds=fault and fault.seconds)
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    if names := session.config.stash.get(record.NAMES, None):
        record.write_table(names)


def _name(item: pytest.Item) -> str:
    marker = item.get_closest_marker("fault")
    assert marker is not None and isinstance(item, pytest.Function)
    return str(marker.args[0]).format(**item.callspec.params if hasattr(item, "callspec") else {})


@pytest.fixture
def fault() -> Fault:
    return Fault()


@pytest.fixture(scope="package")
def clusters(django_db_setup: None) -> Iterator[list[Cluster]]:
    """The running cluster, if there is one: the tests share it, because it takes long to start."""
    found: list[Cluster] = []
    yield found
    for cluster in found:
        cluster.stop()


@pytest.fixture
def environment() -> dict[str, str]:
    """Additional environment variables of the cluster's processes; some files override them."""
    return {}


@pytest.fixture
def cluster(
    request: Any,
    environment: dict[str, str],
    transactional_db: None,
    fault: Fault,
    clusters: list[Cluster],
    tmp_path_factory: Any,
) -> Iterator[Cluster]:
    """A reaper and two workers, or the module's WORKERS, who have nothing to do; after a test that failed, others."""
    forget_messages()
    for kept in list(media.list_keys()):
        media.delete(kept)
    for path in list(media.list_temporary()):
        media.delete_temporary(path)
    terms = (getattr(request.module, "WORKERS", 2), environment)
    if clusters and clusters[0].terms != terms:
        clusters.pop().stop()
    if not clusters:
        clusters.append(Cluster(tmp_path_factory.mktemp("orders"), *terms))
    yield clusters[0]
    if fault.seconds is None:
        clusters.pop().stop()


@pytest.fixture(scope="session")
def clip(tmp_path_factory: Any) -> Path:
    """One window long, and cheap to read."""
    path: Path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    path.write_bytes(clips.video(1))
    return path


def padded(clip: Path, path: Path, size: int) -> Path:
    """The clip with a box of bytes that nobody reads, as a file of this size."""
    box = size - clip.stat().st_size
    path.write_bytes(clip.read_bytes() + box.to_bytes(4, "big") + b"free" + bytes(box - 8))
    return path


@pytest.fixture
def submit(cluster: Cluster, clip: Path) -> Submit:
    """Send a recording, `clip` or another one, as a person of this test would."""
    owner = UserFactory.create()

    def submit(path: Path = clip) -> Analysis:
        with path.open("rb") as file:
            new = NewRecording(files=RecordingFiles(File(file, path.name)), consent=True)
            return services.submit(owner=owner, new=new)

    return submit


@pytest.fixture
def recovered(cluster: Cluster, fault: Fault) -> Callable[..., None]:
    """Wait until every analysis is over, and look at what the fault has left behind."""

    def recovered(**expected: int) -> None:
        cluster.recover()
        fault.is_survived()
        cluster.check()
        invariants.check(**expected)

    return recovered


@pytest.fixture
def short_spans(settings: Any) -> None:
    """Recordings of more than ten seconds are long."""
    settings.SPAN_SECONDS = 10
