"""What people set up for their programs: tokens and webhooks, with a receiver and a worker that run."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect
from standardwebhooks.webhooks import Webhook

from tests.browser.results import log_in, serious
from tests.browser.test_result_for_all import PHONE
from tests.conftest import Start
from tests.integration.rest import PASSWORD
from tests.webapp.receiver import Receiver, receiving


@pytest.fixture
def receiver(settings: Any, process: Start) -> Iterator[Receiver]:
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    process("worker", EMOTRACE_WEBHOOKS_ALLOW_PRIVATE="1")
    with receiving() as receiver:
        yield receiver


def is_for_everybody(page: Page) -> None:
    """In light and dark, and on a phone."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        expect(page.locator("html")).to_have_attribute("data-bs-theme", scheme)
        assert serious(page) == []
    size = page.viewport_size
    assert size is not None
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    page.set_viewport_size(size)


def test_a_token_from_its_making_to_its_end(page: Page, address: str) -> None:
    log_in(page)
    page.goto("/")
    page.get_by_role("link", name="API tokens").click()
    page.get_by_role("button", name="Create a token").click()
    is_for_everybody(page)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Enter a name")).to_be_visible()
    page.get_by_label("Name").fill("lab notebook")
    page.get_by_label("write: Upload").uncheck()
    page.get_by_label("It expires").select_option("in 30 days")
    is_for_everybody(page)
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Create a token").press("Enter")
    secret = page.locator("#fresh-token").inner_text()
    is_for_everybody(page)

    def ask(method: str) -> requests.Response:
        return requests.request(
            method, f"{address}/api/v1/recordings/", headers={"Authorization": f"Token {secret}"}, timeout=30
        )

    assert ask("GET").status_code == 200
    assert (ask("POST").status_code, ask("POST").json()["scope"]) == (403, "write")
    page.goto("/tokens/")
    expect(page.locator("#fresh-token")).to_have_count(0)
    page.get_by_role("link", name="Revoke lab notebook").click()
    is_for_everybody(page)
    page.get_by_role("link", name="Keep it").click()
    assert ask("GET").status_code == 200
    page.get_by_role("link", name="Revoke lab notebook").click()
    page.get_by_role("button", name="Revoke it").click()
    expect(page.get_by_text("You have no token yet")).to_be_visible()
    assert ask("GET").status_code == 401


def test_a_webhook_from_its_making_to_its_end(receiver: Receiver, page: Page) -> None:
    log_in(page)
    page.goto("/")
    page.get_by_role("link", name="Webhooks").click()
    page.get_by_label("Address").fill("gopher://127.0.0.1/")
    page.get_by_label("A recording was deleted").uncheck()
    page.get_by_role("button", name="Create a webhook").click()
    expect(page.get_by_text("has to begin with https")).to_be_visible()
    expect(page.get_by_label("A recording was deleted")).not_to_be_checked()
    is_for_everybody(page)
    page.get_by_label("Address").fill(receiver.url)
    page.get_by_role("button", name="Create a webhook").click()
    secret = page.locator("#fresh-secret").inner_text()
    is_for_everybody(page)

    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_text("Delivered (200)")).to_be_visible()
    headers, body = receiver.received[0]
    assert Webhook(secret).verify(body, headers)["type"] == "webhook.test"
    receiver.status = 503
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_text("Pending (503)")).to_be_visible()
    expect(page.get_by_text("The receiver answered 503.")).to_be_visible()
    page.get_by_text("Answer", exact=True).click()
    page.get_by_text("Message", exact=True).click()
    expect(page.get_by_text("thank you")).to_be_visible()
    is_for_everybody(page)

    page.get_by_role("link", name="New secret").click()
    page.get_by_role("button", name="Create a new secret").click()
    expect(page.locator("#fresh-secret")).not_to_have_text(secret)
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_text("Switched off", exact=True)).to_be_visible()
    is_for_everybody(page)
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("You have no webhook yet")).to_be_visible()
