"""Files, as somebody downloads them with a browser."""

import io
import re
import zipfile
from pathlib import Path

import av
import pytest
from playwright.sync_api import Locator, Page

from tests.browser.results import log_in
from tests.webapp import clips
from tests.webapp.factories import DURATION_S, UserFactory, published, with_files
from webapp.analyses import tasks
from webapp.analyses.models import Analysis

OWNER = "somebody"


@pytest.fixture
def analysis(transactional_db: None) -> Analysis:
    owner = UserFactory.create(username=OWNER)
    analysis = published("happy", "undetermined", "sad", recording__owner=owner, recording__title="Visit <1>")
    with_files(analysis.recording, video=clips.video(DURATION_S))
    tasks.render(str(analysis.pk))
    return analysis


def saved(page: Page, button: Locator, folder: Path) -> Path:
    with page.expect_download() as download:
        button.click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_the_formats_one_ticks_come_in_one_zip(analysis: Analysis, page: Page, tmp_path: Path) -> None:
    log_in(page, OWNER)
    page.goto("/")
    page.get_by_label("All 1").check()
    page.get_by_role("button", name="Export").click()
    page.get_by_label("Report").check()
    page.get_by_label("Labelled videos").check()
    path = saved(page, page.get_by_role("button", name="Download"), tmp_path)
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as file:
        assert file.namelist() == [
            *(f"001-Visit -1/{name}" for name in ("timeline.csv", "timeline.html", "annotated.mp4")),
            "manifest.csv",
        ]
    assert re.fullmatch(r"emotrace-\d{4}-\d\d-\d\d\.zip", path.name)


def test_the_report_and_the_video_with_chapters_are_downloads(analysis: Analysis, page: Page, tmp_path: Path) -> None:
    log_in(page, OWNER)
    page.goto(f"/analyses/{analysis.pk}/")
    report = saved(page, page.get_by_role("link", name="Report"), tmp_path)
    video = saved(page, page.get_by_role("link", name="Video with chapters"), tmp_path)

    assert (report.name, video.name) == ("Visit -1.html", "Visit -1-chapters.mp4")
    with av.open(str(video)) as container:
        assert [each["metadata"]["title"] for each in container.chapters()] == [
            "Happy 80 %",
            "Undetermined",
            "Sad 80 %",
        ]
    page.goto("about:blank")
    page.set_content(report.read_text())
    assert page.locator("h1").inner_text() == "Visit <1>"
    assert page.locator("svg[role=img]").count() == 3
    assert page.locator("tbody tr").count() == 3
