"""How long the list of recordings takes on the server where there are 2,000 of them.

`python -m benchmarks.library` puts them into a database of its own, asks for pages of the list with and without
filters, prints the table and writes it to docs/benchmarks/library.md.
"""

import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.own_database import own_database
from benchmarks.reporting import ROOT, circumstances

if TYPE_CHECKING:
    from django.test import Client

    from webapp.accounts.models import User

REPORT = ROOT / "docs/benchmarks/library.md"
RECORDINGS, RUNS, LIMIT_MS = 2000, 15, 300
LABELS = ("neutral", "happy", "sad", "angry", "calm")
ADDRESSES = {
    "the first page": "/",
    "the last page": f"/?page={RECORDINGS // 25}",
    "searched": "/?search=visit+7",
    "every filter": "/?search=visit&label=happy&tag=pilot&status=succeeded&created_after=2026-01-01&ordering=title",
    "nothing found": "/?search=zebra",
}


def measure(place: Path) -> dict[str, tuple[float, float]]:
    """Median and worst milliseconds of RUNS answers, by address; all that the application keeps lies in `place`."""
    with own_database(place):
        from django.test import Client

        client = Client(SERVER_NAME="localhost")
        client.force_login(somebody("researcher", RECORDINGS))
        found = {}
        for name, address in ADDRESSES.items():
            times = [_answered(client, address) for _ in range(RUNS + 1)][1:]
            found[name] = (statistics.median(times), max(times))
    return found


def somebody(username: str, count: int) -> "User":
    """Somebody with so many recordings of two analyses each, tags and projects; without files."""
    from django.utils import timezone

    from webapp.accounts.models import User
    from webapp.analyses.models import Analysis
    from webapp.recordings import projects_and_tags
    from webapp.recordings.models import MediaFile, Recording

    user = User.objects.create_user(username)
    projects = [projects_and_tags.create_project(owner=user, name=f"Project {number}") for number in range(20)]
    now = timezone.now()
    recordings = Recording.objects.bulk_create(
        Recording(
            owner=user,
            title=f"Visit {number}",
            project=projects[number % len(projects)],
            consent_at=now,
            consent_version="1",
            duration_s=60.0,
            width=640,
            height=480,
            fps=25.0,
            has_audio=True,
            has_eeg=False,
            bytes=1000,
        )
        for number in range(count)
    )
    MediaFile.objects.bulk_create(
        MediaFile(
            recording=one, kind="video", file=f"{one.pk}", original_name=f"{one.title}.mp4", sha256="", bytes=1000
        )
        for one in recordings
    )
    Analysis.objects.bulk_create(
        Analysis(
            recording=one,
            model_name="intermediate-attention-8",
            model_version="1",
            status="succeeded",
            dispatched_at=now,
            timeline_at=now,
            labels=list(LABELS),
            label=LABELS[number % len(LABELS)],
            shares=[0.3, 0.3, 0.2, 0.1, 0.1, 0.0],
        )
        for number, one in enumerate([*recordings, *recordings])
    )
    projects_and_tags.update_tags(owner=user, recordings=recordings[::2], add=["pilot", "adult"], remove=[])
    return user


def _answered(client: "Client", address: str) -> float:
    before = time.perf_counter()
    answer = client.get(address)
    assert answer.status_code == 200
    return 1000 * (time.perf_counter() - before)


def report(found: dict[str, tuple[float, float]]) -> str:
    lines = [
        "# The list of recordings",
        "",
        f"{circumstances()}. {RECORDINGS} composed recordings of one person, two analyses each. Milliseconds on "
        f"the server, the database on the same machine, {RUNS} answers each, the first one not counted.",
        "",
        "| Page | Median, ms | Worst, ms | Limit |",
        "| --- | --- | --- | --- |",
        *(f"| {name} | {median:.0f} | {worst:.0f} | {LIMIT_MS} |" for name, (median, worst) in found.items()),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="emotrace-library-") as folder:
        text = report(measure(Path(folder)))
    REPORT.write_text(text)
    print(text)
