"""The result page by mouse, by keyboard and by screen reader, in a real browser, on analyses that are done."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connections
from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests.browser import results
from tests.browser.results import CUT, EDGES_S, open_result
from tests.integration.processes import eventually
from webapp.accounts.models import User
from webapp.analyses.models import Analysis

DURATION_S = EDGES_S[-1]
PHONE = ViewportSize(width=390, height=844)
HOUR_S, MANY = 3600, 3000


@pytest.fixture
def published(transactional_db: None, researcher: User) -> Analysis:
    """Six segments over 24 s, read with EEG, not yet rendered. It has to be asked for before the page."""
    analysis = results.submitted(researcher)
    results.publish(analysis, results.timeline())
    return analysis


@pytest.fixture
def finished(published: Analysis, tmp_path: Path) -> Analysis:
    results.render(published, tmp_path)
    return published


@pytest.fixture
def shown(finished: Analysis, page: Page) -> Page:
    open_result(page, finished)
    return page


@pytest.fixture
def an_hour(transactional_db: None, researcher: User, tmp_path: Path) -> Analysis:
    """An hour in three thousand segments, and a video as long."""
    video = results.long_video(tmp_path / "hour.mp4", HOUR_S)
    analysis = results.submitted(researcher, video)
    results.publish(analysis, results.long_timeline(float(HOUR_S), MANY))
    results.render(analysis, tmp_path, video)
    return analysis


def settled(page: Page) -> float:
    """The player's time once it has arrived where it was sent."""
    player = page.locator("#player")
    expect(player).to_have_js_property("seeking", False)
    moment: float = player.evaluate("video => video.currentTime")
    return moment


def point(page: Page, seconds: float) -> None:
    """Move the mouse to a moment of the timeline that is not zoomed."""
    box = page.locator("#scrubber").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * seconds / DURATION_S, box["y"] + 60, steps=4)


def played(page: Page) -> None:
    page.locator("#player").evaluate("async video => { video.muted = true; await video.play(); }")


def pressed(page: Page, *keys: str) -> float:
    for key in keys:
        page.keyboard.press(key)
    return settled(page)


def serious(page: Page) -> list[dict[str, Any]]:
    """What axe finds wrong for people who use no mouse or no eyes, trifles left out."""
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [violation for violation in found if violation["impact"] != "minor"]


def factor(page: Page) -> float:
    return float(page.locator("#zoom-factor").inner_text().removesuffix("×"))


def colour(canvas: Locator, x: float, y: float) -> list[int]:
    """What is drawn at a share of the width and a number of pixels from the top."""
    found: list[int] = canvas.evaluate(
        """(canvas, [x, y]) => {
            const scale = canvas.height / canvas.clientHeight;
            return [...canvas.getContext("2d").getImageData(x * canvas.width, y * scale, 1, 1).data].slice(0, 3);
        }""",
        [x, y],
    )
    return found


def test_every_lane_has_the_colours_of_what_was_read(shown: Page) -> None:
    canvas = shown.locator("#lanes canvas")
    happy, calm, neutral = [246, 215, 67], [47, 147, 133], [155, 184, 232]
    tops = {
        lane["name"]: lane["top"]
        for lane in shown.evaluate("JSON.parse(document.getElementById('reading').textContent).lanes")
    }
    assert list(tops) == [
        "Emotion",
        "Probability of each emotion",
        "Audio and video alone",
        "EEG alone",
        "Face seen",
        "Voice heard",
    ]
    assert eventually(lambda: colour(canvas, 20 / DURATION_S, tops["Emotion"] + 5) == calm)
    assert colour(canvas, 20 / DURATION_S, tops["Audio and video alone"] + 5) == calm
    assert colour(canvas, 20 / DURATION_S, tops["EEG alone"] + 5) == neutral
    assert colour(canvas, 11 / DURATION_S, tops["EEG alone"] + 5) == happy
    assert colour(canvas, 20 / DURATION_S, tops["Probability of each emotion"] + 20) == calm
    assert colour(canvas, 6.5 / DURATION_S, tops["Face seen"] + 2) != colour(canvas, 0.5, tops["Face seen"] + 2)


def test_a_press_and_a_drag_seek(shown: Page) -> None:
    point(shown, 8)
    shown.mouse.down()
    assert settled(shown) == pytest.approx(8, abs=0.1)
    expect(shown.locator("#now-label")).to_have_text("sad")
    point(shown, 12)
    assert settled(shown) == pytest.approx(12, abs=0.1)
    point(shown, 18)
    shown.mouse.up()
    assert settled(shown) == pytest.approx(18, abs=0.1)
    expect(shown.locator("tr[aria-current]")).to_have_attribute("data-number", "5")
    point(shown, 4)
    assert settled(shown) == pytest.approx(18, abs=0.1)


