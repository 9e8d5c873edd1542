"""The list of recordings as a person uses it: looking for some, ticking them, putting them in order."""

import io
import re
import zipfile
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import results
from tests.browser.results import log_in, serious
from tests.browser.test_result_for_all import PHONE
from tests.webapp.factories import AnalysisFactory, finished
from webapp.accounts.models import User
from webapp.recordings import projects_and_tags

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture
def library(transactional_db: None, researcher: User) -> None:
    """Anna (happy, tagged), Ben (sad) and Carla, who waits."""
    for title, label in (("Anna", "happy"), ("Ben", "sad")):
        recording = finished(label, recording__owner=researcher, recording__title=title).recording
        projects_and_tags.update_recording(recording=recording, tags=["pilot"] if title == "Anna" else [])
    AnalysisFactory.create(recording__owner=researcher, recording__title="Carla")


@pytest.fixture
def shelf(library: None, page: Page) -> Page:
    log_in(page)
    page.goto("/")
    expect(page.get_by_role("link", name="Anna", exact=True)).to_be_visible()
    return page


def lists(page: Page, *titles: str) -> None:
    """Wait until these recordings, in this order, are all that the page lists."""
    expect(page.locator(".recording .title")).to_have_text(titles)


def tick(page: Page, *names: str) -> None:
    for name in names:
        page.get_by_role("checkbox", name=f"Choose {name}").check()


def test_the_list_follows_what_is_typed_and_chosen_and_the_way_back(shelf: Page) -> None:
    shelf.evaluate("window.samePage = true")
    count = shelf.locator("#count")
    shelf.get_by_label("Search in titles").fill("an")
    expect(count).to_have_text("1 recording found")
    expect(shelf).to_have_url(re.compile(r"/\?search=an$"))
    shelf.get_by_label("Search in titles").fill("")
    expect(count).to_have_text("3 recordings")
    shelf.get_by_text("Filters", exact=True).click()
    shelf.get_by_label("Leading emotion").select_option("Sad")
    expect(count).to_have_text("1 recording found")
    lists(shelf, "Ben")
    expect(shelf).to_have_url(re.compile(r"/\?label=sad$"))
    assert shelf.evaluate("window.samePage")
    address = shelf.url
    shelf.get_by_role("link", name="Clear all filters").click()
    expect(count).to_have_text("3 recordings")
    shelf.go_back()
    expect(count).to_have_text("1 recording found")
    expect(shelf.get_by_label("Leading emotion")).to_have_value("sad")
    other = shelf.context.new_page()
    other.goto(address)
    lists(other, "Ben")


def test_ticks_stay_while_the_list_asks_how_far_it_is(shelf: Page) -> None:
    tick(shelf, "Carla")
    with shelf.expect_response(lambda response: response.url.endswith("/") and response.request.method == "GET"):
        pass  # it asks by itself
    expect(shelf.get_by_role("checkbox", name="Choose Carla")).to_be_checked()
    expect(shelf.get_by_text("1 chosen")).to_be_visible()


def test_ticked_recordings_go_into_a_project_and_come_out_as_a_zip(shelf: Page) -> None:
    expect(shelf.get_by_role("button", name="Move")).to_be_disabled()
    tick(shelf, "Anna", "Ben")
    expect(shelf.get_by_text("2 chosen")).to_be_visible()
    shelf.get_by_role("button", name="Move").click()
    shelf.get_by_label("Or a new project").fill("Pilot study")
    shelf.get_by_role("button", name="Move").click()
    expect(shelf.get_by_text("2 recordings: in “Pilot study” now.")).to_be_visible()
    shelf.get_by_role("link", name="Projects").click()
    with shelf.expect_download() as download:
        shelf.get_by_role("link", name="Download Pilot study as zip").click()
    with zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes())) as file:
        assert {name.split("/")[0] for name in file.namelist()} == {"001-Anna", "002-Ben", "manifest.csv"}
    shelf.get_by_role("link", name="Pilot study", exact=True).click()
    lists(shelf, "Ben", "Anna")


