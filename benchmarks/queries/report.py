"""The document of what was measured, beside what the same program measured before segments had owners."""

import json
from pathlib import Path
from typing import Any

from benchmarks.queries.rows import RECORDINGS_PER_ANALYSIS, SEGMENTS_PER_ANALYSIS, SHAPES
from benchmarks.reporting import ROOT, circumstances

REPORT = ROOT / "docs/benchmarks/queries.md"
BEFORE = Path(__file__).with_name("before.json")
LIMIT_MS, PLANS = 150, 4
BEFORE_NOTE = (
    "Searches among the segments of one user with ten million were not measured to the end before: a single one took "
    "more than 90 s beside other load, and the server's limit of 20 s a statement ended them. Now those by label, "
    "confidence, duration, order or recording reach the goal. Those by a tag do not: PostgreSQL expects few recordings "
    "with it, fetches all their segments and sorts them, which does not end within 50 s; those by words may do the "
    "same. Where this table lacks a request, it was not measured in this shape."
)
MIGRATION_NOTE = (
    "The upgrade fills the owner in transactions of 50,000 segments while the release before keeps running: 8,500 a "
    "second beside other load, 20 minutes for all, then five minutes for the indexes. The segments that were measured "
    "had been filled in one statement, or by a default, for the sake of time."
)
WINDOWS = (
    "A two-hour analysis has 10,000 windows: 5.9 MB of rows and 0.7 MB of indexes with eight labels and both "
    "modalities. One row of arrays a network takes 3.0 MB. Beside the video, the 3 MB hardly count, and pages of "
    "windows over REST need rows, so windows stay rows. Half of a row is the JSON of the unimodal probabilities, "
    "297 bytes; as an array it would take 152."
)


def document(found: dict[str, Any], segments: int) -> str:
    """The whole document; `found` has the answer of `measure` by shape."""
    before = json.loads(BEFORE.read_text())
    analyses = segments // SEGMENTS_PER_ANALYSIS
    lines = [
        "# Lists, filters and searches among ten million segments",
        "",
        f"{circumstances()}. {analyses:,} analyses of {round(analyses * RECORDINGS_PER_ANALYSIS):,} recordings with "
        f"{segments:,} segments in PostgreSQL as it is embedded, once owned by 200 users alike and once by one.",
        "",
        "CPU time is that of the web process and of its database process together, from the request to the answer, "
        "without parallel workers: what a request takes on a machine that does nothing else and has the rows in "
        f"memory. The goal is a 95th percentile of {LIMIT_MS} ms. Wall time was taken beside other load and is an "
        f"upper bound. *Before* is commit {before['commit']}, measured by the same program. Segments have no unimodal "
        "probabilities here, which makes rows about half as large as those of analyses with face and voice.",
    ]
    lines += ["", MIGRATION_NOTE]
    for name, shape in SHAPES.items():
        answers, earlier = found[name]["answers"], before[name]["answers"]
        over = [each for each, answer in answers.items() if answer["cpu"][1] > LIMIT_MS]
        lines += [
            "",
            f"## Rows of {shape.name}",
            "",
            f"Over {LIMIT_MS} ms: {', '.join(over) or 'none'}; before: "
            f"{sum(answer['cpu'][1] > LIMIT_MS for answer in earlier.values())} of {len(earlier)}.",
            "",
            *([BEFORE_NOTE, ""] if name == "one" else []),
            "| Request | Median, p95 before, CPU ms | Median, p95, CPU ms | Before / now | p95, wall ms | Queries |",
            "| --- | --- | --- | --- | --- | --- |",
            *(_row(each, answer, earlier.get(each)) for each, answer in answers.items()),
            *_plans(answers, earlier),
        ]
    lines += ["", *_polling(found["many"]), "", *_sizes(found["one"]["sizes"], before["many"]["sizes"])]
    return "\n".join([*lines, "", WINDOWS]) + "\n"


def _polling(found: dict[str, Any]) -> list[str]:
    """Requests and CPU of a page that shows the progress, by the minute of the analysis."""
    answers = found["answers"]
    changed = answers["one analysis: progress on the page"]["cpu"][0]
    unchanged = answers["one analysis: progress on the page, unchanged"]["cpu"][0]
    return [
        "## Progress",
        "",
        f"An answer with progress takes {changed:.0f} ms of CPU, a 304 {unchanged:.0f} ms; most of both goes to the "
        "session and the row. What a tab saves it saves by asking less often: every second at first, then after a "
        "fifteenth of the analysis' age, up to 10 seconds, so that it is late by 7 % of the time waited at most. "
        "Server-sent events or long polling would hold one of the few threads of a web process for each tab.",
        "",
        "| Minute of the analysis | Requests, every second | Requests now | CPU ms before | CPU ms now, at most |",
        "| --- | --- | --- | --- | --- |",
        *(
            f"| {name} | 60 | {polls} | {60 * changed:.0f} | {polls * changed:.0f} |"
            for name, polls in zip(("first", "second", "third and later"), found["polls"], strict=True)
        ),
    ]


def _row(name: str, now: dict[str, Any], before: dict[str, Any] | None) -> str:
    earlier, ratio = ("", "")
    if before:
        earlier = f"{before['cpu'][0]:.0f}, {before['cpu'][1]:.0f}"
        ratio = f"{before['cpu'][0] / now['cpu'][0]:.1f}"
    return (
        f"| {name} | {earlier} | {now['cpu'][0]:.0f}, {now['cpu'][1]:.0f} | {ratio} | {now['wall'][1]:.0f} "
        f"| {now['queries']} |"
    )


def _plans(now: dict[str, Any], before: dict[str, Any]) -> list[str]:
    """The plans of the requests that were slowest before."""
    slowest = sorted(now.keys() & before.keys(), key=lambda each: -before[each]["cpu"][0])[:PLANS]
    lines = []
    for name in slowest:
        lines += ["", f"### {name}", "", "Before:", "", "```text", before[name]["plan"] or "fast", "```"]
        lines += ["", "Now:", "", "```text", now[name]["plan"] or "fast", "```"]
    return lines


def _sizes(now: dict[str, list[int]], before: dict[str, list[int]]) -> list[str]:
    return [
        "## Tables",
        "",
        "| Table | Rows, MB | Indexes, MB | Indexes before, MB |",
        "| --- | --- | --- | --- |",
        *(
            f"| {table} | {rows / 1e6:.0f} | {indexes / 1e6:.0f} | {before[table][1] / 1e6:.0f} |"
            for table, (rows, indexes) in now.items()
            if rows > 1e6
        ),
    ]