def test_the_keys_move_the_player(shown: Page) -> None:
    assert pressed(shown, "ArrowRight", "ArrowRight") == pytest.approx(2)
    assert pressed(shown, "Shift+ArrowRight") == pytest.approx(7)
    assert pressed(shown, "ArrowLeft") == pytest.approx(6)
    assert pressed(shown, "j") == pytest.approx(1)
    assert pressed(shown, "Shift+ArrowLeft") == 0
    assert pressed(shown, "]", "]") == pytest.approx(EDGES_S[2])
    assert pressed(shown, "[") == pytest.approx(EDGES_S[1])
    shown.locator("#scrubber").focus()
    assert pressed(shown, "End", "PageDown") == pytest.approx(EDGES_S[-3])
    assert pressed(shown, "Home") == 0


def test_the_keys_play_pause_and_hurry(shown: Page) -> None:
    player, button = shown.locator("#player"), shown.locator("[data-command=toggle]")
    player.evaluate("video => { video.muted = true; }")
    shown.keyboard.press("Space")
    expect(button).to_have_text("Pause")
    expect(player).to_have_js_property("paused", False)
    shown.keyboard.press("l")
    expect(player).to_have_js_property("playbackRate", 1.5)
    expect(shown.get_by_label("Speed")).to_have_value("1.5")
    shown.keyboard.press("k")
    expect(player).to_have_js_property("paused", True)
    expect(player).to_have_js_property("playbackRate", 1)
    shown.keyboard.press("l")
    expect(player).to_have_js_property("paused", False)
    shown.keyboard.press("Space")
    expect(player).to_have_js_property("paused", True)


def test_every_key_has_a_button(shown: Page) -> None:
    def click(name: str) -> float:
        shown.get_by_role("button", name=name, exact=True).click()
        return settled(shown)

    assert click("On 5 seconds") == pytest.approx(5)
    assert click("On 1 second") == pytest.approx(6)
    assert click("Next segment") == pytest.approx(EDGES_S[3])
    assert click("Previous segment") == pytest.approx(EDGES_S[2])
    assert click("Back 5 seconds") == pytest.approx(1)
    assert click("Back 1 second") == 0
    shown.get_by_label("Speed").select_option("2")
    expect(shown.locator("#player")).to_have_js_property("playbackRate", 2)
    click("Keys")
    dialog = shown.get_by_role("dialog", name="Keys")
    expect(dialog).to_be_visible()
    assert pressed(shown, "ArrowRight") == 0  # no key works behind it
    shown.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    shown.keyboard.press("?")
    expect(dialog).to_be_visible()


def test_a_field_keeps_its_keys(shown: Page) -> None:
    shown.get_by_role("button", name="Analyse again").click()
    expect(shown.locator("#again")).to_have_class("collapse show")  # it has opened wholly
    shown.get_by_label("Model").focus()
    assert pressed(shown, "ArrowRight", "]", "o") == 0
    expect(shown.locator("[data-command=overlay]")).to_have_attribute("aria-pressed", "true")
    again = shown.get_by_role("button", name="Analyse again")
    again.focus()
    shown.keyboard.press("Space")
    expect(again).to_have_attribute("aria-expanded", "false")
    expect(shown.locator("#player")).to_have_js_property("paused", True)


def test_a_segment_is_repeated_until_it_is_told_not_to(shown: Page) -> None:
    segment = (EDGES_S[2], EDGES_S[3])
    pressed(shown, "]", "]", "r")
    button = shown.get_by_role("button", name="Loop")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(shown.locator(".lanes-loop")).to_be_visible()
    shown.evaluate(
        """() => {
            window.jumps = 0;
            const video = document.getElementById("player");
            let before = video.currentTime;
            video.addEventListener("seeking", () => { if (video.currentTime < before) window.jumps += 1; });
            video.addEventListener("timeupdate", () => { before = video.currentTime; });
        }"""
    )
    played(shown)
    assert eventually(lambda: shown.evaluate("window.jumps") >= 2)
    assert segment[0] <= shown.locator("#player").evaluate("video => video.currentTime") <= segment[1] + 0.3
    # Whoever goes elsewhere takes it along.
    shown.keyboard.press("k")
    pressed(shown, "]")
    played(shown)
    shown.wait_for_timeout(500)
    assert shown.locator("#player").evaluate("video => video.currentTime") > EDGES_S[3]
    shown.keyboard.press("k")
    shown.keyboard.press("r")
    expect(button).to_have_attribute("aria-pressed", "false")
    expect(shown.locator(".lanes-loop")).to_be_hidden()


