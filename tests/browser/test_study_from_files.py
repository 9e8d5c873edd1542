"""A newcomer's way from twenty files to a figure with statistics and one tidy table, in the browser alone."""

import csv
import re
import statistics
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest
from imageio_ffmpeg import get_ffmpeg_exe
from playwright.sync_api import Page, expect

from tests.browser.results import SAMPLE, log_in, serious
from tests.conftest import Start
from tests.integration.rest import ANALYSIS_SECONDS

pytestmark = [pytest.mark.usefixtures("transactional_db"), pytest.mark.extended]

PARTICIPANTS, CLIP_S = 10, 6.0
STARTS_S = {"A": 0.0, "B": 12.0}  # of the spans of the sample that are the conditions
PATTERN = "{participant}_{condition}"
PATIENCE_MS = 1000 * ANALYSIS_SECONDS
DECIMALS = 3


@pytest.fixture
def refused() -> set[int]:
    return {503}  # the server checks few files at once: the page sends the others again


@pytest.fixture
def clips(tmp_path: Path) -> list[Path]:
    """Two spans of the sample for each of ten participants, each at another moment."""
    paths = []
    for number in range(PARTICIPANTS):
        for condition, start_s in STARTS_S.items():
            paths.append(tmp_path / f"P{number + 1:02}_{condition}.mp4")
            cut = ["-ss", str(start_s + 0.5 * number), "-t", str(CLIP_S), "-i", str(SAMPLE), "-preset", "ultrafast"]
            subprocess.run([get_ffmpeg_exe(), "-v", "error", *cut, paths[-1]], check=True, timeout=60)
    return paths


def test_twenty_files_become_a_figure_and_a_table(
    process: Start, page: Page, clips: list[Path], tmp_path: Path
) -> None:
    process("worker")
    log_in(page)
    page.goto("/projects/")
    page.get_by_role("link", name="New project").click()
    page.get_by_label("Name").fill("Two adverts")
    page.get_by_role("main").get_by_role("button").first.click()

    page.get_by_role("link", name="Two adverts", exact=True).click()
    page.get_by_role("link", name=re.compile("^Upload")).last.click()
    expect(page.get_by_text("Videos, with their sound and EEG")).to_be_visible()
    page.get_by_label("Names of the files").fill(PATTERN)
    page.locator("#id_video").set_input_files(clips)
    expect(page.get_by_role("cell", name=f"P{PARTICIPANTS}", exact=True)).to_have_count(len(STARTS_S))
    page.locator("#id_consent").check()
    page.get_by_role("button", name="Upload and analyse").click()
    page.wait_for_url("**/?recording=*", timeout=PATIENCE_MS)
    expect(page.locator(".status-succeeded")).to_have_count(len(clips), timeout=PATIENCE_MS)

    page.goto("/projects/")
    page.get_by_role("link", name="Two adverts", exact=True).click()
    tabs = page.get_by_role("navigation", name="Parts of the project")
    tabs.get_by_role("link", name="Participants").click()
    expect(page.get_by_role("row", name=re.compile(r"^P\d\d "))).to_have_count(PARTICIPANTS)
    tabs.get_by_role("link", name="Compare").click()
    expect(page.get_by_role("checkbox", name="Paired")).to_be_checked()
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator("a.figure-link")).to_have_count(len(clips))
    cells = page.locator("#statistics tbody tr").first.locator("td")
    expect(cells.last).to_have_text(re.compile(r"^(< 0\.001|[01]\.\d{3})$"))
    assert serious(page) == []
    shown = [text.split(" ")[0] for text in cells.all_inner_texts()[: len(STARTS_S)]]

    tabs.get_by_role("link", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Recordings as CSV").click()
    download.value.save_as(tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted((row["participant"], row["var_condition"]) for row in rows) == sorted(
        tuple(clip.stem.split("_")) for clip in clips
    )
    happy = defaultdict(list)
    for row in rows:
        happy[row["var_condition"]].append(float(row["mean_probability_happy"]))
    assert len({*happy["A"], *happy["B"]}) == len(clips)
    assert [float(text) for text in shown] == pytest.approx(
        [statistics.mean(happy[condition]) for condition in STARTS_S], abs=0.51 * 10**-DECIMALS
    )