def test_all_that_was_found_is_tagged_and_deleted(shelf: Page) -> None:
    shelf.goto("/?tag=pilot")
    shelf.get_by_label("All 1 found").check()
    expect(shelf.get_by_role("checkbox", name="Choose Anna")).to_be_checked()
    shelf.get_by_role("button", name="Tags").click()
    shelf.get_by_label("Add tags").fill("left-handed")
    shelf.get_by_role("button", name="Change the tags").click()
    expect(shelf.get_by_role("link", name="left-handed")).to_be_visible()
    shelf.get_by_label("All 1 found").check()
    shelf.get_by_role("button", name="Delete").click()
    expect(shelf.get_by_text("1 recording, 1 analysis,")).to_be_visible()
    shelf.get_by_role("link", name="Keep them").click()
    expect(shelf.get_by_role("link", name="Anna", exact=True)).to_be_visible()
    shelf.get_by_label("All 1 found").check()
    shelf.get_by_role("button", name="Delete").click()
    shelf.get_by_role("button", name="Delete for good").click()
    expect(shelf.get_by_text("None of your recordings matches")).to_be_visible()
    shelf.get_by_role("link", name="Show all recordings").click()
    lists(shelf, "Carla", "Ben")


def test_everything_works_without_scripts(shelf: Page) -> None:
    browser = shelf.context.browser
    assert browser is not None
    context = browser.new_context(java_script_enabled=False, storage_state=shelf.context.storage_state())
    page = context.new_page()
    page.goto(shelf.url)
    page.get_by_label("Search in titles").fill("ben")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#count")).to_have_text("1 recording found")
    page.get_by_role("checkbox", name="Choose Ben").check()
    page.get_by_role("button", name="Tags").click()
    page.get_by_label("Add tags").fill("plain")
    page.get_by_role("button", name="Change the tags").click()
    expect(page.get_by_role("link", name="plain")).to_be_visible()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(shelf: Page, scheme: Any) -> None:
    shelf.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    for path in ("/?tag=pilot", "/?search=zebra", "/projects/", "/projects/new/"):
        shelf.goto(path)
        assert serious(shelf) == [], path
    shelf.goto("/")
    tick(shelf, "Anna")
    shelf.get_by_role("button", name="Export").click()
    assert serious(shelf) == []
    shelf.set_viewport_size(PHONE)
    for path in ("/?tag=pilot", "/projects/"):
        shelf.goto(path)
        assert shelf.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_a_newcomer_tries_the_sample(page: Page) -> None:
    log_in(page)
    page.goto("/")
    expect(page.get_by_role("heading", name="No recordings yet")).to_be_visible()
    assert serious(page) == []
    page.get_by_role("button", name="Try the sample", exact=True).click()
    expect(page.get_by_role("heading", name="Sample interview")).to_be_visible()
    expect(page.locator("#stage")).to_have_text("Waiting for a free worker")
    page.goto("/")
    expect(page.get_by_role("heading", name="What to do next")).to_be_visible()


def test_a_recording_is_sent_into_a_project(researcher: User, library: None, page: Page) -> None:
    log_in(page)
    page.goto("/projects/new/")
    page.get_by_label("Name").fill("Pilot study")
    page.get_by_role("button", name="Create the project").click()
    page.get_by_role("link", name="Pilot study", exact=True).click()
    page.get_by_role("link", name="Upload a recording").click()
    expect(page.get_by_text("Videos, with their sound and EEG")).to_be_visible()
    page.get_by_label("Videos, with").set_input_files(results.SAMPLE)
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Upload and analyse").click()
    page.wait_for_url("**/analyses/*/")
    page.goto("/")
    expect(page.locator(".recording", has_text="Pilot study").locator(".title")).to_have_text("interview")
