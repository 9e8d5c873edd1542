"""Measures one shape: `python -m benchmarks.queries.measure SHAPE DIRECTORY SEGMENTS` prints JSON.

A database in the directory is used again, with its migrations applied.
"""

import json
import logging
import math
import os
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.own_database import own_database
from benchmarks.queries import rows

if TYPE_CHECKING:
    from django.test import Client

RUNS, FEWEST_RUNS, LIMIT_S = 20, 5, 2.0  # of each address; fewer where they take longer than the limit together
REST = "/api/v1"
PAGES = {
    "first page": "/",
    "last page": "/?page=last",
    "label": "/?label=happy",
    "status": "/?status=succeeded",
    "rare status": "/?status=failed",
    "model": "/?model=intermediate-attention-5",
    "tag": "/?tag=tag+3",
    "two tags": "/?tag=tag+3,tag+6",
    "project": "/?project={project}",
    "purpose": "/?purpose=unstated",
    "search": "/?search=visit-77",
    "search, nothing found": "/?search=zebra",
    "every filter": "/?search=visit&label=happy&tag=tag+3&status=succeeded&created_after=2020-01-01&ordering=title",
    "by title": "/?ordering=title",
    "by duration": "/?ordering=-duration_s",
    "expiring": "/?delete_before=2027-12-31",
    "projects and tags": "/projects/",
    "account": "/account/",
}
RECORDINGS = {
    "all": "",
    "label": "?label=happy",
    "rare label": "?label=surprised",
    "status": "?status=succeeded",
    "model": "?model=intermediate-attention-5",
    "tag": "?tag=tag+3",
    "project": "?project={project}",
    "search": "?search=visit-77",
    "by title": "?ordering=title",
    "by duration": "?ordering=-duration_s",
    "created before": "?created_before=2020-01-01",
}
ANALYSES = {
    "all": "",
    "label": "?label=happy",
    "rare label": "?label=surprised",
    "unknown label": "?label=bored",
    "status": "?status=failed",
    "model": "?model=intermediate-attention-5@1",
    "recording": "?recording={recording}",
    "tag": "?tag=tag+3",
    "project": "?project={project}",
    "search": "?search=visit-77",
    "label and status": "?label=happy&status=failed",
    "by label": "?ordering=label",
    "by status": "?ordering=-status",
    "by model": "?ordering=model_name",
    "created before": "?created_before=2020-01-01",
}
SEGMENTS = {
    "all": "",
    "label": "?label=happy",
    "rare label": "?label=surprised",
    "unknown label": "?label=bored",
    "min. confidence 0.9": "?min_confidence=0.9",
    "min. confidence 0.9999": "?min_confidence=0.9999",
    "min. confidence 1": "?min_confidence=1",
    "min. duration 20": "?min_duration=20",
    "min. duration 28": "?min_duration=28",
    "label, confidence": "?label=surprised&min_confidence=0.999",
    "label, confidence, duration": "?label=happy&min_confidence=0.9&min_duration=20",
    "rare label, confidence, duration": "?label=surprised&min_confidence=0.99&min_duration=28",
    "recording": "?recording={recording}",
    "recording and label": "?recording={recording}&label=happy",
    "tag": "?tag=tag+3",
    "tag and label": "?tag=tag+3&label=surprised",
    "project": "?project={project}",
    "project and label": "?project={project}&label=surprised",
    "search": "?search=visit-77",
    "search, one recording": "?search={title}",
    "search, nothing found": "?search=zebra",
    "least confident": "?ordering=confidence",
    "most confident": "?ordering=-confidence",
    "shortest": "?ordering=duration_s",
    "longest": "?ordering=-duration_s",
    "oldest": "?ordering=id",
    "label, most confident": "?label=happy&ordering=-confidence",
    "rare label, longest": "?label=surprised&ordering=-duration_s",
    "min. confidence, longest": "?min_confidence=0.99&ordering=-duration_s",
    "min. duration, most confident": "?min_duration=28&ordering=-confidence",
    "project, most confident": "?project={project}&ordering=-confidence",
    "search, most confident": "?search=visit-77&ordering=-confidence",
    "thousand": "?page_size=1000",
}
# Asked for again with their ETag, too.
RESULTS = {
    "progress on the page": "/analyses/{analysis}/live/?state=11",
    "state": f"{REST}/analyses/{{analysis}}/",
    "segments": f"{REST}/analyses/{{analysis}}/segments/",
    "export": f"{REST}/analyses/{{analysis}}/export/csv/",
}
ADDRESSES = {
    **{f"page: {name}": address for name, address in PAGES.items()},
    **{f"recordings: {name}": f"{REST}/recordings/{query}" for name, query in RECORDINGS.items()},
    **{f"analyses: {name}": f"{REST}/analyses/{query}" for name, query in ANALYSES.items()},
    **{f"segments: {name}": f"{REST}/segments/{query}" for name, query in SEGMENTS.items()},
    **{f"one analysis: {name}": address for name, address in RESULTS.items()},
}
UNCHANGED = ", unchanged"


