"""Compare the timeline and the labelled video with other programs on the same clip; writes docs/benchmarks/peers.md.

`python -m benchmarks.peers --moviepy PYTHON --fer PYTHON` names interpreters that have these libraries; what is not
named is not measured. Neither library is needed by this project, and the two need different versions of moviepy:

    python -m venv A && A/bin/pip install moviepy
    python -m venv B && B/bin/pip install tensorflow opencv-contrib-python-headless==4.11.0.86 "setuptools<80" \\
        requests pandas matplotlib tqdm && B/bin/pip install --no-deps fer  # without torch, for MTCNN
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import cv2

from benchmarks.clip import make_clip
from benchmarks.reporting import ROOT, circumstances
from inference.export.codec import encode_timeline
from inference.media.encoder_names import DEFAULT_X264_PRESET
from inference.media.tracks import list_tracks
from inference.pipeline import analyse
from inference.types import Inputs, Timeline
from inference.wording import caption

REPORT = ROOT / "docs/benchmarks/peers.md"
FONT = ROOT / "inference/media/fonts/DejaVuSans-Bold.ttf"
HERE = Path(__file__).parent
SECONDS, STEP_S = 60, 0.24
OTHER_PRESETS = ("ultrafast", "medium")
VERSION = "import importlib.metadata as m, sys; print(m.version(sys.argv[1]))"
HEAD = """# Other programs on the same clip

Written by `python -m benchmarks.peers`: {seconds} s of the sample at 1280 x 720 and 25 frames a second with sound. Each
program is a process of its own, its start and imports included; CPU seconds are those of the process and all that it
starts. The figures are medians (runs: {runs}, one program after the other in each), ratios are to the first row of the
table. Wall time depends on what else the machine does meanwhile, of which its load tells; CPU time hardly does.

{circumstances}. Python {python}; {versions}.
"""
LABELLING = """
## A label in the upper-left corner

The same labels at the same times. Ours draws them in ffmpeg, which keeps the times of frames and copies the sound;
moviepy and OpenCV draw on each frame in Python, and write a constant frame rate. All but OpenCV encode H.264 by x264 at
CRF 23, with the preset in brackets, which does not mean the same quality: ours has no B-frames, so that every player
shows a variable frame rate to its end. OpenCV's package writes MPEG-4 Part 2, which browsers do not play, and drops the
sound.

| Program | CPU, s | Ratio | Wall, s | Ratio | Load | Codec | Sound | MB |
| --- | ---: | ---: | ---: | ---: | ---: | --- | --- | ---: |
"""
READING = """
## Emotions

Ours reads faces and voice and smooths both to a timeline. fer reads faces alone, here one frame every {step:g} s as
ours; its own loop reads every frame, six times as many. It finds faces by a Haar cascade, its default; MTCNN, its
option, needs torch 2.2 besides TensorFlow and is not measured.

| Program | CPU, s | Ratio | Wall, s | Ratio | Load | CPU seconds a second of video |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
"""


@dataclass(frozen=True)
class Program:
    """A program to measure, and the video that it writes, if any."""

    name: str
    command: Sequence[str | Path]
    video: Path | None = None


@dataclass(frozen=True)
class Cost:
    """Seconds of CPU and by the clock, and the machine's load at the end."""

    cpu_s: float
    wall_s: float
    load: float


def ours(script: str, *arguments: str | Path) -> list[str | Path]:
    return [sys.executable, "-m", f"benchmarks.peers.{script}", *arguments]


