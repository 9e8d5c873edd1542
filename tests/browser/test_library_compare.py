"""Two analyses of one recording beside each other, in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import results
from tests.browser.results import DURATION_S, open_result, serious, settled
from tests.browser.test_result_for_all import PHONE
from webapp.analyses import services
from webapp.analyses.models import Analysis

LOADED = "video => video.readyState || new Promise((done) => { video.onloadedmetadata = () => done(1); })"


@pytest.fixture
def second(finished: Analysis) -> Analysis:
    """Another reading of the same recording: happy from 3 s on, and no more."""
    analysis = services.rerun(recording=finished.recording, model="intermediate-attention-5")
    results.publish(analysis, results.timeline((0.0, 3.0, DURATION_S), ("neutral", "happy"), eeg=False))
    return analysis


@pytest.fixture
def compared(second: Analysis, finished: Analysis, page: Page, tmp_path: Path) -> Page:
    open_result(page, finished)
    page.get_by_role("link", name="Compare").click()
    page.wait_for_url("**/compare/**")
    expect(page.locator("#current-segment")).to_contain_text("B")
    page.locator("#player").evaluate(LOADED)
    return page


def test_both_lanes_the_list_and_the_player_show_one_moment(compared: Page) -> None:
    expect(compared.locator("#agreement-same")).to_be_visible()
    expect(compared.locator("#left-out")).to_contain_text("undetermined")
    rows = compared.locator("#differences tbody tr")
    expect(rows).to_have_count(3)
    rows.nth(1).locator(".seek").click()
    assert settled(compared) == pytest.approx(7.0, abs=0.1)
    expect(rows.nth(1)).to_have_attribute("aria-current", "true")
    expect(compared.locator("#current-segment")).to_have_text("AsadBhappy")
    slider = compared.get_by_role("slider", name="Moment of the recording")
    expect(slider).to_have_attribute("aria-valuetext", "0:07.0, Sad against happy")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    compared.mouse.click(box["x"] + box["width"] / 12, box["y"] + 45)
    assert settled(compared) == pytest.approx(DURATION_S / 12, abs=0.2)
    expect(slider).to_have_attribute("aria-valuetext", "0:02.0, Neutral in both")
    expect(compared.locator(".timeline-tooltip")).to_contain_text("neutral")
    slider.focus()
    compared.keyboard.press("]")
    assert settled(compared) == pytest.approx(3.0, abs=0.1)
    compared.get_by_role("button", name="Zoom in").click()
    expect(compared.locator("#zoom-factor")).to_have_text("2×")


def test_axe_finds_nothing_serious(compared: Page) -> None:
    for scheme in ("light", "dark"):
        compared.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        expect(compared.locator("html")).to_have_attribute("data-bs-theme", scheme)
        assert serious(compared) == []
    compared.set_viewport_size(PHONE)
    assert compared.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_without_scripts_there_are_lanes_and_lists(compared: Page) -> None:
    browser = compared.context.browser
    assert browser is not None
    context = browser.new_context(java_script_enabled=False, storage_state=compared.context.storage_state())
    page = context.new_page()
    page.goto(compared.url)
    expect(page.locator("#timeline-svg")).to_be_visible()
    expect(page.locator("#tiers")).to_be_hidden()
    expect(page.locator("#differences tbody tr")).to_have_count(3)
    context.close()