def test_the_label_lies_over_the_original_and_can_be_switched_off(shown: Page, finished: Analysis) -> None:
    overlay, button = shown.locator("#overlay"), shown.get_by_role("button", name="Overlay")
    expect(overlay).to_be_hidden()  # the labelled video has it burned in
    shown.get_by_role("button", name="Original").click()
    expect(overlay).to_have_text("Neutral 72 %")
    pressed(shown, "]")
    expect(overlay).to_have_text("Happy 72 %")
    shown.keyboard.press("o")
    expect(overlay).to_be_hidden()
    expect(button).to_have_attribute("aria-pressed", "false")
    # It is remembered, and the labelled video's own label is left by playing the original.
    open_result(shown, finished)
    shown.get_by_role("button", name="Original").click()
    expect(overlay).to_be_hidden()
    button.click()
    expect(overlay).to_be_visible()
    shown.get_by_role("button", name="Labelled", exact=True).click()
    expect(overlay).to_be_hidden()
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    expect(shown.get_by_role("button", name="Original")).to_have_attribute("aria-pressed", "true")
    expect(overlay).to_be_hidden()


def test_hovering_and_focus_tell_what_was_read(shown: Page) -> None:
    tip = shown.locator(".tip")
    expect(tip).to_be_hidden()
    point(shown, 20)
    expect(tip).to_contain_text("calm72 %")
    expect(tip).to_contain_text("0:20.0")
    expect(tip).to_contain_text("EEG alone: neutral")
    expect(tip.locator(".tip-line")).to_have_count(3)
    expect(tip.locator(".tip-line").first).to_have_text("calm72 %")
    shown.mouse.move(5, 5)
    expect(tip).to_be_hidden()
    shown.get_by_role("button", name="Zoom in").focus()
    shown.keyboard.press("Tab")
    expect(shown.locator("#scrubber")).to_be_focused()
    expect(tip).to_contain_text("neutral")
    pressed(shown, "PageUp")
    expect(tip).to_contain_text("happy")
    shown.keyboard.press("Escape")
    expect(tip).to_be_hidden()


def test_a_screen_reader_hears_where_it_is(shown: Page) -> None:
    slider = shown.get_by_role("slider", name="Moment of the recording")
    expect(slider).to_have_attribute("aria-valuetext", "0:00.0, Neutral, confidence 72 %")
    slider.focus()
    pressed(shown, "PageUp")
    expect(slider).to_have_attribute("aria-valuetext", "0:03.0, Happy, confidence 72 %")
    expect(slider).to_have_attribute("aria-valuenow", "3.0")
    pressed(shown, "PageUp")
    expect(slider).to_have_attribute("aria-valuetext", "0:06.0, Undetermined")


def test_zoom_keeps_the_playhead_in_view(shown: Page) -> None:
    scroller = shown.locator("#scrubber")
    shown.get_by_role("button", name="Zoom in").click()
    assert factor(shown) == 2
    assert scroller.evaluate("one => one.scrollWidth / one.clientWidth") == pytest.approx(2, abs=0.01)
    pressed(shown, "+", "+")
    assert factor(shown) == pytest.approx(DURATION_S / 5, abs=0.05)  # five seconds are the least
    pressed(shown, "]", "]", "]", "]", "]")
    head, box = shown.locator(".playhead").bounding_box(), scroller.bounding_box()
    assert head is not None
    assert box is not None
    assert box["x"] <= head["x"] + 1 <= box["x"] + box["width"]
    assert scroller.evaluate("one => one.scrollLeft") > 0
    pressed(shown, "0")
    assert factor(shown) == 1
    point(shown, 12)
    shown.keyboard.down("Control")
    shown.mouse.wheel(0, -200)
    shown.keyboard.up("Control")
    expect(shown.locator("#zoom-factor")).to_have_text("2×")
    assert scroller.evaluate("one => one.scrollLeft / one.clientWidth") == pytest.approx(0.5, abs=0.02)


def test_playing_takes_the_view_along_unless_somebody_looks_elsewhere(shown: Page) -> None:
    scroller = shown.locator("#scrubber")
    pressed(shown, "+", "+", "+")
    scroller.evaluate("one => { one.scrollLeft = 0; }")
    shown.locator("#player").evaluate("video => { video.currentTime = 4.6; }")
    settled(shown)
    assert scroller.evaluate("one => one.scrollLeft") == 0
    played(shown)
    assert eventually(lambda: scroller.evaluate("one => one.scrollLeft") > 0)
    scroller.evaluate("one => { one.scrollLeft = 0; }")
    shown.wait_for_timeout(500)
    assert scroller.evaluate("one => one.scrollLeft") == 0


