"""A person's whole way through the pages, in a real browser, with a real worker behind them."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import av
import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.conftest import Start
from tests.integration.processes import eventually
from tests.integration.rest import ANALYSIS_SECONDS, PASSWORD, SAMPLES, USER

SAMPLE = SAMPLES / "interview.mp4"
PATIENCE_MS = ANALYSIS_SECONDS * 1000
PHONE = ViewportSize(width=390, height=844)
DESK = ViewportSize(width=1280, height=900)


def log_in(page: Page) -> None:
    page.get_by_label("User name").fill(USER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def upload(page: Page, title: str) -> None:
    page.goto("/recordings/new/")
    expect(page.get_by_text("Videos, with their sound and EEG")).to_be_visible()
    page.get_by_label("Video").set_input_files(SAMPLE)
    page.get_by_label("Title").fill(title)
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Upload and analyse").click()
    page.wait_for_url("**/analyses/*/")


def seconds(page: Page) -> float:
    time: float = page.locator("#player").evaluate("video => video.currentTime")
    return time


def settled(page: Page) -> float:
    """The player's time once it has arrived where it was sent."""
    expect(page.locator("#player")).to_have_js_property("seeking", False)
    return seconds(page)


def downloaded(page: Page, name: str, to: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("link", name=name).click()
    path = to / download.value.suggested_filename
    download.value.save_as(path)
    return path


@pytest.mark.usefixtures("transactional_db")
def test_a_recording_goes_in_and_comes_out_labelled(process: Start, page: Page, tmp_path: Path) -> None:
    process("worker")
    log_in(page)
    expect(page.get_by_text("No recordings yet")).to_be_visible()

    # What is missing is said at its field, and what was chosen stays chosen.
    page.get_by_role("link", name="Upload a recording").click()
    expect(page.get_by_text("Videos, with their sound and EEG")).to_be_visible()
    page.get_by_label("Video").set_input_files(SAMPLE)
    page.get_by_label("Title").fill("First interview")
    page.get_by_role("button", name="Upload and analyse").click()
    expect(page.locator("[data-error-for=consent]")).not_to_be_empty()
    expect(page.get_by_label("Title")).to_have_value("First interview")
    assert page.get_by_label("Video").evaluate("input => input.files.length") == 1
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Upload and analyse").click()
    page.wait_for_url("**/analyses/*/")
    expect(page.get_by_role("heading", name="First interview")).to_be_visible()

    # Progress is told, and the timeline and the labelled video come, without loading the page again.
    page.evaluate(
        """() => {
            window.told = [];
            const note = () => {
                const stage = document.getElementById("stage");
                if (stage) window.told.push(`${stage.textContent} ${document.getElementById("percent").textContent}`);
            };
            new MutationObserver(note).observe(document.body, { childList: true, subtree: true });
            note();
        }"""
    )
    rows = page.locator("#segments tbody tr")
    expect(rows.first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("slider", name="Moment of the recording")).to_be_visible()
    expect(page.get_by_role("button", name="Labelled", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    assert len(set(page.evaluate("window.told"))) >= 3
    expect(page.locator("#analysis-progress")).not_to_have_attribute("hx-get", "")

    # Browser, codec and server together: the labelled video plays.
    player = page.locator("#player")
    expect(player).to_have_attribute("src", re.compile("analyses"))
    player.evaluate("async video => { video.muted = true; await video.play(); }")
    assert eventually(lambda: seconds(page) > 0.5)
    player.evaluate("video => video.pause()")
    assert player.evaluate("video => video.videoWidth") > 0

    # A row of the table and the timeline's keys move the player, and everything shows the same segment.
    rows.last.locator(".seek").click()
    last = settled(page)
    assert last > 10
    expect(rows.last).to_have_attribute("aria-current", "true")
    page.locator("#scrubber").focus()
    page.keyboard.press("PageDown")
    assert settled(page) < last
    rows.first.click()
    assert settled(page) == 0

    # A phone shows all of it.
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    page.set_viewport_size(DESK)

    # What can be taken home.
    with av.open(str(downloaded(page, "Labelled video", tmp_path))) as video:
        assert video.streams.video[0].codec_context.name == "h264"
        assert video.streams.audio
    result: dict[str, Any] = json.loads(downloaded(page, "Everything, as JSON", tmp_path).read_text())
    assert result["schema"] == "emotrace.result/1"
    assert len(result["segments"]) == rows.count()
    with downloaded(page, "Spreadsheet", tmp_path).open(newline="") as file:
        assert len(list(csv.DictReader(file))) == rows.count()

    # Deleting asks first.
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("No recordings yet")).to_be_visible()


@pytest.mark.usefixtures("transactional_db")
def test_an_analysis_that_waits_can_be_cancelled_and_begun_again(page: Page) -> None:
    log_in(page)
    upload(page, "Waiting")
    expect(page.locator("#stage")).to_have_text("Waiting for a free worker")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("You cancelled this analysis")).to_be_visible()
    page.get_by_role("button", name="Analyse again").click()
    page.get_by_role("button", name="Analyse", exact=True).click()
    expect(page.locator("#stage")).to_have_text("Waiting for a free worker")


@pytest.mark.usefixtures("transactional_db")
def test_what_was_deleted_in_another_tab_is_asked_for_no_more(page: Page, refused: set[int]) -> None:
    refused.add(404)
    log_in(page)
    upload(page, "Here and there")
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_role("link", name="Delete").click()
    other.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_role("heading", name="“Here and there” is deleted")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(2500)  # twice as long as it takes to ask again
    assert asked == []
