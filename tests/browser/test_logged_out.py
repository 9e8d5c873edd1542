"""Leaving: what a browser shows of a recording to whoever comes after."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.results import open_result
from webapp.analyses.models import Analysis


@pytest.fixture(scope="module")
def left_out() -> list[str]:
    """Outside of tests, browsers keep the pages that they may come back to."""
    return ["--disable-back-forward-cache"]


@pytest.mark.parametrize(
    ("seen", "then"),
    [
        ("/analyses/{pk}/", r"/login/\?next=/analyses/"),
        ("/api/v1/analyses/{pk}/segments/", r"/segments/$"),
    ],
)
def test_back_after_logging_out_shows_no_recording(
    finished: Analysis, page: Page, refused: set[int], seen: str, then: str
) -> None:
    refused |= {401, 404}  # what has no page has no icon either
    open_result(page, finished)
    page.goto(seen.format(pk=finished.pk))
    expect(page.get_by_text("happy").first).to_be_attached()
    page.goto("/account/")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    # Navigating within the evaluation would destroy the context in which it is evaluated.
    page.evaluate("() => { setTimeout(() => history.go(-2)) }")
    expect(page).to_have_url(re.compile(then))
    expect(page.get_by_text("happy")).to_have_count(0)
