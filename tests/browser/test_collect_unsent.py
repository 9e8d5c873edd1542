"""A participant's page that is reloaded or closed before the recording has arrived loses nothing."""

import pytest
from django.urls import reverse
from playwright.sync_api import Dialog, Page, expect

from tests.browser import results
from tests.browser.participants import CAMERA_FLAGS, PICTURE_S, TEXT, TEXT_S, VIDEO_S, adverts, agree, link_to
from webapp.accounts.models import User
from webapp.recordings.models import Project, Recording, Upload
from webapp.studies import collection
from webapp.studies.models import Marker

pytestmark = [pytest.mark.usefixtures("transactional_db"), pytest.mark.extended]

PARTS = "**/uploads/*/"  # addresses at which a file arrives
SHOWN_S = TEXT_S + VIDEO_S + PICTURE_S
UNSENT = "A recording was not sent"


@pytest.fixture(scope="module")
def flags() -> list[str]:
    return CAMERA_FLAGS


@pytest.fixture
def refused() -> set[int]:
    return {410}  # the page of a link that is closed


@pytest.fixture
def noise() -> set[str]:
    return {"ERR_FAILED"}  # of the connection that a test cuts


@pytest.fixture
def project(transactional_db: None, researcher: User) -> Project:
    return adverts(researcher)


@pytest.fixture
def secret(project: Project) -> str:
    return link_to(project)


@pytest.fixture
def asked(page: Page) -> list[str]:
    """The kinds of questions that the browser has asked; each is answered by yes."""
    kinds: list[str] = []

    def accept(dialog: Dialog) -> None:
        kinds.append(dialog.type)
        dialog.accept()

    page.on("dialog", accept)
    return kinds


@pytest.fixture
def unsent(page: Page, secret: str, asked: list[str]) -> Page:
    """The page after a reload while the recording could not be sent."""
    agree(page, secret)
    page.route(PARTS, lambda route: route.abort())
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_text("The connection was lost")).to_be_visible()
    page.reload()
    page.unroute(PARTS)
    expect(page.get_by_role("heading", name=UNSENT)).to_be_focused()
    return page


def test_what_a_reload_interrupts_is_sent_whole(unsent: Page, secret: str, asked: list[str]) -> None:
    assert asked == ["beforeunload"]
    begun = Upload.objects.get().pk
    expect(unsent.get_by_text("It is complete.")).to_be_visible()
    assert not Recording.objects.exists()
    with unsent.expect_response(lambda response: f"/uploads/{begun}/" in response.url):  # the same one is gone on with
        unsent.get_by_role("button", name="Send it").click()
    expect(unsent.get_by_role("heading", name="Thank you")).to_be_visible()
    markers = Marker.objects.order_by("start_s")
    assert [each.name for each in markers] == [TEXT, "Video", "Picture"]
    assert sum(each.end_s - each.start_s for each in markers) == pytest.approx(SHOWN_S, abs=1.5)
    assert Recording.objects.get().duration_s >= markers[2].end_s + 0.5
    unsent.goto(reverse("pages:collection-link", args=[secret]))
    expect(unsent.get_by_role("heading", name="Not sent yet")).to_be_hidden()


def test_a_tab_that_is_closed_meanwhile_leaves_what_was_shown_until_then(page: Page, secret: str) -> None:
    agree(page, secret)
    page.get_by_role("button", name="Begin").click()
    expect(page.locator("[data-stage=video]")).to_be_visible()
    expect(page.locator("[data-stage=picture]")).to_be_visible()
    other = page.context.new_page()
    page.close(run_before_unload=False)
    other.goto(reverse("pages:collection-link", args=[secret]))
    expect(other.get_by_role("heading", name="Not sent yet")).to_be_visible()
    other.get_by_role("link", name="Go on P07").click()
    expect(other.get_by_text("It was interrupted:")).to_contain_text("of 3 items were shown until then")
    other.get_by_role("button", name="Send it").click()
    expect(other.get_by_role("heading", name="Thank you")).to_be_visible()
    names = [each.name for each in Marker.objects.order_by("start_s")]
    assert names in ([TEXT], [TEXT, "Video"])  # the last second of a tab that is closed may be lost


def test_it_can_be_discarded_and_begun_anew(unsent: Page, secret: str, asked: list[str]) -> None:
    unsent.get_by_role("button", name="Discard it").click()
    assert asked == ["beforeunload", "confirm"]
    expect(unsent.get_by_role("button", name="Check camera")).to_be_focused()
    unsent.reload()
    expect(unsent.get_by_role("button", name="Check camera")).to_be_enabled()
    expect(unsent.get_by_role("heading", name=UNSENT)).to_be_hidden()
    assert not Recording.objects.exists()


def test_a_link_that_is_closed_meanwhile_lets_it_be_sent(unsent: Page, secret: str, project: Project) -> None:
    collection.close_link(link=project.collection_links.get(), by=project.owner)
    unsent.goto(reverse("pages:collection-link", args=[secret]))
    expect(unsent.get_by_role("heading", name="This study takes no more participants")).to_be_visible()
    expect(unsent.get_by_role("button", name="Continue")).to_have_count(0)
    assert results.serious(unsent) == []
    unsent.get_by_role("link", name="Go on P07").click()
    unsent.get_by_role("button", name="Send it").click()
    expect(unsent.get_by_role("heading", name="Thank you")).to_be_visible()
    assert Recording.objects.count() == 1


def test_a_second_tab_waits_for_the_first(page: Page, secret: str) -> None:
    agree(page, secret)
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.get_by_text("This page is open in another tab.")).to_be_visible()
    expect(other.get_by_role("button", name="Check camera")).to_be_disabled()
    page.goto("/")
    expect(other.get_by_text("This page is open in another tab.")).to_be_hidden()
    expect(other.get_by_role("button", name="Check camera")).to_be_enabled()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_pages_fit_and_axe_finds_nothing_serious(unsent: Page, secret: str, scheme: str) -> None:
    unsent.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]

    def require_fit() -> None:
        for width in (390, 1280):
            unsent.set_viewport_size({"width": width, "height": 844})
            assert unsent.evaluate("document.documentElement.scrollWidth") <= width
            assert results.serious(unsent) == []

    require_fit()
    unsent.goto(reverse("pages:collection-link", args=[secret]))
    expect(unsent.get_by_role("heading", name="Not sent yet")).to_be_visible()
    require_fit()
    unsent.get_by_role("button", name="Discard P07").click()
    expect(unsent.get_by_role("heading", name="Not sent yet")).to_be_hidden()
