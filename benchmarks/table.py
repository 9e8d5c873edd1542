"""How long the table of a project takes, and with how much memory; writes docs/benchmarks/table.md.

`python -m benchmarks.table [--recordings N]` builds a database of N recordings of ten minutes, and a tenth as many in a
project of their own. The small project comes first, so that what grows afterwards depends on the number of rows.
"""

import argparse
import gc
import json
import logging
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil

from benchmarks.own_database import own_database
from benchmarks.reporting import ROOT, circumstances

if TYPE_CHECKING:
    from webapp.recordings.models import Project

REPORT = ROOT / "docs/benchmarks/table.md"
DURATION_S, WINDOW_S, HOP_S, FACE_STEP_S = 600.0, 3.6, 0.72, 0.24
PARTICIPANTS, MARKERS = 10, 8
LIMIT_S, LIMIT_MIB = 10.0, 64.0
PROJECTS = ("a tenth", "all")


def build(name: str, recordings: int) -> None:
    """Insert a project of recordings with windows, segments, faces and markers of random readings."""
    from django.utils import timezone

    from inference.timeline.segmentation import segment_windows
    from inference.types import EMOTIONS, Source, Window
    from webapp.accounts.models import User
    from webapp.analyses.models import Analysis, FaceTrack, Segment, WindowScore
    from webapp.recordings import consent
    from webapp.recordings.models import Participant, Project, Recording
    from webapp.studies.models import Marker

    now, rng = timezone.now(), np.random.default_rng(1)
    owner, _ = User.objects.get_or_create(username="anna")
    project = Project.objects.create(owner=owner, name=name)
    people = [Participant.objects.create(project=project, code=f"P{number:02}") for number in range(PARTICIPANTS)]
    starts = np.arange(0, DURATION_S - WINDOW_S + 1e-6, HOP_S)
    for number in range(recordings):
        recording = Recording.objects.create(
            owner=owner, project=project, participant=people[number % PARTICIPANTS], title=f"Session {number}",
            consent_at=now, consent_version=consent.VERSION, duration_s=DURATION_S, width=1280, height=720, fps=25.0,
            has_audio=True, has_eeg=False, bytes=1000,
        )  # fmt: skip
        analysis = Analysis.objects.create(
            recording=recording, model_name="intermediate-attention-8", model_version="2", dispatched_at=now,
            timeline_at=now, mode="audio-video", labels=list(EMOTIONS), status=Analysis.Status.SUCCEEDED,
        )  # fmt: skip
        logits = np.cumsum(rng.normal(0, 0.3, (3, len(starts), len(EMOTIONS))), axis=1)
        shares = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
        fused, face, voice = shares.tolist()
        windows = [
            Window(start, start + WINDOW_S, Source.AUDIO_VIDEO, tuple(fused[at]), tuple(fused[at]), 1.0, 0.5)
            for at, start in enumerate(starts.tolist())
        ]
        WindowScore.objects.bulk_create(
            WindowScore(
                analysis=analysis, start_s=one.start_s, end_s=one.end_s, source=one.source, logits=fused[at],
                probabilities=fused[at], face=1.0, voice=0.5, unimodal={"face": face[at], "voice": voice[at]},
            )
            for at, one in enumerate(windows)
        )  # fmt: skip
        Segment.objects.bulk_create(
            Segment(
                analysis=analysis, owner=owner, start_s=one.start_s, end_s=one.end_s, label=one.label,
                confidence=one.confidence, probabilities=[*one.probabilities.values()], face=1.0, voice=0.5, eeg=0.0,
            )
            for one in segment_windows(windows, EMOTIONS, DURATION_S, HOP_S)
        )  # fmt: skip
        times = np.arange(0, DURATION_S, FACE_STEP_S)
        boxes = [[600, 200, 160, int(height)] for height in rng.integers(120, 220, len(times))]
        FaceTrack.objects.create(analysis=analysis, step_s=FACE_STEP_S, times_s=times.tolist(), boxes=boxes)
        spans = [("baseline", 0.0, 20.0), ("exclude", 100.0, 130.0)]
        spans += [("stimulus", 60.0 * at, 60.0 * at + 30) for at in range(1, MARKERS + 1)]
        Marker.objects.bulk_create(
            Marker(recording=recording, kind=kind, start_s=start, end_s=end, source="person")
            for kind, start, end in spans
        )


