"""The box around the face that was read, over the picture."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.results import STEP_S, open_result, pressed, settled
from tests.integration.processes import eventually
from webapp.analyses.models import Analysis, FaceTrack


def box(page: Page) -> dict[str, float]:
    """Where the box is, in pixels of the picture of 640 by 480."""
    found: dict[str, float] = page.evaluate(
        """() => {
            const at = (name) => document.getElementById(name).getBoundingClientRect();
            const [video, box] = [at("player"), at("face-box")];
            const scale = Math.min(video.width / 640, video.height / 480);
            const left = video.left + (video.width - 640 * scale) / 2;
            const top = video.top + (video.height - 480 * scale) / 2;
            return {
                x: (box.left - left) / scale, y: (box.top - top) / scale,
                width: box.width / scale, height: box.height / scale,
            };
        }"""
    )
    return found


def lies_right(page: Page, sample: int) -> bool:
    """In the end: the page hears of a new size when it has been laid out."""
    expected = {"x": 64, "y": 36 + sample, "width": 128, "height": 180}
    return eventually(lambda: box(page) == pytest.approx(expected, abs=1.5))


def fills_the_screen(page: Page) -> bool:
    fills: bool = page.locator("#player").evaluate(
        "video => document.fullscreenElement?.className === 'player' && video.clientHeight === innerHeight"
    )
    return fills


def to(page: Page, seconds: float) -> None:
    page.locator("#player").evaluate("(video, seconds) => { video.currentTime = seconds; }", seconds)
    settled(page)


def test_the_box_moves_with_the_face_and_goes_with_it(shown: Page) -> None:
    place, button = shown.locator("#face-box"), shown.get_by_role("button", name="Face", exact=True)
    expect(place).to_be_hidden()
    shown.keyboard.press("f")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(place).to_be_visible()
    for sample in (0, 10, 90):
        to(shown, (sample + 0.5) * STEP_S)
        assert lies_right(shown, sample)
    to(shown, 6.5)
    expect(place).to_be_hidden()  # no face was read there
    to(shown, 8)
    expect(place).to_be_visible()
    button.click()
    expect(place).to_be_hidden()


def test_it_fits_any_size_and_the_full_screen(shown: Page) -> None:
    pressed(shown, "f")
    expect(shown.locator("#face-box")).to_be_visible()
    for width, height in ((390, 844), (900, 300), (1280, 900)):
        shown.set_viewport_size({"width": width, "height": height})
        assert lies_right(shown, 0)
    shown.get_by_role("button", name="Full screen").click()
    assert eventually(lambda: fills_the_screen(shown))
    assert lies_right(shown, 0)
    shown.keyboard.press("Shift+F")
    assert eventually(lambda: not shown.evaluate("document.fullscreenElement"))
    assert lies_right(shown, 0)
    shown.get_by_role("button", name="Original").click()
    settled(shown)
    assert lies_right(shown, 0)


@pytest.fixture
def old(finished: Analysis) -> Analysis:
    """Read older than the storage of face positions."""
    FaceTrack.objects.all().delete()
    return finished


def test_an_old_analysis_says_why_there_is_none(old: Analysis, page: Page) -> None:
    open_result(page, old)
    button = page.get_by_role("button", name="Face", exact=True)
    expect(button).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("f")
    expect(page.locator("#faces-message")).to_contain_text("older than the storage of face positions")
    expect(button).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#face-box")).to_be_hidden()
