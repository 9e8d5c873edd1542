"""A worker that is killed while it reads a span, or merges them, costs that alone: the result is whole."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings as configuration

from tests.faults.cluster import Cluster
from tests.faults.conftest import Fault, Submit
from tests.webapp import clips
from webapp.analyses.models import Analysis, Span

pytestmark = pytest.mark.usefixtures("short_spans")

SECONDS, SPANS, WINDOWS = 25, 3, 31


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory: Any) -> Path:
    path: Path = tmp_path_factory.mktemp("clip") / "long.mp4"
    path.write_bytes(clips.video(SECONDS))
    return path


@pytest.fixture
def whole(recovered: Callable[..., None]) -> Callable[[Analysis], None]:
    """Wait until the analysis is over, and look at its result."""

    def whole(analysis: Analysis) -> None:
        recovered(windows=WINDOWS)
        analysis.refresh_from_db()
        assert analysis.status == Analysis.Status.SUCCEEDED
        starts = list(analysis.windows.order_by("id").values_list("start_s", flat=True))
        assert starts[0] == 0 and all(0 < later - start < 0.73 for start, later in pairwise(starts))
        assert not Span.objects.exists()

    return whole


@pytest.mark.fault("a worker is killed within a span: {place}")
@pytest.mark.parametrize("place", ["sample", "score", "span"])
def test_killed_within_a_span(
    cluster: Cluster, submit: Submit, fault: Fault, whole: Callable[[Analysis], None], long_clip: Path, place: str
) -> None:
    cluster.order(place)
    analysis = submit(long_clip)
    assert analysis.spans.count() == SPANS
    pid = cluster.stopped(place)
    held = analysis.spans.exclude(lease_token=None).values_list("number", flat=True)
    assert held
    cluster.kill(pid)
    fault.is_over()
    whole(analysis)
    assert analysis.attempt == 1  # merging and rendering began once each


@pytest.mark.fault("a worker is killed within the merge of spans: {place}")
@pytest.mark.parametrize("place", ["timeline", "announce"])
def test_killed_within_the_merge(
    cluster: Cluster, submit: Submit, fault: Fault, whole: Callable[[Analysis], None], long_clip: Path, place: str
) -> None:
    cluster.order(place)
    analysis = submit(long_clip)
    cluster.kill(cluster.stopped(place))
    fault.is_over()
    whole(analysis)
    assert analysis.attempt == (1 if place == "announce" else 2)


@pytest.mark.fault("Redis is flushed while a span is read")
def test_flushed(
    cluster: Cluster, submit: Submit, fault: Fault, whole: Callable[[Analysis], None], long_clip: Path
) -> None:
    cluster.order("span")
    analysis = submit(long_clip)
    cluster.stopped("span")
    redis.Redis.from_url(configuration.REDIS_URL).flushall()
    fault.is_over()
    cluster.go_on("span")
    whole(analysis)
