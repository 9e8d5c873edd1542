"""`python -m benchmarks.queries [--segments N]` builds and measures both shapes; writes docs/benchmarks/queries.md.

Ten million segments take 5 GB a shape.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from typing import Any

from benchmarks.queries import report
from benchmarks.queries.rows import SHAPES
from benchmarks.reporting import ROOT

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.queries")
    parser.add_argument("--segments", type=int, default=10_000_000)
    segments = parser.parse_args().segments
    found: dict[str, Any] = {}
    for shape in SHAPES:
        with tempfile.TemporaryDirectory(prefix="emotrace-queries-") as place:
            command = [sys.executable, "-m", "benchmarks.queries.measure", shape, place, str(segments)]
            found[shape] = json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    text = report.document(found, segments)
    report.REPORT.write_text(text)
    print(text)
