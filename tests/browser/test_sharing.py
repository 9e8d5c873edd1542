"""An owner shares, others look: a person with an account, and whoever has the link."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from inference.types import Correction
from tests.browser import results
from tests.browser.results import open_result, played, serious
from tests.browser.test_journey import PHONE
from tests.integration.rest import PASSWORD
from tests.webapp import sharing
from webapp.accounts.models import User
from webapp.analyses import services
from webapp.analyses.models import Analysis

GUEST = "guest"


@pytest.fixture
def refused() -> set[int]:
    return {404, 422}


@pytest.fixture
def corrected(finished: Analysis) -> Analysis:
    """Somebody has corrected it, and there is a guest with an account."""
    User.objects.create_user(username=GUEST, password=PASSWORD)
    finished.refresh_from_db()
    whole = [Correction(0.0, finished.recording.duration_s, "happy", "she smiles")]
    services.save_corrections(analysis=finished, by=finished.recording.owner, revision=0, segments=whole)
    return finished


@pytest.fixture
def shown(corrected: Analysis, page: Page) -> Page:
    open_result(page, corrected)
    return page


def another(page: Page, **options: Any) -> Page:
    """A browser of somebody else, who has nothing of this one's."""
    browser = page.context.browser
    assert browser is not None
    return browser.new_context(base_url=page.url.split("/analyses")[0].split("/recordings")[0], **options).new_page()


def plays(page: Page) -> None:
    player = page.locator("#player")
    expect(player).not_to_have_js_property("readyState", 0)
    played(page)
    expect(player).not_to_have_js_property("currentTime", 0)
    player.evaluate("video => video.pause()")


def only_looks(page: Page) -> None:
    """The page has everything to see, and nothing to change anything with."""
    expect(page.get_by_role("heading", name="Interview", exact=True)).to_be_visible()
    expect(page.locator("#view-only")).to_contain_text("to look at")
    plays(page)
    expect(page.get_by_text("Corrected by a person, compared with the model")).to_be_visible()
    for name in ("Analyse again", "Correct", "Share"):
        expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
    for name in ("Delete", "Details", "Labelled video", "Share"):
        expect(page.get_by_role("link", name=name, exact=True)).to_have_count(0)
    expect(page.get_by_role("button", name="Original")).to_have_count(0)
    page.keyboard.press("o")
    expect(page.locator("#player")).to_have_attribute("src", re.compile("/analyses/.+/video/$"))
    page.keyboard.press("c")
    page.keyboard.press("]")
    page.get_by_role("button", name="Face", exact=True).click()
    expect(page.get_by_role("button", name="Face", exact=True)).to_have_attribute("aria-pressed", "true")
    page.locator("tr[data-number]").nth(1).locator(".seek").click()
    expect(page.locator("tr[aria-current]")).to_have_attribute("data-number", "1")
    assert serious(page) == []


def test_a_person_is_shown_a_recording_until_it_is_taken_back(shown: Page) -> None:
    shown.get_by_role("link", name="Share", exact=True).click()
    shown.get_by_label("User name").fill(GUEST)
    shown.get_by_label("Note").first.fill("For the review")
    share = shown.get_by_role("button", name="Share", exact=True)
    share.click()
    expect(shown.get_by_text("Nothing can be shared without this agreement.")).to_be_visible()
    expect(shown.get_by_label("User name")).to_have_value(GUEST)
    assert serious(shown) == []
    shown.get_by_label("The person in this recording has agreed").first.check()
    share.click()
    expect(shown.get_by_role("status")).to_contain_text("is shared with guest")
    assert serious(shown) == []

    guest = another(shown)
    errors: list[str] = []
    guest.on("pageerror", lambda error: errors.append(str(error)))
    guest.goto("/shared/")
    guest.get_by_label("User name").fill(GUEST)
    guest.get_by_label("Password").fill(PASSWORD)
    guest.get_by_role("button", name="Log in").click()
    assert serious(guest) == []
    guest.get_by_role("link", name="Interview").click()
    only_looks(guest)
    assert errors == []

    shown.reload()
    expect(shown.get_by_text("last seen")).to_be_visible()
    shown.get_by_role("link", name="Stop sharing with guest").click()
    shown.get_by_role("button", name="Stop sharing").click()
    expect(shown.get_by_text("It is not shared")).to_be_visible()
    guest.reload()
    expect(guest.get_by_role("heading", name="Page not found")).to_be_visible()
    guest.get_by_role("link", name="Shared with me").click()
    expect(guest.get_by_text("Nothing is shared with you yet")).to_be_visible()
    guest.context.close()


