"""Counts and durations that every process adds to. They lie in Redis, so that they come out right whichever web
process is asked, and whatever container the workers run in. Counting never stands in the way of the work.
"""

import json
import logging
from bisect import bisect_left
from collections.abc import Iterator

import redis
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from webapp.core.redis_client import redis_client

KEY = "emotrace:measures"
ALL: list["Counter"] = []

logger = logging.getLogger(__name__)


class Counter:
    """A sum that only grows, one for each combination of its labels."""

    def __init__(self, name: str, help: str, *labels: str) -> None:
        self.name = f"emotrace_{name}"
        self.help = help
        self.labels = labels
        ALL.append(self)

    def add(self, amount: float = 1.0, **labels: str) -> None:
        self._write({"sum": amount}, labels)

    def _write(self, parts: dict[str, float], labels: dict[str, str]) -> None:
        values = [labels[name] for name in self.labels]
        try:
            with redis_client().pipeline(transaction=False) as pipeline:
                for part, amount in parts.items():
                    pipeline.hincrbyfloat(KEY, json.dumps([self.name, *values, part]), amount)
                pipeline.execute()
        except redis.RedisError:
            logger.warning("%s is not counted: Redis does not answer", self.name)

    def family(self, parts: dict[tuple[str, ...], dict[str, float]]) -> Metric:
        """For Prometheus: `parts` by the values of the labels."""
        family = CounterMetricFamily(self.name, self.help, labels=self.labels)
        for values, found in parts.items():
            family.add_metric(values, found["sum"])
        return family


class Histogram(Counter):
    """How often something took how much, in `buckets` by their upper ends."""

    def __init__(self, name: str, help: str, *labels: str, buckets: tuple[float, ...]) -> None:
        super().__init__(name, help, *labels)
        self.ends = [*map(str, buckets), "+Inf"]
        self.buckets = buckets

    def observe(self, amount: float, **labels: str) -> None:
        self._write({self.ends[bisect_left(self.buckets, amount)]: 1, "sum": amount}, labels)

    def family(self, parts: dict[tuple[str, ...], dict[str, float]]) -> Metric:
        family = HistogramMetricFamily(self.name, self.help, labels=self.labels)
        for values, found in parts.items():
            count, buckets = 0.0, []
            for end in self.ends:
                count += found.get(end, 0)
                buckets.append((end, count))
            family.add_metric(values, buckets, found["sum"])
        return family


def collect() -> Iterator[Metric]:
    """Every measure as it stands. Raises redis.RedisError."""
    found: dict[str, dict[tuple[str, ...], dict[str, float]]] = {}
    for key, amount in redis_client().hgetall(KEY).items():
        name, *values, part = json.loads(key)
        found.setdefault(name, {}).setdefault(tuple(values), {})[part] = float(amount)
    for measure in ALL:
        yield measure.family(found.get(measure.name, {}))


SHORT = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
LONG = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
FACTORS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)

REQUEST_SECONDS = Histogram("request_seconds", "Time to the head of an answer.", "view", "status", buckets=SHORT)
UPLOAD_BYTES = Counter("upload_bytes", "Bytes of the recordings that were kept.")
ATTEMPTS = Counter("attempts", "Steps of analyses that a worker ended, by how.", "step", "outcome")
REAPED = Counter("reaped", "Analyses whose worker was lost, by what became of them.", "outcome")
LEFT_BEHIND = Counter("left_behind", "Tries to remove files of what was erased that failed; each is repeated.")
STAGE_SECONDS = Histogram("stage_seconds", "Time a stage of an analysis took.", "stage", buckets=LONG)
REAL_TIME_FACTOR = Histogram("real_time_factor", "Seconds of work on a second of recording.", "step", buckets=FACTORS)
