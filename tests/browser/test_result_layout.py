"""Where things stand on the result page, and that the focus is seen on every control."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from webapp.analyses.models import Analysis

DESK = {"width": 1280, "height": 800}
MARKED = """() => {
    const seen = document.activeElement;
    if (seen === document.body) return null;
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(seen);
    // The browser itself marks the focus among the controls of a video, and on the button within a date.
    if (seen.tagName === "VIDEO" || (seen.type === "date" && !seen.matches(":focus"))) return [seen.tagName, true];
    const outlined = outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2;
    return [`${seen.tagName} ${seen.id || seen.textContent.trim().slice(0, 30)}`, outlined || boxShadow !== "none"];
}"""


@pytest.fixture
def desk(shown: Page) -> Page:
    shown.set_viewport_size(DESK)  # type: ignore[arg-type]
    return shown


def bottom(page: Page, selector: str) -> float:
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box["y"] + box["height"]


def test_face_and_timeline_fit_on_one_screen(desk: Page) -> None:
    expect(desk.locator("#tiers canvas")).to_be_visible()
    desk.evaluate("scrollTo(0, 0)")
    box = desk.locator("#player").bounding_box()
    assert box is not None
    assert box["y"] >= 0
    assert box["height"] >= 220
    assert bottom(desk, "#scrubber") <= DESK["height"]


def test_the_tools_to_correct_stand_beside_the_video(desk: Page) -> None:
    desk.get_by_role("button", name="Correct", exact=True).click()
    expect(desk.locator("#correction-segment")).to_contain_text("Segment")
    desk.evaluate("scrollTo(0, 0)")
    player, tools = desk.locator("#player").bounding_box(), desk.locator("#correction-editor").bounding_box()
    assert player is not None
    assert tools is not None
    assert tools["x"] >= player["x"] + player["width"]
    assert tools["y"] < player["y"] + player["height"]
    assert bottom(desk, "#correction-editor .toolbar >> nth=-1") <= DESK["height"]


def test_a_phone_has_one_column(shown: Page) -> None:
    shown.set_viewport_size({"width": 390, "height": 844})
    shown.keyboard.press("c")
    expect(shown.locator("#correction-editor")).to_be_visible()
    assert shown.evaluate("document.documentElement.scrollWidth") == 390
    player, tools = shown.locator("#player").bounding_box(), shown.locator("#correction-editor").bounding_box()
    assert player is not None
    assert tools is not None
    assert tools["y"] >= player["y"] + player["height"]


def focused(page: Page) -> Iterator[tuple[str, bool]]:
    """Each control that Tab reaches, in turn, and whether something marks it."""
    for _ in range(150):
        page.keyboard.press("Tab")
        found = page.evaluate(MARKED)
        if found is None:
            return
        yield found[0], found[1]


PATHS = [
    *("", "/", "/recordings/new/", "/projects/", "/tokens/", "/webhooks/", "/account/", "/shared/", "/models/"),
    *("/recordings/{recording}/edit/", "/recordings/{recording}/sharing/", "/recordings/{recording}/compare/"),
    "/login/",
]


@pytest.mark.extended
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_focus_is_seen_on_every_control(shown: Page, finished: Analysis, scheme: Any) -> None:
    shown.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    unmarked = {}
    for path in PATHS:
        if path == "/login/":
            shown.context.clear_cookies()
        if path:
            shown.goto(path.format(recording=finished.recording_id))
        else:
            shown.keyboard.press("c")
            expect(shown.locator("#correction-segment")).to_contain_text("Segment")
        steps = list(focused(shown))
        assert len(steps) > (2 if path == "/login/" else 5), path
        unmarked[path] = [name for name, marked in steps if not marked]
    assert not any(unmarked.values()), unmarked
