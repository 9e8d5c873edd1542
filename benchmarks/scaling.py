"""How much faster several workers read one long recording; writes docs/benchmarks/scaling.md.

`python -m benchmarks.scaling [--seconds N] [--span-seconds N] [--workers N ...]` makes a recording of the sample at
1280 x 720 and a database of its own. Each worker has one thread and, with what it starts, one core, so that one worker
does not use what the second one is measured with.
"""

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from benchmarks.clip import make_clip
from benchmarks.reporting import ROOT, circumstances

if TYPE_CHECKING:
    from webapp.recordings.models import Recording

REPORT = ROOT / "docs/benchmarks/scaling.md"
WARM_UP_S = 10
STOP_S = 60


@dataclass(frozen=True)
class Run:
    """One reading of the recording: seconds from the request to the timeline, and of CPU of all workers."""

    workers: int
    spans: int
    wall_s: float
    cpu_s: float


def measure(place: Path, seconds: int, span_s: float, counts: Sequence[int]) -> list[Run]:
    """Read the recording as a whole by one worker, then in spans by each number of workers."""
    os.environ |= {
        "EMOTRACE_DATA_DIR": str(place / "data"),
        "DJANGO_SETTINGS_MODULE": "webapp.config.settings",
        "EMOTRACE_LOG_LEVEL": "ERROR",
        "OMP_NUM_THREADS": "1",
    }
    import django

    django.setup()
    from django.core.management import call_command

    from webapp.local import embedded
    from webapp.storage import media

    short, long = place / "short.mp4", place / "long.mp4"
    make_clip(short, WARM_UP_S)
    make_clip(long, seconds)
    with embedded.servers_running():
        call_command("migrate", verbosity=0)
        media.create_directories()
        recordings = [_received(path) for path in (short, long)]
        return [_run(recordings, 1, 0), *(_run(recordings, workers, span_s) for workers in counts)]


def _received(path: Path) -> "Recording":
    """A recording without a queued analysis."""
    from django.core.files import File

    from webapp.accounts.models import User
    from webapp.analyses import services
    from webapp.recordings.services import NewRecording, RecordingFiles

    owner, _ = User.objects.get_or_create(username="researcher")
    with path.open("rb") as file:
        new = NewRecording(files=RecordingFiles(File(file, path.name)), consent=True)
        analysis = services.submit(owner=owner, new=new)
    services.cancel(analysis=analysis)
    return analysis.recording


def _run(recordings: list["Recording"], workers: int, span_s: float) -> Run:
    from django.conf import settings

    short, long = recordings
    settings.SPAN_SECONDS = 0
    with _workers(workers) as processes:
        _read([short] * 2 * workers)
        settings.SPAN_SECONDS = span_s
        before, started = _cpu_s(processes), time.monotonic()
        spans = _read([long])
        return Run(workers, spans, time.monotonic() - started, _cpu_s(processes) - before)


def _read(recordings: list["Recording"]) -> int:
    """Wait for the timelines of new analyses; returns the number of spans."""
    from webapp.analyses import services
    from webapp.analyses.models import Analysis

    analyses = [services.rerun(recording=recording) for recording in recordings]
    spans = sum(analysis.spans.count() for analysis in analyses)
    waiting = Analysis.objects.filter(pk__in=[analysis.pk for analysis in analyses], timeline_at=None)
    while waiting.exists():
        failed = waiting.filter(status=Analysis.Status.FAILED).values_list("error_message", flat=True)
        if failed:
            raise RuntimeError(failed[0])
        time.sleep(0.1)
    return spans


@contextmanager
def _workers(count: int) -> Iterator[list[psutil.Process]]:
    from django.conf import settings

    cores = sorted(os.sched_getaffinity(0))
    command = [sys.executable, "-m", "celery", "--app", "webapp.config", "--quiet", "worker", "--pool", "solo"]
    command += ["--queues", settings.INFERENCE_QUEUE, "--without-gossip", "--without-mingle"]
    running = []
    try:
        for number, core in zip(range(count), itertools.cycle(cores), strict=False):
            bound = ["taskset", "--cpu-list", str(core), *command, "--hostname", f"worker{number}@benchmark"]
            running.append(subprocess.Popen(bound, cwd=ROOT))
        yield [psutil.Process(process.pid) for process in running]
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(STOP_S)


def _cpu_s(processes: list[psutil.Process]) -> float:
    """CPU seconds of the processes, of those that they have started, and of those that have ended."""
    everyone = {each for process in processes for each in (process, *process.children(recursive=True))}
    return sum(sum(each.cpu_times()[:4]) for each in everyone)


def report(runs: list[Run], seconds: int) -> str:
    alone = runs[0].wall_s
    lines = [
        "# One long recording and several workers",
        "",
        f"{circumstances()}. {seconds} s of 1280 x 720 at 25 frames a second with sound, from the request to the "
        "timeline. Each worker has one thread and one core, and is warm; the first row is one worker without spans.",
        "",
        "| Workers | Spans | Wall, s | CPU, s | Seconds a second of video | Times as fast |",
        "| ---: | ---: | ---: | ---: | ---: | ---: |",
        *(
            f"| {run.workers} | {run.spans or 'none'} | {run.wall_s:.1f} | {run.cpu_s:.1f} "
            f"| {run.wall_s / seconds:.3f} | {alone / run.wall_s:.2f} |"
            for run in runs
        ),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--span-seconds", type=float, default=150)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="emotrace-scaling-") as folder:
        text = report(measure(Path(folder), options.seconds, options.span_seconds, options.workers), options.seconds)
    REPORT.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
