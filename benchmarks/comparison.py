"""How long the page of a comparison takes; writes docs/benchmarks/comparison.md.

`python -m benchmarks.comparison [--recordings N]` builds a database of N recordings of ten minutes in two conditions
and asks for the page of a comparison again and again, as a browser does.
"""

import argparse
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.reporting import ROOT, circumstances
from benchmarks.table import DURATION_S, build, cpu_seconds

if TYPE_CHECKING:
    from webapp.recordings.models import Project

REPORT = ROOT / "docs/benchmarks/comparison.md"
REPETITIONS = 20
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


def measure(recordings: int) -> list[dict[str, Any]]:
    """Seconds of the page for each question."""
    from django.test import Client
    from django.urls import reverse

    from webapp.recordings.models import Project

    build("all", recordings)
    project = Project.objects.get()
    factor = put_into_conditions(project)
    client = Client()
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


def document(found: list[dict[str, Any]], recordings: int) -> str:
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
            f"{recordings} recordings of {DURATION_S / 60:.0f} minutes in two conditions, compared {REPETITIONS} times "
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
    parser = argparse.ArgumentParser(prog="python -m benchmarks.comparison")
    parser.add_argument("--recordings", type=int, default=100)
    parser.add_argument("--place", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.place:
        os.environ |= {"EMOTRACE_DATA_DIR": str(options.place), "DJANGO_SETTINGS_MODULE": "webapp.config.settings"}
        import django

        django.setup()
        from django.core.management import call_command
        from django.test.utils import setup_test_environment

        from webapp.local import embedded

        with embedded.servers_running():
            logging.disable(logging.INFO)
            setup_test_environment()  # the client's host is allowed
            call_command("migrate", verbosity=0)
            print(json.dumps(measure(options.recordings)))
        return
    with tempfile.TemporaryDirectory(prefix="emotrace-comparison-") as place:
        command = [
            *(sys.executable, "-m", "benchmarks.comparison"),
            *("--place", place, "--recordings", str(options.recordings)),
        ]
        output = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    text = document(json.loads(output.splitlines()[-1]), options.recordings)
    REPORT.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
