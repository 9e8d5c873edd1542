"""A person corrects the timeline, by mouse and by keyboard, and loses nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.results import CUT, DURATION_S, EDGES_S, MANY, moment, open_result, played, pressed, serious, settled
from tests.integration.processes import eventually
from tests.integration.rest import PASSWORD, USER
from webapp.analyses.models import Analysis

Saved = Callable[[], list[tuple[float, float, str, str]]]


@pytest.fixture
def saved(shown: Page, finished: Analysis) -> Saved:
    """What the server holds of the corrections."""

    def segments() -> list[tuple[float, float, str, str]]:
        found = shown.request.get(f"/api/v1/analyses/{finished.pk}/corrections/").json()["segments"]
        return [(one["start_s"], one["end_s"], one["label"], one["note"]) for one in found]

    return segments


def correct(page: Page) -> None:
    page.keyboard.press("c")
    expect(page.locator("#correction-editor")).to_be_visible()
    expect(page.locator("#correction-segment")).to_contain_text("Segment")


def is_saved(page: Page) -> None:
    expect(page.locator("#correction-status")).to_have_text("Saved")


def labels(found: list[tuple[float, float, str, str]]) -> list[str]:
    return [label for _, _, label, _ in found]


def test_by_keyboard(shown: Page, saved: Saved) -> None:
    pressed(shown, "]")
    correct(shown)
    expect(shown.locator("#correction-segment")).to_have_text(
        "Segment 2 of 6, 0:03.0 to 0:06.0: Happy. The model here: happy, 72 %."
    )
    pressed(shown, "4", "ArrowRight", "s")
    is_saved(shown)
    edges = [(start, end) for start, end, _, _ in saved()]
    assert edges[1:3] == [(3.0, 4.0), (4.0, 6.0)]
    assert labels(saved())[1:3] == ["angry", "angry"]
    pressed(shown, "1", ".", ">", "Shift+>")
    is_saved(shown)
    assert saved()[2] == (4.1, 6.2, "neutral", "")
    pressed(shown, "Shift+M")
    is_saved(shown)
    assert saved()[1] == (3.0, 6.2, "neutral", "")
    pressed(shown, "]", "m")
    is_saved(shown)
    assert saved()[2] == (6.2, 10.0, "undetermined", "")
    assert saved()[0][0] == 0
    assert saved()[-1][1] == DURATION_S
    # The machine's answer stands where it stood.
    expect(shown.locator("#current-label")).to_have_text("undetermined")
    expect(shown.locator("#segments tbody tr")).to_have_count(len(CUT))


def test_undo_and_redo(shown: Page, saved: Saved) -> None:
    correct(shown)
    expect(shown.get_by_role("button", name="Undo")).to_have_attribute("aria-disabled", "true")
    pressed(shown, "3", "m")
    pressed(shown, "Control+z")
    is_saved(shown)
    assert labels(saved()) == ["sad", *CUT[1:]]
    shown.get_by_role("button", name="Undo").click()
    is_saved(shown)
    assert labels(saved()) == list(CUT)
    pressed(shown, "Control+y")
    shown.get_by_role("button", name="Redo").click()
    is_saved(shown)
    assert labels(saved()) == ["sad", *CUT[2:]]
    expect(shown.get_by_role("button", name="Redo")).to_have_attribute("aria-disabled", "true")


def test_by_mouse(shown: Page, saved: Saved) -> None:
    shown.get_by_role("button", name="Correct", exact=True).click()
    shown.get_by_role("group", name="Label of this segment").get_by_role("button", name="angry").click()
    lane = shown.evaluate("JSON.parse(document.getElementById('timeline-data').textContent).corrected_tier")
    box = shown.locator("#scrubber").bounding_box()
    assert box is not None
    y = box["y"] + lane["top"] + lane["height"] / 2
    x = [box["x"] + box["width"] * seconds / DURATION_S for seconds in (3.0, 4.5)]
    shown.mouse.move(x[0] + 2, y)
    expect(shown.locator(".tiers-content")).to_have_class("tiers-content over-boundary")
    shown.mouse.down()
    shown.mouse.move(x[1], y, steps=5)
    shown.mouse.up()
    is_saved(shown)
    assert saved()[0][1] == pytest.approx(4.5, abs=0.05)
    assert settled(shown) == 0  # a drag of a boundary is no seek
    shown.get_by_role("button", name="Undo").click()
    is_saved(shown)
    assert saved()[0] == (0, 3.0, "angry", "")
    # Elsewhere in the lane a press goes there; the fields and the buttons change what is there.
    shown.mouse.click(box["x"] + box["width"] * 12 / DURATION_S, y)
    assert settled(shown) == pytest.approx(12, abs=0.1)
    shown.get_by_label("Begins, s").fill("11.4")
    shown.get_by_label("Note").fill("she laughs")
    shown.get_by_role("button", name="Split here").click()
    is_saved(shown)
    assert saved()[4][:1] + saved()[4][2:] == (11.4, "happy", "she laughs")
    split_s = saved()[4][1]
    assert split_s == pytest.approx(12, abs=0.1)
    assert saved()[5] == (split_s, EDGES_S[5], "happy", "")
    shown.get_by_role("button", name="Merge with previous").click()
    is_saved(shown)
    assert saved()[4] == (11.4, EDGES_S[5], "happy", "she laughs")
    expect(shown.locator("#corrected-same")).to_have_text("82 %")


def test_a_note_belongs_to_the_segment_it_was_begun_in(shown: Page, saved: Saved) -> None:
    correct(shown)
    shown.locator("#player").evaluate("video => { video.currentTime = 2.5; }")
    settled(shown)
    shown.keyboard.press("n")
    shown.keyboard.type("before")
    played(shown)
    assert eventually(lambda: moment(shown) > EDGES_S[1])
    shown.keyboard.type(" it ends")
    shown.locator("#player").evaluate("video => video.pause()")
    shown.keyboard.press("Tab")
    is_saved(shown)
    assert [note for *_, note in saved()] == ["before it ends", *[""] * 5]


def test_what_cannot_be_done_is_said_and_changes_nothing(shown: Page, saved: Saved) -> None:
    correct(shown)
    which = shown.locator("#correction-segment")
    shown.keyboard.press("s")
    expect(which).to_have_text("Too near to a boundary to split here.")
    shown.keyboard.press("Shift+M")
    expect(which).to_have_text("There is no previous segment.")
    expect(shown.get_by_label("Begins, s")).to_be_disabled()
    shown.keyboard.press("9")
    assert saved() == []


def test_removing_asks_first(shown: Page, finished: Analysis, saved: Saved) -> None:
    correct(shown)
    pressed(shown, "3")
    is_saved(shown)
    shown.get_by_role("button", name="Remove my corrections").click()
    dialog = shown.get_by_role("dialog", name="Remove your corrections?")
    dialog.get_by_role("button", name="Keep them").click()
    assert len(saved()) == len(CUT)
    shown.get_by_role("button", name="Remove my corrections").click()
    with shown.expect_navigation():
        dialog.get_by_role("button", name="Remove", exact=True).click()
    assert saved() == []
    expect(shown.locator("#corrected-same")).to_have_count(0)


@pytest.mark.parametrize("go_on", [True, False])
def test_what_was_not_saved_is_offered_after_a_reload(
    shown: Page, finished: Analysis, saved: Saved, noise: set[str], go_on: bool
) -> None:
    noise.add("ERR_FAILED")
    correct(shown)
    shown.route("**/corrections/", lambda route: route.abort() if route.request.method == "PUT" else route.continue_())
    pressed(shown, "3")
    expect(shown.locator("#correction-status")).to_contain_text("the server cannot be reached")
    pressed(shown, "c", "c")  # whoever leaves and comes back finds it as it was
    expect(shown.locator("#correction-segment")).to_contain_text(": Sad.")
    open_result(shown, finished)
    shown.unroute("**/corrections/")
    offer = shown.locator("#correction-draft")
    expect(offer).to_contain_text("were not saved")
    shown.keyboard.press("c")
    expect(offer).to_be_focused()
    offer.get_by_role("button", name="Restore" if go_on else "Discard").click()
    expect(offer).to_be_hidden()
    if go_on:
        is_saved(shown)
    assert labels(saved()) == (["sad", *CUT[1:]] if go_on else [])
    open_result(shown, finished)
    expect(offer).to_be_hidden()


def test_a_lost_session_loses_nothing(shown: Page, saved: Saved, refused: set[int]) -> None:
    refused |= {401, 403}
    correct(shown)
    shown.context.clear_cookies()
    pressed(shown, "3")
    expect(shown.locator("#correction-status")).to_contain_text("you are logged out")
    other = shown.context.new_page()
    other.goto("/")
    other.get_by_label("User name").fill(USER)
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Log in").click()
    other.close()
    shown.get_by_role("button", name="Save", exact=True).click()
    is_saved(shown)
    assert labels(saved()) == ["sad", *CUT[1:]]


@pytest.mark.parametrize(("choice", "left"), [("The version here", "sad"), ("The other version", "calm")])
def test_two_tabs_choose(
    shown: Page, finished: Analysis, saved: Saved, refused: set[int], choice: str, left: str
) -> None:
    refused.add(409)
    correct(shown)
    other = shown.context.new_page()
    open_result(other, finished)
    correct(other)
    pressed(other, "5")
    is_saved(other)
    other.close()
    pressed(shown, "3")
    conflict = shown.locator("#correction-conflict")
    expect(conflict).to_contain_text("changed elsewhere")
    assert labels(saved())[0] == "calm"
    conflict.get_by_role("button", name=choice).click()
    is_saved(shown)
    assert labels(saved())[0] == left
    expect(shown.locator("#correction-segment")).to_contain_text(f": {left.capitalize()}.")


def test_another_day_the_corrections_are_there(shown: Page, finished: Analysis) -> None:
    correct(shown)
    pressed(shown, "3")
    is_saved(shown)
    open_result(shown, finished)
    expect(shown.locator("#corrected-same")).to_have_text("88 %")
    tiers = shown.evaluate("JSON.parse(document.getElementById('timeline-data').textContent).tiers")
    assert [tier["name"] for tier in tiers[:2]] == ["Emotion", "Corrected"]
    shown.locator("#scrubber").focus()
    expect(shown.locator(".timeline-tooltip")).to_contain_text("Corrected: sad")
    correct(shown)
    expect(shown.locator("#correction-segment")).to_contain_text(": Sad.")
    shown.emulate_media(media="print")
    expect(shown.locator("#timeline-svg text", has_text="Corrected")).to_be_visible()
    expect(shown.locator("#correction-editor")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_while_correcting(shown: Page, scheme: Any) -> None:
    shown.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    correct(shown)
    pressed(shown, "3")
    is_saved(shown)
    expect(shown.locator("#corrected-same")).to_be_visible()
    assert serious(shown) == []
    shown.get_by_role("button", name="Remove my corrections").click()
    assert serious(shown) == []


@pytest.mark.extended
def test_an_hour_is_corrected_without_a_pause(an_hour: Analysis, page: Page) -> None:
    open_result(page, an_hour)
    page.keyboard.press("c")
    expect(page.locator("#correction-segment")).to_contain_text(f"of {MANY}")
    page.locator("#scrubber").focus()
    page.keyboard.press("End")
    made = page.evaluate(
        """async () => {
            const made = [];
            const count = (changes) => made.push(changes.reduce((sum, change) => sum + change.addedNodes.length, 0));
            new MutationObserver(count).observe(document.body, { childList: true, subtree: true });
            for (const key of ["3", "4", "m", "5", "2", "1"]) {
                document.getElementById("scrubber").dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
                await new Promise(requestAnimationFrame);
            }
            return made;
        }"""
    )
    assert max(made) < MANY / 10  # what is drawn anew does not grow with the hour
    is_saved(page)
    found = page.request.get(f"/api/v1/analyses/{an_hour.pk}/corrections/").json()["segments"]
    assert len(found) == MANY
    assert found[-1]["label"] == "neutral"
