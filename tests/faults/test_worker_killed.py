"""A worker that is killed in any stage loses nothing: another one ends the analysis, once."""

from collections.abc import Callable

import pytest

from tests.faults.cluster import Cluster
from tests.faults.conftest import Fault, Submit
from webapp.analyses.models import Analysis


@pytest.mark.fault("a worker is killed: {place}")
@pytest.mark.parametrize(
    "place",
    [
        "score",
        "render",
        *(
            pytest.param(place, marks=pytest.mark.extended)
            for place in ("probe", "sample", "timeline", "announce", "publish")
        ),
    ],
)
def test_killed(cluster: Cluster, submit: Submit, fault: Fault, recovered: Callable[[], None], place: str) -> None:
    cluster.order(place)
    analysis = submit()
    cluster.kill(cluster.stopped(place))
    fault.is_over()
    recovered()
    analysis.refresh_from_db()
    assert analysis.status == Analysis.Status.SUCCEEDED
    assert analysis.attempt == (1 if place == "announce" else 2)
