"""How long the page of a comparison takes; writes docs/benchmarks/comparison.md.

`python -m benchmarks.comparison` builds a database of 100 recordings of ten minutes in two conditions
and asks for the page of a comparison again and again, as a browser does.
"""

import logging
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.own_database import own_database
from benchmarks.reporting import ROOT, circumstances
from benchmarks.table import DURATION_S, build, cpu_seconds

if TYPE_CHECKING:
    from webapp.recordings.models import Project

REPORT = ROOT / "docs/benchmarks/comparison.md"
RECORDINGS, REPETITIONS = 100, 20
LIMIT_S = 1.0
EMOTIONS = ["neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised"]
QUESTIONS: dict[str, dict[str, Any]] = {
    "one measure": {"labels": ["happy"]},
    "eight measures": {"labels": EMOTIONS},
    "eight measures, relative to the baseline": {"labels": EMOTIONS, "baseline": "on"},
}


def put_into_conditions(project: "Project") -> str:
    """Give every other recording of a participant the one condition or the other; the id of the variable."""
    from webapp.studies.models import Variable, VariableValue

    condition = Variable.objects.create(
        project=project, name="condition", kind="category", unit_of="recording", levels=["a", "b"]
    )
    counts: dict[Any, int] = {}
    for recording in project.recordings.order_by("pk"):
        counts[recording.participant_id] = number = counts.get(recording.participant_id, 0) + 1
        VariableValue.objects.create(variable=condition, recording=recording, text="ab"[number % 2])
    return str(condition.pk)


def measure() -> list[dict[str, Any]]:
    """Seconds of the page for each question."""
    from django.test import Client
    from django.urls import reverse

    from webapp.recordings.models import Project

    build("all", RECORDINGS)
    project = Project.objects.get()
    factor = put_into_conditions(project)
    client = Client(SERVER_NAME="localhost")
    client.force_login(project.owner)
    address = reverse("pages:project-compare", args=[project.pk])
    always = {"factor": factor, "kinds": ["mean_probability"], "paired": "on", "reader": "machine"}
    found = []
    for name, asked in QUESTIONS.items():
        seconds, cpu = [], []
        for _ in range(REPETITIONS):
            started, before = time.perf_counter(), cpu_seconds()
            page = client.get(address, asked | always)
            seconds.append(time.perf_counter() - started)
            cpu.append(cpu_seconds() - before)
            assert b'id="statistics"' in page.content, page.content.decode()
        found.append({"question": name, "seconds": seconds, "cpu": cpu})
    return found


def document(found: list[dict[str, Any]]) -> str:
    def p95(values: list[float]) -> float:
        return statistics.quantiles(values, n=20)[-1]

    rows = [
        f"| {one['question']} | {statistics.median(one['seconds']):.2f} | {p95(one['seconds']):.2f} "
        f"| {statistics.median(one['cpu']):.2f} | {p95(one['cpu']):.2f} |"
        for one in found
    ]
    kept = all(p95(one["cpu"]) < LIMIT_S for one in found)
    return "\n".join(
        [
            "# The page of a comparison",
            "",
            f"{RECORDINGS} recordings of {DURATION_S / 60:.0f} minutes in two conditions, compared {REPETITIONS} times "
            f"by `python -m benchmarks.comparison` on {circumstances()}. CPU time is that of the process and of its "
            "database connection: it hardly depends on what else the machine does, as the wall time does. The limit of "
            f"{LIMIT_S:.0f} s of it in 95 of 100 requests is {'kept' if kept else 'not kept'}.",
            "",
            "| Question | s, median | s, 95 % | CPU s, median | CPU s, 95 % |",
            "| --- | --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="emotrace-comparison-") as place, own_database(Path(place)):
        logging.disable(logging.INFO)
        text = document(measure())
    REPORT.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
