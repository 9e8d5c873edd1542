"""A worker that is killed while it renders a piece of a labelled video, or joins them, costs that alone."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from tests.faults.cluster import Cluster
from tests.faults.conftest import Fault, Submit
from tests.webapp import clips
from webapp.analyses.models import Analysis, Artifact, Span
from webapp.storage import media

pytestmark = pytest.mark.usefixtures("short_spans")

SECONDS, FPS, PIECES, WINDOWS = 25, 5, 3, 31


@pytest.fixture
def environment() -> dict[str, str]:
    """The worker that publishes the timeline divides the rendering."""
    return {"EMOTRACE_SPAN_SECONDS": "10"}


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory: Any) -> Path:
    path: Path = tmp_path_factory.mktemp("clip") / "long.mp4"
    path.write_bytes(clips.video(SECONDS, fps=FPS, keyframe_s=1))
    return path


@pytest.fixture
def whole(recovered: Callable[..., None]) -> Callable[[Analysis], None]:
    """Wait until the analysis is over, and look at its labelled video."""

    def whole(analysis: Analysis) -> None:
        recovered(windows=WINDOWS)
        assert not Span.objects.exists()
        analysis.refresh_from_db()
        assert analysis.status == Analysis.Status.SUCCEEDED
        key = analysis.artifacts.get(kind=Artifact.Kind.VIDEO).key
        with media.local_file(key) as path, av.open(str(path)) as container:
            times = [frame.time or 0.0 for frame in container.decode(video=0)]
            assert (container.duration or 0) / av.time_base == pytest.approx(SECONDS, abs=0.1)
        assert times == pytest.approx([number / FPS for number in range(SECONDS * FPS)])
        with media.local_file(key) as path, av.open(str(path)) as container:
            heard = [frame.time or 0.0 for frame in container.decode(audio=0)]
        assert heard[0] == 0 and all(0 < later - time < 0.1 for time, later in pairwise(heard))
        assert heard[-1] == pytest.approx(SECONDS, abs=0.1)

    return whole


@pytest.mark.fault("a worker is killed within a piece of the labelled video: {place}")
@pytest.mark.parametrize("place", ["render", "piece"])
def test_killed_within_a_piece(
    cluster: Cluster, submit: Submit, fault: Fault, whole: Callable[[Analysis], None], long_clip: Path, place: str
) -> None:
    cluster.order(place)
    analysis = submit(long_clip)
    pid = cluster.stopped(place)
    assert analysis.spans.count() == PIECES
    assert analysis.spans.exclude(lease_token=None).exists()
    cluster.kill(pid)
    fault.is_over()
    whole(analysis)
    assert analysis.attempt == 1  # the pieces were joined once


@pytest.mark.fault("a worker is killed within the joining of pieces: {place}")
@pytest.mark.parametrize("place", ["join", "publish"])
def test_killed_within_the_joining(
    cluster: Cluster, submit: Submit, fault: Fault, whole: Callable[[Analysis], None], long_clip: Path, place: str
) -> None:
    cluster.order(place)
    analysis = submit(long_clip)
    pid = cluster.stopped(place)
    assert analysis.spans.exclude(video="").count() == PIECES
    cluster.kill(pid)
    fault.is_over()
    whole(analysis)
    assert analysis.attempt == 2