def test_a_link_opens_in_a_fresh_browser_and_ends_at_once(shown: Page) -> None:
    shown.get_by_role("link", name="Share", exact=True).click()
    link = shown.get_by_role("form", name="By a link")
    link.get_by_label("It ends").select_option("in a day")
    link.get_by_label("The person in this recording has agreed").check()
    link.get_by_role("button", name="Create a link").click()
    address = shown.locator("#fresh-link").inner_text()
    assert serious(shown) == []

    fresh = another(shown, viewport=PHONE)
    told: list[str] = []
    fresh.on("request", lambda request: told.append(request.headers.get("referer", "")))
    fresh.goto(address)
    assert fresh.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    only_looks(fresh)
    assert fresh.context.cookies() == []
    assert not any("/link/" in each for each in told)
    fresh.emulate_media(color_scheme="dark", reduced_motion="reduce")
    expect(fresh.locator("html")).to_have_attribute("data-bs-theme", "dark")
    assert serious(fresh) == []

    shown.goto(shown.url)
    expect(shown.get_by_text("opened 1 time")).to_be_visible()
    expect(shown.locator("#fresh-link")).to_have_count(0)
    shown.get_by_role("link", name="Stop sharing with everyone").click()
    shown.get_by_role("button", name="Stop sharing").click()
    # What was open cannot go on: the next part of the video is not given any more.
    status = fresh.evaluate(
        "async () => (await fetch(document.getElementById('player').src, {headers: {Range: 'bytes=0-9'}})).status"
    )
    assert status == 404
    fresh.reload()
    expect(fresh.get_by_role("heading", name="Nothing is shared here")).to_be_visible()
    assert serious(fresh) == []
    fresh.context.close()


def test_downloads_come_with_the_tick(shown: Page) -> None:
    shown.get_by_role("link", name="Share", exact=True).click()
    link = shown.get_by_role("form", name="By a link")
    link.get_by_label("May download files").check()
    link.get_by_label("The person in this recording has agreed").check()
    link.get_by_role("button", name="Create a link").click()
    fresh = another(shown)
    fresh.goto(shown.locator("#fresh-link").inner_text())
    with fresh.expect_download() as download:
        fresh.get_by_role("link", name="Spreadsheet").click()
    assert download.value.path().read_text().startswith("recording_id")
    with fresh.expect_download() as download:
        fresh.get_by_role("link", name="Labelled video").click()
    assert download.value.suggested_filename == "Interview.mp4"
    expect(fresh.get_by_role("link", name="Original")).to_have_count(0)
    fresh.context.close()


@pytest.fixture
def secret(published: Analysis) -> str:
    """Of a link to what is not rendered yet."""
    return sharing.by_link(published.recording)[1]


def test_whoever_looks_early_is_shown_the_labelled_video_as_soon_as_it_is_there(
    secret: str, published: Analysis, page: Page, tmp_path: Path
) -> None:
    page.goto(f"/link/{secret}/")
    expect(page.locator("#current-label")).to_have_text("neutral")
    expect(page.get_by_text("The labelled video plays here as soon as it is ready.")).to_be_visible()
    expect(page.locator("#player")).not_to_have_attribute("src", re.compile("."))
    results.render(published, tmp_path)
    expect(page.locator("#player")).to_have_attribute("src", re.compile("/analyses/.+/video/$"))
    expect(page.get_by_text("The labelled video plays here")).to_have_count(0)
    plays(page)