def labelling(clip: Path, timeline: Timeline, place: Path, moviepy: Path | None) -> list[Program]:
    labels, result = place / "labels.json", place / "timeline.json"
    labels.write_text(json.dumps([[each.start_s, each.end_s, caption(each)] for each in timeline.segments]))
    result.write_text(json.dumps(encode_timeline(timeline)))
    found = []
    for preset in (DEFAULT_X264_PRESET, *OTHER_PRESETS):
        out = place / f"{preset}.mp4"
        found.append(Program(f"Emotrace ({preset})", ours("emotrace_label", clip, result, out, preset), out))
    if moviepy:
        out = place / "moviepy.mp4"
        command: list[str | Path] = [moviepy, HERE / "moviepy_label.py", clip, labels, out, FONT, DEFAULT_X264_PRESET]
        found.append(Program(f"moviepy ({DEFAULT_X264_PRESET})", command, out))
    out = place / "opencv.mp4"
    found.append(Program("OpenCV", [sys.executable, HERE / "opencv_label.py", clip, labels, out], out))
    return found


def reading(clip: Path, fer: Path | None) -> list[Program]:
    found = [Program("Emotrace, faces and voice", ours("emotrace_read", clip))]
    if fer:
        found.append(Program("fer, faces", [fer, HERE / "fer_read.py", clip, str(STEP_S)]))
    return found


def run(program: Program) -> Cost:
    """Run a program to its end. Raises CalledProcessError."""
    before, started = _children_cpu_s(), time.monotonic()
    subprocess.run(program.command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return Cost(_children_cpu_s() - before, time.monotonic() - started, os.getloadavg()[0])


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(programs: Sequence[Program], runs: int) -> list[Cost]:
    """The median costs of each program, all of which run once before the next run begins."""
    found = [[run(program) for program in programs] for _ in range(runs)]
    return [
        Cost(*(statistics.median(getattr(each, field.name) for each in costs) for field in fields(Cost)))
        for costs in zip(*found, strict=True)
    ]


def rows(programs: Sequence[Program], costs: Sequence[Cost]) -> list[str]:
    first = costs[0]
    return [
        f"| {program.name} | {cost.cpu_s:.1f} | {cost.cpu_s / first.cpu_s:.2f} | {cost.wall_s:.1f} "
        f"| {cost.wall_s / first.wall_s:.2f} | {cost.load:.1f} | {_facts(program, cost)} |"
        for program, cost in zip(programs, costs, strict=True)
    ]


def _facts(program: Program, cost: Cost) -> str:
    """The last columns: what was written, or how fast it was read."""
    if program.video is None:
        return f"{cost.cpu_s / SECONDS:.3f}"
    tracks = list_tracks(program.video)
    assert tracks.video is not None
    return f"{tracks.video.codec} | {'yes' if tracks.audio else 'no'} | {program.video.stat().st_size / 1e6:.1f}"


def versions(moviepy: Path | None, fer: Path | None) -> str:
    asked = [(moviepy, "moviepy"), (fer, "fer"), (fer, "tensorflow")]
    found = [f"OpenCV {cv2.__version__}"]
    for python, package in asked:
        if python:
            done = subprocess.run([python, "-c", VERSION, package], capture_output=True, text=True, check=True)
            found.append(f"{package} {done.stdout.strip()}")
    return ", ".join(found)


def report(runs: int, moviepy: Path | None, fer: Path | None) -> str:
    text = HEAD.format(
        seconds=SECONDS,
        runs=runs,
        circumstances=circumstances(),
        python=platform.python_version(),
        versions=versions(moviepy, fer),
    )
    with tempfile.TemporaryDirectory(prefix="emotrace-peers-") as folder:
        place = Path(folder)
        clip = place / "clip.mp4"
        make_clip(clip, SECONDS)
        timeline = analyse(Inputs(clip))
        for head, programs in (
            (LABELLING, labelling(clip, timeline, place, moviepy)),
            (READING.format(step=STEP_S), reading(clip, fer)),
        ):
            text += head + "\n".join(rows(programs, measure(programs, runs))) + "\n"
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--moviepy", type=Path, help="the Python of an environment with moviepy 2")
    parser.add_argument("--fer", type=Path, help="the Python of an environment with fer")
    options = parser.parse_args()
    text = report(options.runs, options.moviepy, options.fer)
    REPORT.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