def measure(recordings: int) -> list[dict[str, Any]]:
    """Write every table of both projects; what the larger one needs."""
    from webapp.recordings.models import Project
    from webapp.studies.table.columns import Unit
    from webapp.studies.table.files import CSV, PARQUET

    for name, count in zip(PROJECTS, (max(1, recordings // 10), recordings), strict=True):
        build(name, count)
    small, large = (Project.objects.get(name=name) for name in PROJECTS)
    gc.freeze()  # as web processes do, which write the tables
    found = []
    for unit in Unit:
        for format in (CSV, PARQUET):
            write(small, unit, format)
            found.append({"unit": str(unit), "format": format, **write(large, unit, format)})
    return found


def write(project: "Project", unit: Any, format: str) -> dict[str, float]:
    """Write one table; its time, size and rise of resident memory."""
    from webapp.studies.table.files import Table

    process = psutil.Process()
    before, started, cpu = process.memory_info().rss, time.perf_counter(), cpu_seconds()
    size, peak = 0, before
    for piece in Table(project, unit, own=True).write(format):
        size += len(piece)
        peak = max(peak, process.memory_info().rss)
    return {
        "seconds": time.perf_counter() - started,
        "cpu": cpu_seconds() - cpu,
        "mib": size / 2**20,
        "rise": (peak - before) / 2**20,
    }


def cpu_seconds() -> float:
    """CPU time of this process and of its database connection's, which hardly depends on what else the machine does."""
    from django.db import connection

    connection.ensure_connection()
    database = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text().split()[0]
    return time.process_time() + int(database) / 1e9


def document(found: list[dict[str, Any]], recordings: int) -> str:
    rows = [
        f"| {one['unit']} | {one['format']} | {one['seconds']:.1f} | {one['cpu']:.1f} | {one['mib']:.1f} "
        f"| {one['rise']:.0f} |"
        for one in found
    ]
    slowest, busiest, rise = (max(one[name] for one in found) for name in ("seconds", "cpu", "rise"))
    return "\n".join(
        [
            "# The table of a project",
            "",
            f"{recordings} recordings of {DURATION_S / 60:.0f} minutes, written by `python -m benchmarks.table` on "
            f"{circumstances()}. CPU time is that of the process and of its database connection: it hardly depends on "
            f"what else the machine does, as the wall time does. The limit of {LIMIT_S:.0f} s is "
            f"{_kept(slowest < LIMIT_S)} by the clock and {_kept(busiest < LIMIT_S)} in CPU time; the limit of "
            f"{LIMIT_MIB:.0f} MiB by which memory may rise beyond a project a tenth as large is "
            f"{_kept(rise < LIMIT_MIB)}.",
            "",
            "| Unit | Format | s | CPU s | MiB | Rise of memory, MiB |",
            "| --- | --- | --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def _kept(is_kept: bool) -> str:
    return "kept" if is_kept else "not kept"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.table")
    parser.add_argument("--recordings", type=int, default=100)
    parser.add_argument("--place", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.place:
        with own_database(options.place):
            logging.disable(logging.INFO)
            print(json.dumps(measure(options.recordings)))
        return
    with tempfile.TemporaryDirectory(prefix="emotrace-table-") as place:
        command = [sys.executable, "-m", "benchmarks.table", "--place", place, "--recordings", str(options.recordings)]
        output = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    text = document(json.loads(output.splitlines()[-1]), options.recordings)
    REPORT.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
