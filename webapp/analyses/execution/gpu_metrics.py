"""GPU memory of the workers. Each worker records its own in Redis after every analysis."""

import json
import socket
import sys
import time
from collections.abc import Iterator

import redis
from prometheus_client.core import GaugeMetricFamily, Metric

from webapp.core.redis_client import redis_client

KEY = "emotrace:gpu"
RETENTION_SECONDS = 3600


def record() -> None:
    """Record this worker's GPU memory, if it has loaded torch and there is a GPU."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return
    free, total = torch.cuda.mem_get_info()
    state = json.dumps([time.time(), total - free, total])
    try:
        redis_client().hset(KEY, socket.gethostname(), state)
    except redis.RedisError:
        return


def collect() -> Iterator[Metric]:
    """The recent records as Prometheus metrics. Raises redis.RedisError."""
    used = GaugeMetricFamily("emotrace_gpu_memory_used_bytes", "GPU memory in use.", labels=["worker"])
    total = GaugeMetricFamily("emotrace_gpu_memory_bytes", "GPU memory there is.", labels=["worker"])
    records: dict[str, str] = redis_client().hgetall(KEY)  # type: ignore[assignment]  # they are decoded
    for worker, state in records.items():
        at, in_use, size = json.loads(state)
        if time.time() - at > RETENTION_SECONDS:
            redis_client().hdel(KEY, worker)
            continue
        used.add_metric([worker], in_use)
        total.add_metric([worker], size)
    yield from (used, total)
