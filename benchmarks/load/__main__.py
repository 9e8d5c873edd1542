"""Fifty people browse and twenty upload for five minutes: what is lost, what fails, how long answers take.

`python -m benchmarks.load` starts what docker-compose.yml starts, on 127.0.0.1, with a database and files of its own in
a temporary folder. It ends by itself, stops everything, prints the table and writes it into docs/reliability.md. It
exits 1 where a recording was lost.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import requests
import yaml

from benchmarks import reporting
from benchmarks.load import facts, report
from inference.media.ffmpeg import run_ffmpeg

CLIP_S, START_S, LAST_ANSWERS_S = 2, 120, 120


def commands(port: int) -> dict[str, list[str]]:
    """What docker-compose.yml runs of the application, on this machine."""
    services = yaml.safe_load((reporting.ROOT / "docker-compose.yml").read_text())["services"]
    found = {}
    for name in ("web", "inference", "render", "reaper"):
        program, *rest = services[name]["command"].replace("0.0.0.0:8000", f"127.0.0.1:{port}").split()
        found[name] = [sys.executable, *(() if program == "python" else ("-m", program)), *rest]
    return found


@contextmanager
def running(command: list[str], **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process with all that it starts, until the end of the block."""
    from webapp.local.embedded.server import die_with_parent

    process = subprocess.Popen(
        command,
        cwd=reporting.ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=die_with_parent(signal.SIGKILL),
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def measure(place: Path, seconds: int) -> tuple[list[dict[str, str]], facts.Kept]:
    """What locust counted, by kind of request, and what became of the recordings that were accepted."""
    from webapp.local import embedded

    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    base, accepted, counted = f"http://127.0.0.1:{port}", place / "accepted.jsonl", place / "counted"
    accepted.touch()
    sample = reporting.ROOT / "samples/interview.mp4"
    run_ffmpeg(["-t", str(CLIP_S), "-i", str(sample), "-c", "copy"], place / "clip.mp4", read=[sample])
    quiet = {"EMOTRACE_LOG_LEVEL": "ERROR", "OPENBLAS_NUM_THREADS": "1"}
    with embedded.servers_running(), ExitStack() as stack:
        facts.migrate()
        for command in commands(port).values():
            stack.enter_context(running(command, **quiet))
        _wait_for(base)
        known = facts.made(clip=place / "clip.mp4")
        (place / "facts.json").write_text(json.dumps(known))
        people = [
            *(sys.executable, "-m", "locust", "--locustfile", str(reporting.ROOT / "benchmarks/load/people.py")),
            *("--headless", "--host", base, "--users", str(facts.BROWSING + facts.UPLOADING), "--spawn-rate", "5"),
            *("--run-time", f"{seconds}s", "--stop-timeout", str(LAST_ANSWERS_S), "--csv", str(counted)),
            *("--only-summary", "--exit-code-on-error", "0"),
        ]
        told = {"LOAD_FACTS": str(place / "facts.json"), "LOAD_ACCEPTED": str(accepted)}
        with running(people, **told) as locust:
            if locust.wait(seconds + 2 * LAST_ANSWERS_S) != 0:
                raise SystemExit("error: locust broke off; what it said stands above")
        lines: list[dict[str, Any]] = [json.loads(line) for line in accepted.read_text().splitlines()]
        return report.read(counted.with_name("counted_stats.csv")), facts.kept(lines)


def _wait_for(base: str) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            if requests.get(f"{base}/readyz", timeout=5).ok:
                return
        except requests.RequestException:
            pass
        if time.monotonic() > deadline:
            raise SystemExit("error: the web server did not answer in time")
        time.sleep(0.5)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=int, default=300, help="how long people come (300)")
    seconds: int = parser.parse_args().seconds
    with tempfile.TemporaryDirectory(prefix="emotrace-load-") as folder:
        os.environ |= {"EMOTRACE_DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "webapp.config.settings"}
        import django

        django.setup()
        measured_on = reporting.circumstances()
        counted, kept = measure(Path(folder), seconds)
    text = report.text(counted, kept, seconds=seconds, measured_on=measured_on)
    reporting.put(reporting.RELIABILITY, "load", text)
    print(text)
    return 1 if kept.lost or kept.twice or not kept.accepted else 0


if __name__ == "__main__":
    sys.exit(main())