def test_a_finger_seeks_and_scrolls_once_zoomed_in(shown: Page) -> None:
    browser = shown.context.browser
    assert browser is not None
    phone = browser.new_context(
        viewport=PHONE, has_touch=True, is_mobile=True, storage_state=shown.context.storage_state()
    )
    page = phone.new_page()
    page.goto(shown.url)
    page.wait_for_function("document.getElementById('player').readyState > 0")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    scrubber = page.locator("#scrubber")
    scrubber.scroll_into_view_if_needed()
    box = scrubber.bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + 60)
    assert settled(page) == pytest.approx(DURATION_S / 2, abs=0.2)
    assert page.locator(".lanes-wide").evaluate("one => getComputedStyle(one).touchAction") == "pan-y"
    page.get_by_role("button", name="Zoom in").tap()
    scrubber.evaluate("one => { one.scrollLeft = 0; }")
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + 60)
    assert settled(page) == pytest.approx(DURATION_S / 4, abs=0.2)
    assert page.locator(".lanes-wide").evaluate("one => getComputedStyle(one).touchAction") == "pan-x pan-y"
    phone.close()


def test_the_summary_compares_the_readers(shown: Page) -> None:
    expect(shown.locator("#transitions tbody tr")).to_have_count(len(CUT) - 1)
    expect(shown.locator("#agreement-same")).to_have_text("45 %")
    expect(shown.locator("#agreement-kappa")).to_have_text("0.34")
    shown.get_by_role("link", name="What this reading is not").click()
    expect(shown.locator("#notice")).to_be_in_viewport()


def test_the_labelled_video_comes_without_taking_anything_away(published: Analysis, page: Page, tmp_path: Path) -> None:
    open_result(page, published)
    expect(page.get_by_role("button", name="Labelled", exact=True)).to_be_hidden()
    expect(page.locator("#overlay")).to_have_text("Neutral 72 %")
    page.locator("#scrubber").focus()
    pressed(page, "]", "+", "r")
    with ThreadPoolExecutor(1) as worker:  # not beside Playwright's loop, where Django refuses to work
        worker.submit(results.render, published, tmp_path).result()
        worker.submit(connections.close_all).result()
    expect(page.get_by_role("button", name="Labelled", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#overlay")).to_be_hidden()
    expect(page.locator("#now-label")).to_have_text("happy")
    assert factor(page) == 2
    expect(page.locator(".lanes-loop")).to_be_visible()
    expect(page.locator("#scrubber")).to_be_focused()
    expect(page.locator("tr[aria-current]")).to_have_attribute("data-number", "1")
    assert settled(page) == pytest.approx(EDGES_S[1])


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
    for name in ("Interview", "Timeline", "Over the whole recording", "Transitions", "Segments"):
        expect(shown.get_by_role("heading", name=name).first).to_be_visible()
    expect(shown.locator("#strip")).to_be_visible()
    for hidden in ("#player", "#lanes", "#transport", "#downloads", ".topbar"):
        expect(shown.locator(hidden)).to_be_hidden()
    expect(shown.locator("button:visible:not(.seek)")).to_have_count(0)


def test_an_hour_of_segments_is_no_burden(an_hour: Analysis, page: Page) -> None:
    open_result(page, an_hour)
    count = "document.querySelectorAll('*').length"
    rows = page.locator("#segments tbody tr")
    expect(rows).to_have_count(100)
    assert page.evaluate(count) < 2500
    assert serious(page) == []
    page.locator("#scrubber").focus()
    page.keyboard.press("End")
    expect(page.locator("tr[aria-current]")).to_have_attribute("data-number", str(MANY - 1))
    expect(page.locator("#segments-shown")).to_have_text("2901 to 3000 of 3000")
    expect(rows.last).to_have_attribute("aria-rowindex", str(MANY + 1))
    assert page.evaluate(count) < 2500
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
    assert page.locator("#lanes canvas").evaluate("canvas => canvas.clientWidth") == pytest.approx(box["width"], abs=1)
    # Paper gets every row.
    page.emulate_media(media="print")
    expect(rows).to_have_count(MANY)
    page.emulate_media(media="screen")
    expect(rows).to_have_count(100)


def test_without_scripts_there_is_a_timeline_and_a_table_to_turn(an_hour: Analysis, page: Page) -> None:
    open_result(page, an_hour)
    plain = page.context.browser
    assert plain is not None
    context = plain.new_context(java_script_enabled=False, storage_state=page.context.storage_state())
    bare = context.new_page()
    bare.goto(page.url)
    expect(bare.locator("#strip")).to_be_visible()
    expect(bare.locator("#transport")).to_be_hidden()
    expect(bare.locator("#lanes")).to_be_hidden()
    bare.get_by_role("link", name="Next", exact=True).click()
    expect(bare.locator("#segments-shown")).to_have_text("101 to 200 of 3000")
    context.close()
