"""What an earlier visit to the upload page left half sent."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_upload import analyse, choose, digest, form, kept, leftovers, words
from tests.integration.rest import SAMPLES

pytestmark = pytest.mark.usefixtures("transactional_db")
__all__ = ["form"]


@pytest.fixture
def left(form: Page, tmp_path: Path) -> list[Path]:
    """A video and its sound that were sent before the page was loaded again."""
    for name in ("p01.mp4", "p01.wav"):
        shutil.copy((SAMPLES / "interview").with_suffix(Path(name).suffix), tmp_path / name)
    files = [tmp_path / "p01.mp4", tmp_path / "p01.wav"]
    choose(form, *files)
    form.get_by_role("checkbox").check()
    expect(words(form)).to_contain_text("Everything is sent")
    form.reload()
    expect(leftovers(form)).to_contain_text("p01.wav, p01.mp4")
    form.get_by_role("checkbox").check()
    return files


def test_what_an_earlier_visit_left_joins_no_other_recording(form: Page, left: list[Path]) -> None:
    video, _ = left
    choose(form, video)
    expect(form.locator("#recordings [data-part=file]")).to_have_text(["p01.mp4"])
    analyse(form)
    form.wait_for_url("**/analyses/*/")
    assert kept(form) == {"p01 video": digest(video)}
    form.goto("/recordings/new/")
    expect(leftovers(form)).to_contain_text("p01.wav, p01.mp4")


def test_what_an_earlier_visit_left_goes_on_where_all_of_it_is_chosen_again(form: Page, left: list[Path]) -> None:
    sent: list[str] = []
    form.on("request", lambda request: sent.append(request.method) if "/uploads/" in request.url else None)
    choose(form, *left)
    expect(leftovers(form)).to_be_hidden()
    analyse(form)
    form.wait_for_url("**/analyses/*/")
    assert list(kept(form)) == ["p01 video", "p01 audio"]
    assert "PATCH" not in sent


@pytest.mark.usefixtures("left")
def test_what_an_earlier_visit_left_can_be_discarded(form: Page) -> None:
    with form.expect_request(lambda request: request.method == "DELETE"):
        form.get_by_role("button", name="Discard p01.mp4").click()
    expect(leftovers(form)).to_be_hidden()
    form.reload()
    expect(form.get_by_label("Videos, with")).to_be_visible()
    expect(leftovers(form)).to_be_hidden()
