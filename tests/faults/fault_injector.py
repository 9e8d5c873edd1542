"""The workers' Celery application, with places where a test can stop one of them, and files that break its decoder.

A test leaves an order, a file named after a place, in ORDERS. The first worker that gets there takes it, by giving it
its own process id. If the file is empty, it waits until the test removes it, or kills the worker; if it holds a number,
the worker's clock jumps by so many seconds, and the work goes on.
"""

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache, wraps
from pathlib import Path
from typing import Any

import django
import time_machine

django.setup()

from inference.hashing import sha256_file  # noqa: E402
from inference.predictors import audio_visual  # noqa: E402
from inference.sandbox import client  # noqa: E402
from inference.types import Stage  # noqa: E402
from tests.hostile import readers  # noqa: E402
from webapp.analyses import events  # noqa: E402
from webapp.analyses.execution import dispatch, lease, span_lease  # noqa: E402
from webapp.analyses.models import Span  # noqa: E402
from webapp.config import app  # noqa: E402

__all__ = ["app"]

ORDERS = Path(os.environ["TEST_ORDERS"])
BROKEN = {"hang": readers.frames_that_hang, "crash": readers.frames_that_crash, "eat": readers.frames_that_eat}
client.TIMEOUT_S = 5.0  # nobody waits as long here as for a real recording


def reach(place: str) -> None:
    taken = ORDERS / f"{place}.{os.getpid()}"
    try:
        (ORDERS / place).rename(taken)
    except FileNotFoundError:
        return
    if seconds := taken.read_text():
        clock().shift(float(seconds))
        taken.unlink()
    while taken.exists():
        time.sleep(0.02)


@cache
def clock() -> time_machine.Traveller:
    """What Python takes for the time of day; how long something lasts (time.monotonic) stays as it is."""
    return time_machine.travel(datetime.now(UTC), tick=True).start()


def stopping_first(function: Callable[..., Any], place: Callable[..., str | None]) -> Callable[..., Any]:
    @wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if (here := place(*args, **kwargs)) is not None:
            reach(here)
        return function(*args, **kwargs)

    return wrapped


read_frames: Callable[..., Iterator[Any]] = vars(audio_visual)["frames_at"]


def frames(path: Path, *args: Any) -> Iterator[Any]:
    for way, reader in BROKEN.items():
        if (ORDERS / f"{way}-{sha256_file(path)}").exists():
            return reader(path, *args)
    return read_frames(path, *args)


vars(audio_visual)["frames_at"] = frames


def within(held: lease.LeaseKeeper, stage: Stage, share: float) -> str:
    """A stage: "probe", "sample", "score", "timeline", "render"; or "join" where pieces of the rendering are."""
    joins = stage is Stage.RENDER and not isinstance(held.lease, span_lease.SpanLease)
    return "join" if joins and Span.objects.filter(analysis=held.lease.pk).exists() else str(stage)


lease.LeaseKeeper.progress = stopping_first(lease.LeaseKeeper.progress, within)  # type: ignore[method-assign]
# "span", "piece": what was read of a span, or rendered, is not stored.
span_lease.SpanLease.publish = stopping_first(  # type: ignore[method-assign]
    span_lease.SpanLease.publish, lambda held, **result: "piece" if held.published else "span"
)
# "announce": the timeline is published, the message about it not sent.
dispatch.enqueue = stopping_first(dispatch.enqueue, lambda pk, published: "announce" if published else None)
# "publish": the labelled video lies in its place, its row is not committed.
events.emit_analysis_event = stopping_first(
    events.emit_analysis_event, lambda event, pk: "publish" if event is events.EventType.SUCCEEDED else None
)
