"""Recording with the camera on the upload page, with the browser's own pretended camera and microphone."""

from typing import Any

import pytest
from playwright.sync_api import Dialog, Page, ViewportSize, expect

from tests.browser import results
from webapp.recordings.models import Recording

pytestmark = pytest.mark.usefixtures("transactional_db")

PHONE = ViewportSize(width=390, height=844)


@pytest.fixture(scope="module")
def flags() -> list[str]:
    return ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]


@pytest.fixture
def form(page: Page) -> Page:
    results.log_in(page)
    page.goto("/recordings/new/")
    page.get_by_text("Record yourself").click()
    return page


def record(page: Page) -> None:
    page.get_by_role("button", name="Check camera").click()
    page.get_by_role("button", name="Start recording").click()
    expect(page.get_by_text("0:02")).to_be_visible()
    page.get_by_role("button", name="Stop recording").click()
    expect(page.get_by_label("Your recording")).to_be_visible()


def test_the_camera_is_checked_before_anything_is_recorded(form: Page) -> None:
    form.get_by_role("button", name="Check camera").click()
    expect(form.get_by_label("Picture of the camera")).to_be_visible()
    expect(form.locator("#record-yourself meter")).not_to_have_js_property("value", 0)  # the pretended microphone beeps
    form.get_by_role("button", name="Close the camera").click()
    expect(form.get_by_label("Picture of the camera")).to_be_hidden()


def test_a_recording_is_sent_and_analysed_like_any_other(form: Page) -> None:
    record(form)
    form.get_by_role("button", name="Use this recording").click()
    expect(form.locator("#recordings li").first).to_contain_text(".webm")
    form.get_by_label("The person in this recording").check()
    form.get_by_role("button", name="Upload and analyse").click()
    form.wait_for_url("**/analyses/**")
    recording = Recording.objects.get()
    assert recording.title.startswith("recording 20")
    assert 2 < recording.duration_s < 10
    assert recording.has_audio


def test_a_discarded_recording_is_gone_once_that_is_confirmed(form: Page) -> None:
    answers = iter([False, True])

    def answer(dialog: Dialog) -> Any:
        return dialog.accept() if next(answers) else dialog.dismiss()

    form.on("dialog", answer)
    record(form)
    form.get_by_role("button", name="Discard it").click()
    expect(form.get_by_label("Your recording")).to_be_visible()
    form.get_by_role("button", name="Discard it").click()
    expect(form.get_by_label("Your recording")).to_be_hidden()
    expect(form.get_by_role("button", name="Check camera")).to_be_focused()
    expect(form.locator("#recordings")).to_be_hidden()


def test_nothing_is_wider_than_a_phone_and_axe_finds_nothing_serious(form: Page) -> None:
    form.set_viewport_size(PHONE)
    form.get_by_role("button", name="Check camera").click()
    expect(form.get_by_role("button", name="Start recording")).to_be_visible()
    assert form.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert results.serious(form) == []
