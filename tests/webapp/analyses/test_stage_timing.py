"""The time of an analysis is divided among its stages, none of it twice."""

import time
from types import SimpleNamespace
from typing import Any

import pytest

from inference.types import Stage
from webapp.analyses.execution.stage_timing import StageTimer
from webapp.observability.metrics import STAGE_SECONDS


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    found: dict[str, float] = {}

    def labels(stage: Stage) -> SimpleNamespace:
        return SimpleNamespace(observe=lambda seconds: found.update({stage: seconds}))

    monkeypatch.setattr(STAGE_SECONDS, "labels", labels)
    return found


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_what_comes_before_the_first_report_of_a_stage_is_its_own(clock: Any, counted: dict[str, float]) -> None:
    times = StageTimer()
    for seconds, stage, share in [
        (1, Stage.PROBE, 0.0),
        (2, Stage.PROBE, 1.0),
        (3, Stage.SAMPLE, 0.5),
        (4, Stage.SAMPLE, 1.0),
        (30, Stage.SCORE, 1.0),
        (0.5, Stage.TIMELINE, 0.0),
    ]:
        clock[0] += seconds
        times.report(stage, share)
    clock[0] += 6
    times.finish()
    assert counted == {Stage.PROBE: 3, Stage.SAMPLE: 7, Stage.SCORE: 30.5, Stage.TIMELINE: 6}


def test_where_nothing_was_reported_nothing_is_counted(counted: dict[str, float]) -> None:
    StageTimer().finish()
    assert counted == {}
