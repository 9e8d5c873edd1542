"""An account as its person uses it: made, kept safe, measured, taken away and erased."""

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.results import serious
from tests.conftest import Start
from tests.integration.rest import PASSWORD, SAMPLES, USER
from tests.webapp import codes
from tests.webapp.factories import AnalysisFactory
from webapp.accounts.models import User
from webapp.analyses.models import Analysis
from webapp.analyses.privacy import account_deletion

pytestmark = pytest.mark.usefixtures("transactional_db", "clean")

NEW = "another password of mine"
PHONE = ViewportSize(width=390, height=844)


@pytest.fixture
def clean() -> None:
    """Nobody is locked out for what another test tried."""
    cache.clear()


@pytest.fixture
def open_to_all(settings: Any) -> None:
    settings.SIGNUP = True


@pytest.fixture
def mail_server(settings: Any) -> None:
    settings.SENDS_MAIL, settings.ACCOUNT_EMAIL_VERIFICATION = True, "optional"


@pytest.fixture
def with_address(researcher: User, mail_server: None) -> User:
    researcher.email = "researcher@example.org"
    researcher.save()
    return researcher


@pytest.fixture
def quota(researcher: User) -> User:
    """A megabyte and a minute."""
    researcher.quota_bytes, researcher.quota_minutes = 700_000, 1
    researcher.save()
    return researcher


@pytest.fixture
def five_recordings(researcher: User) -> None:
    AnalysisFactory.create_batch(5, recording__owner=researcher)


def log_in(page: Page, password: str = PASSWORD) -> None:
    page.get_by_label("User name").fill(USER)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in", exact=True).click()


