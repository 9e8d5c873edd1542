"""What a recording is used for and how long it is kept: while uploading, in the list, on its page."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.browser.results import log_in, open_result, serious
from tests.browser.test_upload import analyse, choose
from tests.integration.rest import SAMPLES
from webapp.accounts.models import User
from webapp.analyses.models import Analysis
from webapp.recordings import projects_and_tags
from webapp.recordings.models import Recording

SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])
PURPOSE = "Purpose"


@pytest.fixture
def ending(finished: Analysis, researcher: User) -> Analysis:
    """A recording that is deleted in three days."""
    project = projects_and_tags.create_project(owner=researcher, name="Study", purpose="clinical", retention_days=30)
    at = timezone.now() - timedelta(days=27)
    Recording.objects.filter(pk=finished.recording_id).update(project=project, created_at=at, purpose="clinical")
    return finished


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_a_purpose_that_is_forbidden_is_refused_before_anything_is_sent(
    ending: Analysis, refused: set[int], page: Page
) -> None:
    refused.add(400)
    log_in(page)
    page.goto("/recordings/new/")
    sending: list[str] = []
    page.on("request", lambda request: sending.append(request.url) if request.method != "GET" else None)
    choose(page, SAMPLES / "interview.mp4")
    page.get_by_label(PURPOSE, exact=True).select_option("workplace")
    expect(page.locator("#purpose-error")).to_contain_text("Article 5(1)(f)")
    page.get_by_role("checkbox").check()
    analyse(page)
    expect(page.get_by_label(PURPOSE, exact=True)).to_be_focused()
    assert not sending
    page.get_by_label("Project").select_option(label="Study (kept for 30 days)")
    expect(page.get_by_label(PURPOSE, exact=True)).to_have_value("clinical")
    expect(page.locator("#purpose-error")).to_be_empty()
    page.get_by_label(PURPOSE, exact=True).select_option("other")
    analyse(page)
    expect(page.locator("#purpose_note-error")).to_contain_text("in a few words")
    expect(page.locator("#purpose_note-error")).to_contain_text("within an hour")
    page.get_by_label("Details").fill("A rehearsal")
    analyse(page)
    page.wait_for_url("**/analyses/*/")
    assert len([address for address in sending if address.endswith("/uploads/")]) == 1  # the file was sent once
    expect(page.locator("#consent")).to_contain_text("Something else: A rehearsal")


@SCHEMES
def test_people_are_told_when_it_ends(ending: Analysis, page: Page, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    log_in(page)
    page.goto("/")
    expect(page.get_by_text("1 recording will be deleted by")).to_be_visible()
    assert serious(page) == []
    page.get_by_role("link", name="Show it").click()
    expect(page.locator("article.recording")).to_contain_text("deleted on")
    open_result(page, ending)
    expect(page.locator("#consent")).to_contain_text("It will be deleted on")
    page.goto("/recordings/new/")
    assert serious(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert fits(page)
    page.goto("/")
    assert fits(page)