def measure(shape: rows.Shape, place: Path, segments: int, names: list[str]) -> dict[str, Any]:
    """Sizes of tables and, by address: median and 95th percentile of the answers in milliseconds of wall and of CPU
    time, the number of queries, and the plan of the slowest.

    CPU time is that of the web process and of the database's process together, without parallel workers: it hardly
    depends on what else the machine does.
    """
    os.environ |= {"EMOTRACE_RATE_READ": "", "PGOPTIONS": "-c max_parallel_workers_per_gather=0"}
    with own_database(place):
        from django.test import Client

        from webapp.accounts.models import User
        from webapp.config import wsgi  # noqa: F401  the state of a web process

        logging.disable(logging.INFO)
        if not User.objects.exists():
            rows.build(shape, segments)
        client = Client(SERVER_NAME="localhost")
        user = User.objects.order_by("pk")[shape.users // 2]
        client.force_login(user)
        recording = user.recordings.order_by("created_at")[user.recordings.count() // 2]
        values = {
            "project": recording.project_id,
            "recording": recording.pk,
            "title": recording.title,
            "analysis": recording.analyses.latest("created_at").pk,
        }
        found = {}
        for name in names or ADDRESSES:
            address = ADDRESSES[name].format(**values)
            found[name] = _timed(client, address)
            if etag := client.get(address).headers.get("ETag"):
                found[f"{name}{UNCHANGED}"] = _timed(client, address, {"If-None-Match": etag})
        polls = [_polls(60 * minute) for minute in (0, 1, 3)]
        return {"sizes": _table_sizes(), "answers": found, "polls": polls}


def _timed(client: "Client", address: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    _milliseconds(client, address, headers)
    times = [_milliseconds(client, address, headers) for _ in range(FEWEST_RUNS)]
    while len(times) < RUNS and sum(wall for wall, _ in times) < 1000 * LIMIT_S:
        times.append(_milliseconds(client, address, headers))
    wall, cpu = (sorted(each) for each in zip(*times, strict=True))
    with CaptureQueriesContext(connection) as captured:
        client.get(address, headers=headers)
    reads = [query for query in captured.captured_queries if query["sql"].startswith("SELECT")]
    slowest = max(reads, key=lambda query: float(query["time"]))
    figures = {"wall": _median_p95(wall), "cpu": _median_p95(cpu), "queries": len(captured)}
    return figures | {"plan": _plan(slowest["sql"])}


def _polls(start_s: int) -> int:
    """How often a page asks for the progress in the minute that begins at this age of the analysis."""
    from datetime import timedelta

    from django.utils import timezone

    from webapp.analyses.models import Analysis
    from webapp.pages.timeline.progress import poll_interval_s

    age_s, count = 0, 0
    while age_s < start_s + 60:
        count += age_s >= start_s
        age_s += poll_interval_s(Analysis(created_at=timezone.now() - timedelta(seconds=age_s)))
    return count


def _median_p95(times: list[float]) -> tuple[float, float]:
    return statistics.median(times), times[math.ceil(0.95 * len(times)) - 1]


def _milliseconds(client: "Client", address: str, headers: dict[str, str] | None) -> tuple[float, float]:
    """Wall and CPU time of an answer."""
    before = time.perf_counter(), time.process_time() + _database_seconds()
    answer = client.get(address, headers=headers)
    after = time.perf_counter(), time.process_time() + _database_seconds()
    assert answer.status_code == (304 if headers else 200), (address, answer.status_code)
    return 1000 * (after[0] - before[0]), 1000 * (after[1] - before[1])


def _database_seconds() -> float:
    """CPU seconds of the connection's process so far."""
    from django.db import connection

    connection.ensure_connection()
    return int(Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text().split()[0]) / 1e9


def _plan(sql: str) -> str:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS OFF, TIMING OFF, COSTS OFF) {sql.replace('%', '%%')}", [])
        return "\n".join(line for (line,) in cursor.fetchall())


def _table_sizes() -> dict[str, tuple[int, int]]:
    """Bytes of each table's rows and of its indexes."""
    from django.apps import apps
    from django.db import connection

    sizes = {}
    with connection.cursor() as cursor:
        for model in apps.get_app_config("analyses").get_models():
            table = model._meta.db_table
            cursor.execute("SELECT pg_table_size(%s::regclass), pg_indexes_size(%s::regclass)", [table, table])
            sizes[table] = cursor.fetchone()
    return sizes


if __name__ == "__main__":
    shape, place, segments, *names = sys.argv[1:]
    print(json.dumps(measure(rows.SHAPES[shape], Path(place), int(segments), names)))