def is_well_made(page: Page) -> None:
    """Readable for everybody, in light and dark, on a telephone too."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        expect(page.locator("html")).to_have_attribute("data-bs-theme", scheme)
        assert [(each["id"], scheme, [node["html"] for node in each["nodes"]]) for each in serious(page)] == []
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light")


def link_in_the_mail() -> str:
    found = re.search(r"http://\S+", str(mail.outbox[-1].body))
    assert found
    return found[0]


def set_up(page: Page) -> str:
    """The second factor, from the account page; its secret."""
    page.get_by_role("link", name=USER).click()
    page.get_by_role("link", name="Set up the second factor").click()
    expect(page.get_by_role("heading", name="Confirm your identity")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    assert page.get_by_role("img", name="QR code").evaluate("one => one.naturalWidth") > 0
    page.get_by_text("I cannot scan it").click()
    return page.locator("#secret").inner_text()


def test_a_closed_installation_says_so(page: Page) -> None:
    expect(page.get_by_text("New accounts are created by an administrator")).to_be_visible()
    is_well_made(page)
    page.goto("/signup/")
    expect(page.get_by_role("heading")).to_have_text("Accounts are created by an administrator")
    is_well_made(page)


def test_an_open_one_takes_newcomers(open_to_all: None, page: Page) -> None:
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("Username").fill("newcomer")
    page.get_by_label("Password", exact=True).fill(NEW)
    page.get_by_label("Password (again)").fill("something else 123")
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_text("You must type the same password each time.")).to_be_visible()
    expect(page.get_by_label("Username")).to_have_value("newcomer")
    is_well_made(page)
    page.get_by_label("Password", exact=True).fill(NEW)
    page.get_by_label("Password (again)").fill(NEW)
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_role("link", name="newcomer")).to_be_visible()


def test_a_forgotten_password_is_replaced_by_mail(with_address: User, page: Page) -> None:
    page.get_by_role("link", name="Forgotten your password?").click()
    is_well_made(page)
    page.get_by_label("Email").fill("researcher@example.org")
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
    is_well_made(page)
    page.goto(link_in_the_mail())
    page.get_by_label("New Password", exact=True).fill(NEW)
    page.get_by_label("New Password (again)").fill(NEW)
    is_well_made(page)
    page.get_by_role("button", name="Save the password").click()
    page.get_by_role("link", name="To the login").click()
    log_in(page, NEW)
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    page.goto(link_in_the_mail())
    expect(page.get_by_role("heading", name="This link is no longer valid")).to_be_visible()


def test_without_a_mail_server_the_page_says_who_can_help(page: Page) -> None:
    page.get_by_role("link", name="Forgotten your password?").click()
    expect(page.get_by_text("manage.py changepassword")).to_be_visible()
    is_well_made(page)


def test_a_second_factor_is_set_up_and_asked_for(page: Page) -> None:
    log_in(page)
    secret = set_up(page)
    is_well_made(page)
    page.get_by_label("Authenticator code").fill("12")
    page.get_by_role("button", name="Switch it on").click()
    expect(page.get_by_text("Incorrect code.")).to_be_visible()
    page.get_by_label("Authenticator code").fill(codes.code(secret))
    page.get_by_role("button", name="Switch it on").click()
    listed = page.get_by_role("list", name="Recovery codes").get_by_role("listitem")
    expect(listed).to_have_count(10)
    recovery = listed.all_inner_texts()
    is_well_made(page)
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save them as a file").click()
    assert Path(saved.value.path()).read_text().split() == recovery
    page.get_by_role("link", name="To my account").click()
    expect(page.get_by_text("10 recovery codes left")).to_be_visible()

    page.get_by_role("button", name="Log out").click()
    log_in(page)
    expect(page.get_by_label("Code")).to_be_focused()
    is_well_made(page)
    page.get_by_label("Code").fill(codes.code(secret, 1))
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Log out")).to_be_visible()

    page.get_by_role("button", name="Log out").click()
    log_in(page)
    page.get_by_label("Code").fill(recovery[0])
    page.get_by_role("button", name="Log in", exact=True).click()
    page.get_by_role("button", name="Log out").click()
    log_in(page)
    page.get_by_label("Code").fill(recovery[0])
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_text("Incorrect code.")).to_be_visible()
    page.get_by_label("Code").fill(recovery[1])
    page.get_by_role("button", name="Log in", exact=True).click()
    page.get_by_role("link", name=USER).click()
    expect(page.get_by_text("8 recovery codes left")).to_be_visible()

    page.get_by_role("link", name="Switch it off").click()
    page.get_by_label("Password").fill(PASSWORD)
    is_well_made(page)
    page.get_by_role("button", name="Continue").click()
    is_well_made(page)
    page.get_by_role("button", name="Switch it off").click()
    expect(page.get_by_text("The second factor is switched off.")).to_be_visible()
    expect(page.get_by_role("link", name="Set up the second factor")).to_be_visible()


def test_what_one_uses_is_shown_and_a_file_too_large_is_not_sent(quota: User, page: Page, tmp_path: Path) -> None:
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method in ("POST", "PATCH") else None)
    log_in(page)
    page.goto("/recordings/new/")
    sent.clear()
    page.get_by_label("The person in this recording").check()
    video = (SAMPLES / "interview.mp4").read_bytes()
    assert 560_000 < len(video) < 700_000
    for name in ("p01.mp4", "p02.mp4"):
        path = tmp_path / name
        path.write_bytes(video)
        page.get_by_label("Videos, with their sound and EEG").set_input_files(path)
    expect(page.get_by_text("There is not enough space for p02.mp4")).to_be_visible()
    expect(page.get_by_text("Everything is sent. Start", exact=False).last).to_be_visible()
    assert len([url for url in sent if url.endswith("/uploads/")]) == 1
    is_well_made(page)
    for address in ("/recordings/new/", "/account/"):
        page.goto(address)
        expect(page.get_by_role("progressbar", name="Space")).to_be_visible()
        expect(page.get_by_text(f"{len(video) / 1e6:.1f} MB of 0.7 MB")).to_be_visible()


def test_everything_is_taken_away_and_erased(finished: Analysis, page: Page) -> None:
    log_in(page)
    page.get_by_role("link", name=USER).click()
    is_well_made(page)
    page.get_by_label("First name").fill("Rosalind")
    page.get_by_role("button", name="Save the name").click()
    expect(page.get_by_text("Your name has been saved.")).to_be_visible()
    page.get_by_role("link", name="See the activity").click()
    expect(page.get_by_text("Signed in").first).to_be_visible()
    is_well_made(page)
    page.get_by_role("link", name="Account", exact=True).click()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download everything").click()
    with zipfile.ZipFile(io.BytesIO(Path(saved.value.path()).read_bytes())) as file:
        assert json.loads(file.read("account.json"))["first_name"] == "Rosalind"
        assert any(name.endswith(f"{finished.pk}/result.json") for name in file.namelist())
    page.get_by_role("link", name="Delete my account").click()
    page.get_by_label("Your user name").fill(USER.upper())
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("This is not your user name.")).to_be_visible()
    is_well_made(page)
    page.get_by_label("Your user name").fill(USER)
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("Your account is deleted")).to_be_visible()
    log_in(page)
    expect(page.get_by_role("alert")).to_be_visible()


def test_a_large_account_is_erased_while_its_page_is_looked_at(
    five_recordings: None, process: Start, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request erases the first two of five; a reaper, which starts later, the others."""
    monkeypatch.setattr(account_deletion, "ERASE_BATCH_SIZE", 2)
    monkeypatch.setattr(account_deletion, "REQUEST_SECONDS", 0)
    log_in(page)
    page.get_by_role("link", name=USER).click()
    page.get_by_role("link", name="Delete my account").click()
    page.get_by_label("Your user name").fill(USER)
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_role("status")).to_have_text("2 of 5 recordings are deleted.")
    is_well_made(page)
    process("reaper")
    expect(page.get_by_role("status")).to_contain_text("Your account is deleted")
    expect(page.get_by_role("progressbar")).to_have_count(0)
    is_well_made(page)
