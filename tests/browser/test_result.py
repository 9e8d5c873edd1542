"""The result page by mouse and by keyboard, in a real browser, on analyses that are done."""

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import results
from tests.browser.results import CUT, DURATION_S, EDGES_S, factor, moment, open_result, played, point, pressed, settled
from tests.integration.processes import eventually
from webapp.analyses.models import Analysis


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
    canvas = shown.locator("#tiers canvas")
    happy, calm, neutral = [246, 215, 67], [47, 147, 133], [155, 184, 232]
    tops = {
        lane["name"]: lane["top"]
        for lane in shown.evaluate("JSON.parse(document.getElementById('timeline-data').textContent).tiers")
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
    expect(shown.locator("#current-label")).to_have_text("sad")
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

    assert click("Forward 5 seconds") == pytest.approx(5)
    assert click("Forward 1 second") == pytest.approx(6)
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
    expect(shown.locator("#reanalyse")).to_have_class("collapse show")  # it has opened wholly
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
    expect(shown.locator(".tiers-loop")).to_be_visible()
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
    assert eventually(lambda: segment[0] <= moment(shown) <= segment[1] + 0.3)
    # Whoever goes elsewhere takes it along.
    shown.keyboard.press("k")
    pressed(shown, "]")
    played(shown)
    assert eventually(lambda: moment(shown) > EDGES_S[3])
    shown.keyboard.press("k")
    shown.keyboard.press("r")
    expect(button).to_have_attribute("aria-pressed", "false")
    expect(shown.locator(".tiers-loop")).to_be_hidden()


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
    tip = shown.locator(".timeline-tooltip")
    expect(tip).to_be_hidden()
    point(shown, 20)
    expect(tip).to_contain_text("calm72 %")
    expect(tip).to_contain_text("0:20.0")
    expect(tip).to_contain_text("EEG alone: neutral")
    expect(tip.locator(".tooltip-line")).to_have_count(3)
    expect(tip.locator(".tooltip-line").first).to_have_text("calm72 %")
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


def test_what_there_was_and_what_each_says_alone_stand_in_words(shown: Page) -> None:
    there = "face seen 90 %, voice heard 72 %, EEG present"
    said = "face: sad 72 %, voice: angry 72 %, EEG: neutral 72 %, audio and video: calm 72 %"
    row = shown.locator("tr[data-number='3']")
    expect(row.locator(".evidence")).to_have_text(there)
    expect(row.locator(".unimodal")).to_have_text(said)
    point(shown, 8)
    shown.mouse.down()
    shown.mouse.up()
    expect(shown.locator("#current-evidence")).to_have_text(there)
    expect(shown.locator("#current-unimodal")).to_have_text(said)
    expect(shown.locator(".timeline-tooltip .evidence")).to_have_text(there)
    expect(shown.locator(".timeline-tooltip .unimodal")).to_have_text(said)
    point(shown, 6.5)
    shown.mouse.down()
    shown.mouse.up()
    expect(shown.locator("#current-evidence")).to_have_text("Neither face nor voice")
    expect(shown.locator("#current-unimodal")).to_be_empty()
    expect(shown.locator("#summary .headlines").first).to_contain_text("Audio and video alone")


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
    looked_away = moment(shown)
    assert eventually(lambda: moment(shown) > looked_away + 0.3)
    assert scroller.evaluate("one => one.scrollLeft") == 0


def test_the_summary_compares_the_readers(shown: Page) -> None:
    expect(shown.locator("#transitions tbody tr")).to_have_count(len(CUT) - 1)
    expect(shown.locator("#agreement-same")).to_have_text("45 %")
    expect(shown.locator("#agreement-kappa")).to_have_text("0.34")
    shown.get_by_role("link", name="What this analysis is not").click()
    expect(shown.locator("#notice")).to_be_in_viewport()


def test_the_labelled_video_comes_without_taking_anything_away(published: Analysis, page: Page, tmp_path: Path) -> None:
    open_result(page, published)
    expect(page.get_by_role("button", name="Labelled", exact=True)).to_be_hidden()
    expect(page.locator("#overlay")).to_have_text("Neutral 72 %")
    page.locator("#scrubber").focus()
    pressed(page, "]", "+", "r")
    results.render(published, tmp_path)
    expect(page.get_by_role("button", name="Labelled", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#overlay")).to_be_hidden()
    expect(page.locator("#current-label")).to_have_text("happy")
    assert factor(page) == 2
    expect(page.locator(".tiers-loop")).to_be_visible()
    expect(page.locator("#scrubber")).to_be_focused()
    expect(page.locator("tr[aria-current]")).to_have_attribute("data-number", "1")
    assert eventually(lambda: settled(page) == pytest.approx(EDGES_S[1]))  # at 0 until it knows the new video
