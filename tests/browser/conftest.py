"""A real Chromium on a real server. It tells of every request that leaves the host and every error on its console."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser import results
from tests.browser.results import PATIENCE_MS, open_result
from tests.integration.rest import PASSWORD, USER
from webapp.accounts.models import User
from webapp.analyses.models import Analysis

# As root there is no sandbox to be had; the others keep the browser from asking for hosts of its own.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
def researcher(live_server: Any, django_user_model: Any) -> User:
    """Whose browser it is."""
    user: User = django_user_model.objects.create_user(username=USER, password=PASSWORD)
    return user


@pytest.fixture(scope="module")
def left_out() -> list[str]:
    """Flags that Playwright would set, which the browser starts without."""
    return []


@pytest.fixture(scope="module")
def flags() -> list[str]:
    """Flags that the browser starts with besides."""
    return []


@pytest.fixture(scope="module")
def chromium(left_out: list[str], flags: list[str]) -> Iterator[Browser]:
    """The browser of a test file. Its event loop belongs to this thread, where Django would refuse to work."""
    names = ("chromium-headless-shell", "chromium", "google-chrome")  # the first draws no window around the pages
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail(
                "There is no Chromium for the browser tests. Install Debian's: apt-get install chromium-headless-shell"
            )
        pytest.skip("There is no Chromium here. Install Debian's: apt-get install chromium-headless-shell")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        expect.set_options(timeout=PATIENCE_MS)
        browser = playwright.chromium.launch(
            executable_path=path, args=[*FLAGS, *flags], ignore_default_args=left_out, timeout=PATIENCE_MS
        )
        yield browser
        browser.close()


@pytest.fixture
def refused() -> set[int]:
    """The HTTP statuses that belong to the test, which the browser notes as errors by itself. A refused form is 422."""
    return {422}


@pytest.fixture
def noise() -> set[str]:
    """What else the browser may note as errors because the test makes it happen, such as a broken connection."""
    return set()


@pytest.fixture
def address(live_server: Any) -> str:
    """Where the browser finds the server."""
    return str(live_server.url)


@pytest.fixture
def page(chromium: Browser, researcher: User, address: str, refused: set[int], noise: set[str]) -> Iterator[Page]:
    """Somebody who has just opened the first page. The test fails for what goes elsewhere or wrong meanwhile."""
    host = urlsplit(address).netloc
    elsewhere: list[str] = []
    errors: list[str] = []
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, base_url=address)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()

    def note(url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.netloc != host:
            elsewhere.append(url)

    page.on("request", lambda request: note(request.url))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto("/")
    yield page
    context.close()
    assert elsewhere == []
    expected = re.compile(rf"\b(status of|Status Error Code) ({'|'.join(map(str, refused))})\b")
    unexpected = [error for error in errors if not expected.search(error)]
    assert [error for error in unexpected if not any(words in error for words in noise)] == []


@pytest.fixture
def published(transactional_db: None, researcher: User) -> Analysis:
    """Six segments over 24 s, read with EEG, not yet rendered."""
    analysis = results.submitted(researcher)
    results.publish(analysis, results.timeline())
    return analysis


@pytest.fixture
def finished(published: Analysis, tmp_path: Path) -> Analysis:
    results.render(published, tmp_path)
    return published


@pytest.fixture
def shown(finished: Analysis, page: Page) -> Page:
    open_result(page, finished)
    return page


@pytest.fixture
def an_hour(transactional_db: None, researcher: User, tmp_path: Path) -> Analysis:
    """An hour in three thousand segments, and a video as long."""
    video = results.long_video(tmp_path / "hour.mp4", results.HOUR_S)
    analysis = results.submitted(researcher, video)
    results.publish(analysis, results.long_timeline(float(results.HOUR_S), results.MANY))
    results.render(analysis, tmp_path, video)
    return analysis
