"""What docs/reliability.md says of many people at once."""

import csv
from pathlib import Path

from benchmarks.load.facts import BROWSING, RECORDINGS_EACH, UPLOADING, Kept


def read(path: Path) -> list[dict[str, str]]:
    """The kinds of requests as locust counted them, all together last."""
    with path.open(newline="") as file:
        return sorted(csv.DictReader(file), key=lambda row: (row["Name"] == "Aggregated", row["Name"]))


def text(counted: list[dict[str, str]], kept: Kept, *, seconds: int, measured_on: str) -> str:
    asked, failed = int(counted[-1]["Request Count"]), int(counted[-1]["Failure Count"])
    states = ", ".join(f"{count} {status}" for status, count in sorted(kept.states.items())) or "none"
    return f"""
`make load` lets {BROWSING} people browse and {UPLOADING} upload for {seconds} s, on one machine with what
docker-compose.yml runs of the application: gunicorn with two processes, a worker that reads, one that renders, the
scheduler, PostgreSQL and Redis. The people run there too. Who browses has {RECORDINGS_EACH} recordings, and looks every
1 to 5 s at the list, at a result, at a piece of its video, or has a program ask over REST. Who uploads sends a clip of
two seconds in parts of 32 KB, and another one after 5 to 15 s; each clip has bytes of its own.

Before it began: {measured_on}.

- **Recordings lost: {kept.lost}** of {kept.accepted} that the server had accepted. Every other one is there once,
  with the bytes that were sent; their analyses: {states}.
- **Recordings made twice: {kept.twice}**.
- **Requests failed: {failed}** of {asked} ({100 * failed / max(1, asked):.2f} %).

| Request | Number | Failed | Half within, ms | 95 % within, ms |
| --- | --- | --- | --- | --- |
{"".join(_row(row) for row in counted)}
The machine reads recordings and plays the people at the same time: compare these times with one another and with those
of another run, not with a limit. What was answered after the time was up is not in the table. What is lost or made
twice has to be 0 on any machine.
"""


def _row(row: dict[str, str]) -> str:
    name = "all" if row["Name"] == "Aggregated" else row["Name"]
    return f"| {name} | {row['Request Count']} | {row['Failure Count']} | {row['50%']} | {row['95%']} |\n"
