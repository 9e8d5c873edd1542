"""Peak memory of reading recordings of 1, 10 and 60 minutes; writes docs/benchmarks/memory.md.

`python -m benchmarks.memory [--minutes N ...]` loops the sample at 1280 x 720 by copying its packets, and reads each
recording to its timeline in a process of its own, and the last span of one that workers read in spans. It fails where
a worker's memory grows with the length.
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
from inference import store
from inference.pipeline import analyse, read_span
from inference.spans import count_spans
from inference.types import Inputs, Limits
from inference.validation import check_inputs

REPORT = ROOT / "docs/benchmarks/memory.md"
SPAN_S = 600  # the default of EMOTRACE_SPAN_SECONDS
GROWTH_LIMIT = 1.05  # of a worker's peak with the longest recording, against that with the shortest
HEAD = """# Memory and the length of a recording

Written by `python -m benchmarks.memory`: the sample at 1280 x 720 and 25 frames a second, looped by copying its
packets, and read to its timeline by a process of its own. Its memory is the resident memory of that process and of its
sandbox, looked up 50 times a second; what they share counts twice. A worker reads a recording of more than
{minutes} minutes in spans, of which the last one decodes the whole sound; the command line reads it as a whole.

{circumstances}.

| Minutes | Read | Peak, MiB | Ratio | Wall, s |
| ---: | --- | ---: | ---: | ---: |
"""


@dataclass(frozen=True)
class Reading:
    """A recording's length, whether only its last span was read, and what that took."""

    minutes: int
    in_spans: bool
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


def measure(place: Path, minutes: int) -> list[Reading]:
    clip = place / "clip.mp4"
    make_clip(clip, 60 * minutes)
    ways = [False, True] if minutes * 60 > SPAN_S else [False]
    return [_measure(minutes, clip, in_spans) for in_spans in ways]


def _measure(minutes: int, clip: Path, in_spans: bool) -> Reading:
    started = time.monotonic()
    peak = peak_memory([sys.executable, "-m", "benchmarks.memory", "--span" if in_spans else "--read", str(clip)])
    return Reading(minutes, in_spans, peak, time.monotonic() - started)


def read_last_span(clip: Path) -> None:
    """Read the last span as a worker does that surveys the sound, too."""
    inputs = Inputs(clip)
    media = check_inputs(inputs, Limits())
    count = count_spans(media.duration_s, SPAN_S)
    model = str(store.resolve(None, with_eeg=False))
    read_span(inputs, media, model=model, number=count - 1, count=count, share_survey=lambda make: make())


def growth(readings: Sequence[Reading]) -> float:
    """A worker's peak with the longest recording, in spans if it has some, against that with the shortest."""
    return readings[-1].peak_mib / readings[0].peak_mib


def report(readings: Sequence[Reading]) -> str:
    rows = [
        f"| {each.minutes} | {'its last span' if each.in_spans else 'as a whole'} | {each.peak_mib:.0f} "
        f"| {each.peak_mib / readings[0].peak_mib:.2f} | {each.wall_s:.0f} |"
        for each in readings
    ]
    verdict = "kept" if growth(readings) <= GROWTH_LIMIT else "exceeded"
    rows += ["", f"A worker's limit, {GROWTH_LIMIT:g} times the peak of the shortest recording, is {verdict}."]
    return HEAD.format(circumstances=circumstances(), minutes=SPAN_S // 60) + "\n".join(rows) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, nargs="+", default=[1, 10, 60])
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--span", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        analyse(Inputs(options.read))
        return
    if options.span:
        read_last_span(options.span)
        return
    with tempfile.TemporaryDirectory(prefix="emotrace-memory-") as folder:
        readings = [reading for minutes in sorted(options.minutes) for reading in measure(Path(folder), minutes)]
    text = report(readings)
    REPORT.write_text(text)
    print(text)
    if growth(readings) > GROWTH_LIMIT:
        sys.exit(f"a worker's memory grows with the length: {growth(readings):.2f}, limit {GROWTH_LIMIT:g}")


if __name__ == "__main__":
    main()
