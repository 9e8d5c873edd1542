"""How long a timeline and a labelled video take, as ratios within one run, and what memory they need.

`python -m benchmarks` makes its own clips (60 s and 10 minutes of 1280 x 720 from the sample recording), prints the
tables and writes them to docs/benchmarks/pipeline.md. It fails where a figure is over its limit. `--short` compares
the CPU seconds of a clip of 20 s alone, which other load hardly changes, and writes nothing.
"""

import argparse
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import av
import torch

from benchmarks.clip import make_clip
from benchmarks.memory import peak_memory
from benchmarks.reporting import ROOT, circumstances
from benchmarks.stages import TOTAL, Stage, decode, measure_stages
from inference import speech
from inference.media import render
from inference.media.ffmpeg import run_ffmpeg
from inference.pipeline import analyse
from inference.types import Inputs

REPORT = ROOT / "docs/benchmarks/pipeline.md"
LIMITS = {
    "timeline / decoding": 3.0,
    "labelled video / native pass": 1.3,
    "peak memory, MiB": 1024.0,
    "peak memory of 10 minutes / of 60 s": 1.05,
    TOTAL: 2.6,
}
SHORT_S = 20
STAGES_HEAD = (
    "CPU seconds of the same clip, one stage after the other in one process with one thread of torch and without the "
    "sandbox, and their ratio to decoding every frame. A worker runs faces and sound at the same time."
)


def native_pass(path: Path, folder: Path, out: Path) -> None:
    """One burn-in pass by hand, with the renderer's own preset."""
    run_ffmpeg(["-i", str(path), *render.encoder_arguments(), "-c:a", "copy"], out, read=[path, folder], folder=folder)


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def label_memory(path: Path, out: Path) -> float:
    """Peak memory, MiB, of a process that reads and labels the recording, with its ffmpeg."""
    return peak_memory([sys.executable, "-m", "benchmarks", "--label", str(path), "--out", str(out)])


def measure(runs: int) -> tuple[dict[str, float], list[Stage]]:
    with tempfile.TemporaryDirectory() as folder:
        clip, long = Path(folder, "clip.mp4"), Path(folder, "long.mp4")
        out = Path(folder, "out.mp4")
        make_clip(clip, 60)
        make_clip(long, 600)
        speech.warm_up()
        stages = measure_stages(clip, 60)
        timeline = analyse(Inputs(clip))
        render.write_subtitles(timeline, Path(folder))
        ratios: dict[str, list[float]] = {"timeline / decoding": [], "labelled video / native pass": []}
        for _ in range(runs):
            ratios["timeline / decoding"].append(timed(lambda: analyse(Inputs(clip))) / timed(lambda: decode(clip)))
            ratios["labelled video / native pass"].append(
                timed(lambda: render.render(clip, timeline, out)) / timed(lambda: native_pass(clip, Path(folder), out))
            )
        result = {name: statistics.median(values) for name, values in ratios.items()}
        result["peak memory, MiB"] = label_memory(clip, out)
        result["peak memory of 10 minutes / of 60 s"] = label_memory(long, out) / result["peak memory, MiB"]
    return result, stages


def measure_short() -> list[Stage]:
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder, "clip.mp4")
        make_clip(clip, SHORT_S)
        return measure_stages(clip, SHORT_S)


def over_limits(values: Mapping[str, float]) -> list[str]:
    return [
        f"{name}: {value:.2f}, limit {LIMITS[name]:g}"
        for name, value in values.items()
        if value > LIMITS.get(name, value)
    ]


def report(result: dict[str, float], stages: list[Stage], runs: int) -> str:
    lines = [
        "# Speed and memory of one analysis",
        "",
        f"{circumstances()}. No GPU; Python {platform.python_version()}, torch {torch.__version__}, PyAV "
        f"{av.__version__}. A 60 s clip of 1280 x 720 at "
        f"25 frames a second with sound. Ratios are medians of {runs} runs, both sides within the same run.",
        "",
        "| Measure | Value | Limit |",
        "| --- | --- | --- |",
    ]
    for name, value in result.items():
        limit = f"{LIMITS[name]:g}" if name in LIMITS else ""
        lines.append(f"| {name} | {value:.2f} | {limit} |")
    lines += ["", "## Stages of a timeline", "", STAGES_HEAD, "", *stage_table(stages)]
    return "\n".join(lines) + "\n"


def stage_table(stages: list[Stage]) -> list[str]:
    rows = [f"| {name} | {cpu_s:.2f} | {ratio:.2f} |" for name, cpu_s, ratio in stages]
    return ["| Stage | CPU s | Ratio |", "| --- | --- | --- |", *rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--label", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.label:
        render.render(options.label, analyse(Inputs(options.label)), options.out)
        return
    if options.short:
        stages = measure_short()
        print("\n".join(stage_table(stages)))
        result: dict[str, float] = {}
    else:
        result, stages = measure(options.runs)
        text = report(result, stages, options.runs)
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        REPORT.write_text(text)
        print(text)
    if over := over_limits(result | {stage.name: stage.ratio for stage in stages}):
        sys.exit("\n".join(["over the limit:", *over]))


if __name__ == "__main__":
    main()
