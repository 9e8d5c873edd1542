"""From a project to a figure with statistics, in a browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.results import has_loaded, log_in, serious, settled
from webapp.accounts.models import User
from webapp.recordings.models import Project
from webapp.studies.demonstration import study


@pytest.fixture
def project(researcher: User) -> Project:
    return study.create_demonstration(owner=researcher)


def test_the_page_finds_what_is_planted_and_nothing_else(project: Project, page: Page) -> None:
    log_in(page)
    page.goto("/projects/")
    page.get_by_role("link", name=study.PROJECT_NAME, exact=True).click()
    page.get_by_role("navigation", name="Parts of the project").get_by_role("link", name="Compare").click()
    page.get_by_role("checkbox", name="sad", exact=True).check()
    page.get_by_role("button", name="Compare", exact=True).click()
    happy, sad = (
        page.locator("#statistics tbody tr").filter(has_text=label).locator("td.p").last for label in ("happy", "sad")
    )
    expect(happy).to_have_text(re.compile(r"^(< 0\.001|0\.00\d)$"))
    expect(sad).to_have_text(re.compile(r"^(0\.[1-9]\d\d|1\.000)$"))
    expect(page.locator("a.figure-link")).to_have_count(2 * 2 * study.PARTICIPANTS)
    expect(page.get_by_role("region", name="Mean probability of happy along the stimulus")).to_be_visible()
    assert serious(page) == []
    page.set_viewport_size({"width": 390, "height": 800})
    expect(page.locator("html")).to_have_js_property("scrollWidth", 390)
    page.set_viewport_size({"width": 1280, "height": 900})

    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("is saved as it is now")).to_be_visible()
    page.get_by_role("link", name=re.compile("^P05, funny advert")).first.press("Enter")
    expect(page.get_by_role("heading", name="P05_funny (simulated)")).to_be_visible()
    has_loaded(page)
    assert settled(page) == pytest.approx(study.STIMULUS[0], abs=0.1)
