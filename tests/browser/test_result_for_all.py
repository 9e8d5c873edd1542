"""The result page for everybody: by finger, by screen reader, on paper, without scripts, and an hour of segments."""

from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.results import DURATION_S, HOUR_S, MANY, has_loaded, open_result, pressed, serious, settled
from webapp.analyses.models import Analysis

PHONE = ViewportSize(width=390, height=844)


def test_a_finger_seeks_and_scrolls_once_zoomed_in(shown: Page) -> None:
    browser = shown.context.browser
    assert browser is not None
    phone = browser.new_context(
        viewport=PHONE, has_touch=True, is_mobile=True, storage_state=shown.context.storage_state()
    )
    page = phone.new_page()
    page.goto(shown.url)
    has_loaded(page)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    scrubber = page.locator("#scrubber")
    scrubber.scroll_into_view_if_needed()
    box = scrubber.bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + 60)
    assert settled(page) == pytest.approx(DURATION_S / 2, abs=0.2)
    assert page.locator(".tiers-content").evaluate("one => getComputedStyle(one).touchAction") == "pan-y"
    page.get_by_role("button", name="Zoom in").tap()
    scrubber.evaluate("one => { one.scrollLeft = 0; }")
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + 60)
    assert settled(page) == pytest.approx(DURATION_S / 4, abs=0.2)
    assert page.locator(".tiers-content").evaluate("one => getComputedStyle(one).touchAction") == "pan-x pan-y"
    phone.close()


def test_a_screen_reader_hears_where_it_is(shown: Page) -> None:
    slider = shown.get_by_role("slider", name="Moment of the recording")
    expect(slider).to_have_attribute("aria-valuetext", "0:00.0, Neutral, confidence 72 %")
    slider.focus()
    pressed(shown, "PageUp")
    expect(slider).to_have_attribute("aria-valuetext", "0:03.0, Happy, confidence 72 %")
    expect(slider).to_have_attribute("aria-valuenow", "3.0")
    pressed(shown, "PageUp")
    expect(slider).to_have_attribute("aria-valuetext", "0:06.0, Undetermined")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(shown: Page, scheme: Any) -> None:
    shown.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    expect(shown.locator("html")).to_have_attribute("data-bs-theme", scheme)
    shown.get_by_role("button", name="Loop").click()
    shown.get_by_role("button", name="Original").click()
    shown.locator("#scrubber").focus()
    assert serious(shown) == []
    shown.get_by_role("button", name="Keys", exact=True).click()
    assert serious(shown) == []


def test_paper_has_the_timeline_and_no_buttons(shown: Page) -> None:
    shown.emulate_media(media="print", color_scheme="dark")
    expect(shown.locator("html")).to_have_attribute("data-bs-theme", "light")
    for name in ("Interview", "Timeline", "Whole recording", "Transitions", "Segments"):
        expect(shown.get_by_role("heading", name=name).first).to_be_visible()
    expect(shown.locator("#timeline-svg")).to_be_visible()
    for hidden in ("#player", "#tiers", "#player-controls", "#downloads", ".topbar"):
        expect(shown.locator(hidden)).to_be_hidden()
    expect(shown.locator("button:visible:not(.seek)")).to_have_count(0)


@pytest.mark.extended
def test_an_hour_of_segments_is_no_burden(an_hour: Analysis, page: Page) -> None:
    open_result(page, an_hour)
    count = "document.querySelectorAll('*').length"
    rows = page.locator("#segments tbody tr")
    expect(rows).to_have_count(100)
    assert page.evaluate(count) < 2800  # of 100 rows, however many segments there are
    assert serious(page) == []
    page.locator("#scrubber").focus()
    page.keyboard.press("End")
    expect(page.locator("tr[aria-current]")).to_have_attribute("data-number", str(MANY - 1))
    expect(page.locator("#segments-shown")).to_have_text("2901 to 3000 of 3000")
    expect(rows.last).to_have_attribute("aria-rowindex", str(MANY + 1))
    assert page.evaluate(count) < 2800  # of 100 rows, however many segments there are
    page.get_by_role("link", name="Previous", exact=True).click()
    expect(page.locator("#segments-shown")).to_have_text("2801 to 2900 of 3000")
    rows.first.locator(".seek").click()
    expect(page.locator("tr[aria-current]")).to_have_attribute("data-number", "2800")
    assert settled(page) == pytest.approx(2800 * HOUR_S / MANY, abs=1)
    for _ in range(12):
        page.keyboard.press("+")
    expect(page.locator("#zoom-factor")).to_have_text("720×")
    head, box = page.locator(".playhead").bounding_box(), page.locator("#scrubber").bounding_box()
    assert head is not None
    assert box is not None
    assert box["x"] <= head["x"] + 1 <= box["x"] + box["width"]
    assert page.locator("#tiers canvas").evaluate("canvas => canvas.clientWidth") == pytest.approx(box["width"], abs=1)
    # Paper gets every row.
    page.emulate_media(media="print")
    expect(rows).to_have_count(MANY)
    page.emulate_media(media="screen")
    expect(rows).to_have_count(100)


@pytest.mark.extended
def test_without_scripts_there_is_a_timeline_and_a_table_to_turn(an_hour: Analysis, page: Page) -> None:
    open_result(page, an_hour)
    plain = page.context.browser
    assert plain is not None
    context = plain.new_context(java_script_enabled=False, storage_state=page.context.storage_state())
    bare = context.new_page()
    bare.goto(page.url)
    expect(bare.locator("#timeline-svg")).to_be_visible()
    expect(bare.locator("#player-controls")).to_be_hidden()
    expect(bare.locator("#tiers")).to_be_hidden()
    bare.get_by_role("link", name="Next", exact=True).click()
    expect(bare.locator("#segments-shown")).to_have_text("101 to 200 of 3000")
    context.close()
