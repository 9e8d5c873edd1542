"""A worker of the inference queue loads what its first analysis needs before it is ready."""

from types import SimpleNamespace
from typing import Any

import pytest

from inference import pipeline
from inference.sandbox import client
from webapp.analyses import tasks


def started(queue: str, pool: str) -> Any:
    queues = SimpleNamespace(consume_from={queue: None})
    return SimpleNamespace(app=SimpleNamespace(amqp=SimpleNamespace(queues=queues)), pool_cls=pool)


@pytest.mark.parametrize(
    ("queue", "pool", "warms"),
    [("inference", "solo", True), ("inference", "prefork", False), ("render", "solo", False)],
)
def test_only_a_worker_that_analyses_in_its_own_process_warms_up(
    queue: str, pool: str, warms: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[bool] = []
    monkeypatch.setattr(pipeline, "warm_up", lambda: calls.append(True))
    tasks.warm_up(started(queue, pool))
    assert bool(calls) is warms


@pytest.mark.slow
def test_the_sandbox_runs_behind_the_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_server", None)
    pipeline.warm_up()
    server = client._server
    assert server is not None
    server.close()
