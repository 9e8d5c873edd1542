"""Prometheus metrics of this process.

Where PROMETHEUS_MULTIPROC_DIR is set, as for gunicorn's workers and the processes of `manage.py serve`, processes share
their values in that directory, and any of them exposes the sum.
"""

import os

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector

from webapp.core.environment import Environment

SHORT_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
LONG_SECONDS = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
FACTORS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)

# prometheus_client opens a file there for each metric.
Environment(os.environ).directory("PROMETHEUS_MULTIPROC_DIR")
disable_created_metrics()
REGISTRY = CollectorRegistry()

REQUEST_SECONDS = Histogram(
    "emotrace_request_seconds",
    "Time to the head of a response.",
    ["view", "status"],
    buckets=SHORT_SECONDS,
    registry=REGISTRY,
)
UPLOAD_BYTES = Counter("emotrace_upload_bytes", "Bytes of the stored recordings.", registry=REGISTRY)
ATTEMPTS = Counter(
    "emotrace_attempts", "Steps of analyses that a worker ended, by outcome.", ["step", "outcome"], registry=REGISTRY
)
REAPED = Counter("emotrace_reaped", "Analyses whose worker was lost, by outcome.", ["outcome"], registry=REGISTRY)
LEFT_BEHIND = Counter(
    "emotrace_left_behind", "Failed deletions of orphaned files; each is repeated.", registry=REGISTRY
)
STAGE_SECONDS = Histogram(
    "emotrace_stage_seconds", "Duration of an analysis's stage.", ["stage"], buckets=LONG_SECONDS, registry=REGISTRY
)
REAL_TIME_FACTOR = Histogram(
    "emotrace_real_time_factor",
    "Seconds of work per second of recording.",
    ["step"],
    buckets=FACTORS,
    registry=REGISTRY,
)


def registry() -> CollectorRegistry:
    """The metrics of all processes that share a directory with this one, or else its own."""
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return REGISTRY
    shared = CollectorRegistry()
    MultiProcessCollector(shared)
    return shared


def expose(port: int | None) -> None:
    """Answer Prometheus on `port` in a background thread, for processes without a web server; None does nothing."""
    if port is not None:
        start_http_server(port, registry=registry())
