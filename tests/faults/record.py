"""How the runs of faults went: one line of JSON each, kept until it is removed, and the table of them all."""

import json
import os
import statistics
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from benchmarks.reporting import RELIABILITY, commit, put
from webapp.core import paths

RESULTS = paths.PROJECT / "out" / "faults.jsonl"

NAMES = pytest.StashKey[list[str]]()


def add(name: str, *, survived: bool, seconds: float | None) -> None:
    RESULTS.parent.mkdir(exist_ok=True)
    line = {"fault": name, "survived": survived, "seconds": seconds, "commit": commit()}
    with RESULTS.open("a") as file:
        file.write(json.dumps(line) + "\n")


def results() -> list[dict[str, Any]]:
    return [json.loads(line) for line in RESULTS.read_text().splitlines()] if RESULTS.exists() else []


def counts() -> Counter[str]:
    return Counter(each["fault"] for each in results())


def write_table(names: Sequence[str]) -> None:
    """Put the table of these faults, in their order, into its place in the document."""
    lines = [
        "",
        "| Fault | Runs | Survived | Recovery, median | Worst | Commits |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    found = results()
    for name in names:
        runs = [each for each in found if each["fault"] == name]
        seconds = [each["seconds"] for each in runs if each["survived"]]
        times = [f"{number:.1f} s" for number in (statistics.median(seconds), max(seconds))] if seconds else ["", ""]
        commits = ", ".join(dict.fromkeys(each["commit"] for each in runs))
        lines.append(f"| {name} | {len(runs)} | {len(seconds)} | {times[0]} | {times[1]} | {commits} |")
    lines += ["", f"On {os.cpu_count()} cores.", ""]
    put(RELIABILITY, "faults", "\n".join(lines) + "\n")
