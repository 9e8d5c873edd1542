"""Peak memory of reading recordings of 1, 10 and 60 minutes; writes docs/benchmarks/memory.md.

`python -m benchmarks.memory [--minutes N ...]` loops the sample at 1280 x 720 by copying its packets, and reads each
recording to its timeline in a process of its own, as a whole. It fails where memory grows with the length.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.clip import make_clip
from benchmarks.reporting import ROOT, circumstances
from inference.pipeline import analyse
from inference.types import Inputs

REPORT = ROOT / "docs/benchmarks/memory.md"
GROWTH_LIMIT = 1.05  # of the longest recording's peak, against the shortest one's
HEAD = """# Memory and the length of a recording

Written by `python -m benchmarks.memory`: the sample at 1280 x 720 and 25 frames a second, looped by copying its
packets, and read to its timeline as a whole by a process of its own. Its memory is the resident memory of that process
and of its sandbox, looked up 50 times a second; what they share counts twice. A worker reads a long recording in spans
of `EMOTRACE_SPAN_SECONDS`, so that ten minutes are the most that it reads at a time.

{circumstances}.

| Minutes | Peak, MiB | Ratio | Wall, s |
| ---: | ---: | ---: | ---: |
"""


@dataclass(frozen=True)
class Reading:
    """A recording's length, and what reading it took."""

    minutes: int
    peak_mib: float
    wall_s: float


def peak_memory(command: Sequence[str]) -> float:
    """Run a program in the project's folder; returns the peak resident memory of it and its children, MiB.

    Looked up 50 times a second; what the system itself notes of a process includes its parent's size.
    """
    peak = 0
    with subprocess.Popen(command, cwd=ROOT) as process:
        whole = psutil.Process(process.pid)
        while process.poll() is None:
            with suppress(psutil.NoSuchProcess):
                peak = max(peak, sum(part.memory_info().rss for part in (whole, *whole.children(recursive=True))))
            time.sleep(0.02)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return peak / 2**20


def measure(minutes: int) -> Reading:
    with tempfile.TemporaryDirectory(prefix="emotrace-memory-") as folder:
        clip = Path(folder, "clip.mp4")
        make_clip(clip, 60 * minutes)
        started = time.monotonic()
        peak = peak_memory([sys.executable, "-m", "benchmarks.memory", "--read", str(clip)])
        return Reading(minutes, peak, time.monotonic() - started)


def growth(readings: Sequence[Reading]) -> float:
    return readings[-1].peak_mib / readings[0].peak_mib


def report(readings: Sequence[Reading]) -> str:
    rows = [
        f"| {each.minutes} | {each.peak_mib:.0f} | {each.peak_mib / readings[0].peak_mib:.2f} | {each.wall_s:.0f} |"
        for each in readings
    ]
    verdict = "kept" if growth(readings) <= GROWTH_LIMIT else "exceeded"
    rows += ["", f"The limit of {GROWTH_LIMIT:g} times the shortest recording's peak is {verdict}."]
    return HEAD.format(circumstances=circumstances()) + "\n".join(rows) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, nargs="+", default=[1, 10, 60])
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        analyse(Inputs(options.read))
        return
    readings = [measure(minutes) for minutes in sorted(options.minutes)]
    text = report(readings)
    REPORT.write_text(text)
    print(text)
    if growth(readings) > GROWTH_LIMIT:
        sys.exit(f"memory grows with the length: {growth(readings):.2f}, limit {GROWTH_LIMIT:g}")


if __name__ == "__main__":
    main()
