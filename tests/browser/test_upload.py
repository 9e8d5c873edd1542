"""Sending in parts from the page, over a network that breaks, with a person who pauses, reloads and logs in again."""

import hashlib
import os
import re
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, ViewportSize, expect

from tests.browser import results
from tests.browser.network_throttle import ThrottledProxy
from tests.integration.processes import eventually
from tests.integration.rest import PASSWORD, SAMPLES, USER
from tests.webapp import clips

pytestmark = pytest.mark.usefixtures("transactional_db")

MEGA = 2**20
PHONE = ViewportSize(width=390, height=844)


@pytest.fixture
def proxy(live_server: Any) -> Iterator[ThrottledProxy]:
    server = urlsplit(live_server.url)
    proxy = ThrottledProxy(server.hostname or "", server.port or 0)
    yield proxy
    proxy.close()


@pytest.fixture
def address(proxy: ThrottledProxy) -> str:
    return f"http://{proxy.address}"


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A video of 20 MB, most of which says nothing."""
    padding = os.urandom(20 * MEGA)
    path = tmp_path / "large.mp4"
    path.write_bytes(clips.video() + struct.pack(">I4s", len(padding) + 8, b"free") + padding)
    return path


def log_in(page: Page) -> None:
    page.get_by_label("User name").fill(USER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()


@pytest.fixture
def form(page: Page) -> Page:
    """The upload page, of somebody who is logged in."""
    results.log_in(page)
    page.goto("/recordings/new/")
    expect(page.get_by_label("Videos, with")).to_be_visible()
    return page


def choose(page: Page, *paths: Path) -> None:
    page.get_by_label("Videos, with").set_input_files(paths)


def add(row: Page | Locator, *paths: Path) -> None:
    """Give files to a recording with its own control."""
    row.locator("[data-chooser]").set_input_files(paths)


def words(page: Page, number: int = 0) -> Locator:
    return page.locator("[data-part=message]").nth(number)


def leftovers(page: Page) -> Locator:
    return page.locator("#unfinished")


def analyse(page: Page) -> None:
    page.get_by_role("button", name="Upload and analyse").click()


def kept(page: Page) -> dict[str, str]:
    """The digests of what the server keeps, by title and kind."""
    found = page.request.get("/api/v1/recordings/").json()["results"]
    return {f"{each['title']} {file['kind']}": file["sha256"] for each in found for file in each["files"]}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_broken_connection_is_gone_on_with_by_itself(
    form: Page, proxy: ThrottledProxy, large: Path, noise: set[str]
) -> None:
    noise.add("net::ERR_")
    before = proxy.sent
    proxy.breaks_at = before + 12 * MEGA
    choose(form, large)
    form.get_by_role("checkbox").check()
    analyse(form)
    expect(words(form)).to_contain_text("The connection was lost")
    assert proxy.broken
    assert eventually(lambda: proxy.tried_in_vain > 0)
    proxy.mend()
    form.wait_for_url("**/analyses/*/")
    assert kept(form) == {"large video": digest(large)}
    assert proxy.sent - before < 28 * MEGA  # from the beginning again, it would be 32


def test_sending_can_be_paused(form: Page, proxy: ThrottledProxy, large: Path) -> None:
    proxy.seconds_a_chunk = 0.02  # 3 MB/s
    choose(form, large)
    form.get_by_role("checkbox").check()
    expect(words(form)).to_contain_text("left")
    expect(words(form)).to_contain_text(re.compile(r"\d+ % · [\d.]+ MB of 21\.\d MB · [\d.]+ MB/s · \d+ s left"))
    with form.expect_event("requestfailed", lambda request: request.method == "PATCH"):
        form.get_by_role("button", name="Pause").click()
    expect(words(form)).to_contain_text("Paused at")
    proxy.seconds_a_chunk = 0
    begun: list[str] = []
    form.on("request", lambda request: begun.append(request.method))
    form.wait_for_timeout(1500)  # in which it could go on
    assert "PATCH" not in begun
    analyse(form)
    form.get_by_role("button", name="Continue").click()
    form.wait_for_url("**/analyses/*/")
    assert kept(form) == {"large video": digest(large)}


def test_a_page_that_is_loaded_again_asks_for_the_file_and_goes_on(
    form: Page, proxy: ThrottledProxy, large: Path, refused: set[int]
) -> None:
    refused |= {409, 423}  # what was under way when the page was left may still be arriving
    proxy.seconds_a_chunk = 0.02
    before = proxy.sent
    choose(form, large)
    form.get_by_label("Title").fill("Anna, first visit")
    form.get_by_role("checkbox").check()
    assert eventually(lambda: proxy.sent - before > 12 * MEGA)
    form.reload()
    proxy.seconds_a_chunk = 0
    form.get_by_role("button", name="Resume large.mp4").click()
    expect(leftovers(form)).to_be_hidden()
    expect(words(form)).to_contain_text("Choose large.mp4 again to continue")
    expect(form.get_by_label("Title")).to_have_value("Anna, first visit")
    form.get_by_role("checkbox").check()
    choose(form, SAMPLES / "interview.mp4")  # another one is another recording
    expect(form.locator("#recordings > li")).to_have_count(2)
    form.get_by_role("button", name="Remove interview.mp4").click()
    choose(form, large)
    analyse(form)
    form.wait_for_url("**/analyses/*/")
    assert kept(form) == {"Anna, first visit video": digest(large)}
    assert proxy.sent - before < 28 * MEGA
    form.goto("/recordings/new/")
    expect(form.locator("#recordings")).to_be_hidden()


def test_what_was_sent_whole_is_not_asked_for_again(form: Page) -> None:
    choose(form, SAMPLES / "interview.mp4")
    form.get_by_role("checkbox").check()
    expect(words(form)).to_contain_text("Everything is sent")
    form.reload()
    form.get_by_role("button", name="Resume interview.mp4").click()
    expect(words(form)).to_contain_text("Everything is sent")
    form.get_by_role("checkbox").check()
    analyse(form)
    form.wait_for_url("**/analyses/*/")
    assert kept(form) == {"interview video": digest(SAMPLES / "interview.mp4")}


def test_an_ended_login_loses_nothing(form: Page, proxy: ThrottledProxy, large: Path, refused: set[int]) -> None:
    refused |= {401, 403}
    proxy.seconds_a_chunk = 0.02
    before = proxy.sent
    choose(form, large)
    form.get_by_role("checkbox").check()
    form.get_by_label("Title").fill("Kept")
    analyse(form)
    assert eventually(lambda: proxy.sent - before > 12 * MEGA)
    form.context.clear_cookies()
    expect(words(form)).to_contain_text("You are logged out")
    proxy.seconds_a_chunk = 0
    with form.context.expect_page() as opened:
        form.get_by_role("link", name="Log in").click()
    other = opened.value
    log_in(other)
    other.close()
    form.wait_for_url("**/analyses/*/")
    assert kept(form) == {"Kept video": digest(large)}
    assert proxy.sent - before < 28 * MEGA


def test_files_of_one_name_are_one_recording_and_several_go_at_once(form: Page, tmp_path: Path) -> None:
    for name in ("p01", "p02"):
        shutil.copy(SAMPLES / "interview.mp4", tmp_path / f"{name}.mp4")
    shutil.copy(SAMPLES / "interview.wav", tmp_path / "P01.wav")
    shutil.copy(SAMPLES / "interview_eeg.mat", tmp_path / "p01_eeg.mat")
    choose(form, *(tmp_path / name for name in ("p01_eeg.mat", "P01.wav", "p02.mp4", "p01.mp4")))
    expect(form.locator("#recordings > li")).to_have_count(2)
    expect(words(form)).to_contain_text("Waiting for your agreement")
    first = form.locator("#recordings > li").filter(has_text="p01.mp4")
    expect(first.locator(".batch-files > li")).to_have_count(3)
    expect(form.get_by_label("Trial")).to_have_count(2)
    expect(form.get_by_label("Trial").filter(visible=True)).to_have_count(1)

    form.get_by_role("checkbox").check()
    expect(first.locator("[data-eeg-summary]")).to_contain_text("trials")
    expect(first.get_by_label("Sampling rate")).to_have_value("500")
    analyse(form)
    expect(first.locator("[data-row-error=eeg_trial]")).to_contain_text("Enter the one that belongs")
    first.get_by_label("Trial").fill("1")
    analyse(form)
    form.wait_for_url("**/?recording=*")
    expect(form.locator("article.recording")).to_have_count(2)
    assert kept(form) == {
        "p01 video": digest(SAMPLES / "interview.mp4"),
        "p01 audio": digest(SAMPLES / "interview.wav"),
        "p01 eeg": digest(SAMPLES / "interview_eeg.mat"),
        "p02 video": digest(SAMPLES / "interview.mp4"),
    }


def test_what_somebody_typed_before_the_script_came_is_kept(form: Page) -> None:
    held: list[Route] = []
    form.route(re.compile(r"/upload/page\.[^-/]*js$"), lambda route: held.append(route))
    form.reload(wait_until="commit")
    form.get_by_label("Video").set_input_files(SAMPLES / "interview.mp4")
    form.get_by_label("Title").fill("Early")
    assert eventually(lambda: bool(held))
    held[0].continue_()
    expect(form.locator("#recordings").get_by_label("Title")).to_have_value("Early")
    expect(form.locator("#recordings")).to_contain_text("interview.mp4")


def test_dropped_files_are_taken(form: Page) -> None:
    content = list(clips.wav())
    form.evaluate(
        """bytes => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "voice.wav"));
            const drop = new DragEvent("drop", { dataTransfer: data, bubbles: true });
            document.querySelector(".drop-zone").dispatchEvent(drop);
        }""",
        content,
    )
    expect(form.locator(".batch-file")).to_have_text("voice.wav")
    form.get_by_role("checkbox").check()
    analyse(form)
    expect(form.locator("[data-row-error=row]")).to_contain_text("There is no video for voice.wav")


BAD = {
    "empty.mp4": (b"", "is empty"),
    "text.mp4": (b"hello, this is text" * 100, "not a video"),
    "cut.mp4": (clips.video(4)[:-3000], "is incomplete"),
    "text.wav": (b"hello, this is text" * 100, "not a sound file"),
    "text.mat": (b"hello, this is text" * 100, "not a MAT file"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_cannot_be_read_is_refused_before_it_is_sent(form: Page, tmp_path: Path, name: str) -> None:
    content, complaint = BAD[name]
    (tmp_path / name).write_bytes(content)
    sent: list[str] = []
    form.on("request", lambda request: sent.append(request.url) if "/api/" in request.url else None)
    form.get_by_role("checkbox").check()
    choose(form, tmp_path / name)
    expect(form.locator("[data-part=problem]")).to_contain_text(complaint)
    form.wait_for_timeout(500)  # in which it could begin
    assert sent == []


def test_sound_of_another_length_is_refused_and_can_be_replaced(form: Page, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(clips.video(3))
    (tmp_path / "a.wav").write_bytes(clips.wav(5))
    (tmp_path / "b.wav").write_bytes(clips.wav(3))
    choose(form, tmp_path / "a.mp4", tmp_path / "a.wav")
    form.get_by_role("checkbox").check()
    expect(form.locator("[data-part=problem]").nth(1)).to_contain_text("The sound lasts 5.0 s and the video 3")
    add(form, tmp_path / "b.wav")
    analyse(form)
    form.wait_for_url("**/analyses/*/")
    assert kept(form) == {"a video": digest(tmp_path / "a.mp4"), "a audio": digest(tmp_path / "b.wav")}


def test_what_the_server_refuses_is_said_at_its_file_and_the_others_stay(form: Page, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(clips.video(20, fps=1, sound=False))
    (tmp_path / "a.mat").write_bytes(clips.mat(eeg=clips.eeg(30), fs=100.0))
    choose(form, tmp_path / "a.mp4", tmp_path / "a.mat")
    form.get_by_role("checkbox").check()
    analyse(form)
    expect(form.locator("[data-part=problem]").nth(1)).to_contain_text("The EEG lasts 30.0 s")
    (tmp_path / "b.mat").write_bytes(clips.mat(eeg=clips.eeg(20), fs=100.0))
    form.get_by_label("Title").fill("Mended")
    sent: list[str] = []
    form.on("request", lambda request: sent.append(request.method) if "/uploads/" in request.url else None)
    add(form, tmp_path / "b.mat")
    analyse(form)
    form.wait_for_url("**/analyses/*/")
    assert kept(form) == {"Mended video": digest(tmp_path / "a.mp4"), "Mended eeg": digest(tmp_path / "b.mat")}
    assert sent.count("POST") == 1  # the video is not sent again


def test_the_unit_of_an_eeg_that_names_no_channels_is_asked_for_where_it_is_refused(form: Page, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(clips.video(20, fps=1, sound=False))
    (tmp_path / "a.mat").write_bytes(clips.mat(eeg=clips.eeg(20) * 1e-6, fs=100.0))
    choose(form, tmp_path / "a.mp4", tmp_path / "a.mat")
    form.get_by_role("checkbox").check()
    expect(form.locator("[data-eeg-summary]")).to_contain_text("It names no channels")
    analyse(form)
    expect(form.locator("[data-row-error=eeg_unit]")).to_contain_text("volts")
    form.get_by_label("Unit of the EEG").select_option("V")
    analyse(form)
    form.wait_for_url("**/analyses/*/")
    (recording,) = form.request.get("/api/v1/recordings/").json()["results"]
    assert [file["eeg_unit"] for file in recording["files"] if file["kind"] == "eeg"] == ["V"]


def test_a_recording_is_removed_with_what_was_sent_of_it(form: Page) -> None:
    choose(form, SAMPLES / "interview.mp4")
    form.get_by_role("checkbox").check()
    expect(words(form)).to_contain_text("Everything is sent")
    with form.expect_request(lambda request: request.method == "DELETE"):
        form.get_by_role("button", name="Remove interview.mp4").click()
    expect(form.locator("#recordings")).to_be_hidden()
    form.reload()
    expect(form.get_by_label("Videos, with")).to_be_visible()
    expect(form.locator("#recordings")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_all_of_it_and_the_keyboard_reaches_all_of_it(form: Page, scheme: Any) -> None:
    form.set_viewport_size(PHONE)
    form.emulate_media(color_scheme=scheme)
    choose(form, *(SAMPLES / name for name in ("interview.mp4", "interview.wav", "interview_eeg.mat")))
    expect(form.locator(".batch-files > li")).to_have_count(3)
    assert form.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    agreement, files = (each.bounding_box() for each in (form.get_by_role("checkbox"), form.locator(".drop-zone")))
    assert agreement is not None
    assert files is not None
    assert agreement["y"] < files["y"]
    form.get_by_label("Videos, with").focus()
    reached = []
    for _ in range(12):
        form.keyboard.press("Tab")
        reached.append(
            form.evaluate("(document.activeElement.ariaLabel || document.activeElement.textContent || '').trim()")
        )
    for name in ("Remove interview.mp4", "Leave out interview.wav", "Add or replace a file"):
        assert name in reached


@pytest.mark.usefixtures("researcher")
def test_without_scripts_the_form_sends_one_recording(chromium: Browser, address: str) -> None:
    context = chromium.new_context(base_url=address, java_script_enabled=False)
    page = context.new_page()
    page.goto("/recordings/new/")
    log_in(page)
    page.get_by_label("Video", exact=True).set_input_files(SAMPLES / "interview.mp4")
    page.get_by_label("Title").fill("Plain")
    analyse(page)
    expect(page.locator("[data-error-for=consent]")).to_contain_text("Tick the box")
    expect(page.get_by_label("Title")).to_have_value("Plain")
    page.get_by_label("Video", exact=True).set_input_files(SAMPLES / "interview.mp4")
    page.get_by_role("checkbox").check()
    analyse(page)
    page.wait_for_url("**/analyses/*/")
    context.close()
