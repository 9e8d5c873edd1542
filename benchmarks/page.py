"""How long the result page of a long recording takes to come, and how smoothly its timeline scrolls.

`python -m benchmarks.page` puts an hour in 3,000 segments into a database of its own, opens it in
Chromium behind the real web server, prints the table and writes it to docs/benchmarks/page.md.
"""

import statistics
import tempfile
from pathlib import Path
from shutil import which

from benchmarks.own_database import own_database
from benchmarks.own_server import own_server
from benchmarks.reporting import ROOT, circumstances

REPORT = ROOT / "docs/benchmarks/page.md"
SECONDS, SEGMENTS, RUNS = 3600, 3000, 7
NAVIGATION = """() => {
    const { requestStart, responseStart, domContentLoadedEventEnd, encodedBodySize } =
        performance.getEntriesByType("navigation")[0];
    return [responseStart - requestStart, domContentLoadedEventEnd, encodedBodySize / 1024,
            document.querySelectorAll("*").length];
}"""
# Milliseconds from frame to frame while the timeline is scrolled.
SCROLLING = """async () => {
    const scroller = document.getElementById("scrubber");
    const frames = [];
    let before = await new Promise(requestAnimationFrame);
    for (let frame = 0; frame < 180; frame += 1) {
        scroller.scrollLeft += 25;
        const now = await new Promise(requestAnimationFrame);
        frames.push(now - before);
        before = now;
    }
    return frames;
}"""
NAMES = ("first byte, ms", "DOMContentLoaded, ms", "size of the page, KiB", "elements in the page")
LIMITS = {"DOMContentLoaded, ms": 1000}


def measure(place: Path) -> dict[str, float]:
    """Medians of RUNS openings; everything the application keeps lies in `place`."""
    with own_database(place):
        from playwright.sync_api import sync_playwright

        from tests.browser import results
        from tests.browser.conftest import FLAGS
        from tests.integration.rest import PASSWORD, USER
        from webapp.accounts.models import User

        video = results.long_video(place / "hour.mp4", SECONDS)
        analysis = results.submitted(User.objects.create_user(username=USER, password=PASSWORD), video)
        results.publish(analysis, results.long_timeline(float(SECONDS), SEGMENTS))
        results.render(analysis, place, video)
        with own_server() as address, sync_playwright() as playwright:
            program = which("chromium-headless-shell") or which("chromium")
            chromium = playwright.chromium.launch(executable_path=program, args=FLAGS)
            page = chromium.new_page(base_url=address)
            page.goto("/")
            results.open_result(page, analysis)
            runs = []
            for _ in range(RUNS):
                results.open_result(page, analysis)
                runs.append(page.evaluate(NAVIGATION))
            for _ in range(5):
                page.keyboard.press("+")
            frames = sorted(page.evaluate(SCROLLING))
            chromium.close()
    found = dict(zip(NAMES, map(statistics.median, zip(*runs, strict=True)), strict=True))
    found["frame while scrolling, ms, median"] = statistics.median(frames)
    found["frame while scrolling, ms, 95th percentile"] = frames[int(0.95 * len(frames))]
    return found


def report(found: dict[str, float]) -> str:
    lines = [
        "# The result page of a long recording",
        "",
        f"{circumstances()}. Chromium without a GPU, gunicorn on the same machine. An hour in {SEGMENTS} composed "
        f"segments of 1.2 s. Medians of {RUNS} openings, the first one not counted; scrolled at 32 times.",
        "",
        "| Measure | Value | Limit |",
        "| --- | --- | --- |",
        *(f"| {name} | {value:.0f} | {LIMITS.get(name, '')} |" for name, value in found.items()),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="emotrace-page-") as folder:
        text = report(measure(Path(folder)))
    REPORT.write_text(text)
    print(text)
