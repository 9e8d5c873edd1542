"""A participant without an account, from the link to a recording with markers, with the browser's pretended camera."""

import av
import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.browser import results
from tests.browser.participants import CAMERA_FLAGS, PICTURE_S, TEXT, TEXT_S, VIDEO_S, adverts, agree, link_to
from tests.webapp import clips
from webapp.accounts.models import User
from webapp.recordings.models import Project, Recording
from webapp.studies.models import CollectionSession, Marker

pytestmark = [pytest.mark.usefixtures("transactional_db"), pytest.mark.extended]

APART_S = 0.1  # at most, marker and recorded picture: three frames
WHITE = 128
# In place of the camera, a picture that is white while the page shows the text.
MIRROR = """
const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async () => {
  const sound = await open({ audio: true });
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 240 });
  const pen = canvas.getContext("2d");
  const paint = () => {
    const seen = document.querySelector("[data-stage=text]").textContent === "Think of a beach";
    pen.fillStyle = seen ? "white" : "black";
    pen.fillRect(0, 0, 320, 240);
    pen.fillStyle = "gray";
    pen.fillRect(Math.random() * 300, 0, 9, 9);
    requestAnimationFrame(paint);
  };
  paint();
  return new MediaStream([...canvas.captureStream(30).getTracks(), ...sound.getTracks()]);
};
"""
LATE_S = 0.5  # at most, of a browser that is busy


@pytest.fixture(scope="module")
def flags() -> list[str]:
    return CAMERA_FLAGS


@pytest.fixture
def project(transactional_db: None, researcher: User) -> Project:
    return adverts(researcher)


@pytest.fixture
def secret(project: Project) -> str:
    return link_to(project)


def test_from_the_link_to_a_recording_with_markers(page: Page, secret: str, project: Project) -> None:
    agree(page, secret)
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_text(TEXT)).to_be_visible()
    expect(page.locator("[data-stage=video]")).to_be_visible()
    expect(page.locator("[data-stage=picture]")).to_be_visible()
    assert page.locator("[data-stage=picture]").evaluate("picture => picture.naturalWidth") == clips.SIDE
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    recording = Recording.objects.get()
    assert (recording.project, str(recording.participant)) == (project, "P07")
    assert recording.consent_text.startswith("We study faces.")
    text, video, picture = Marker.objects.order_by("start_s")
    assert [text.name, video.name, picture.name] == [TEXT, "Video", "Picture"]
    assert {text.source, video.source, picture.source} == {"collected"}
    assert text.start_s >= 1
    assert TEXT_S - 0.05 <= text.end_s - text.start_s < TEXT_S + LATE_S
    assert video.start_s - text.end_s >= 0.9
    assert VIDEO_S - LATE_S <= video.end_s - video.start_s < VIDEO_S + LATE_S
    assert PICTURE_S - 0.05 <= picture.end_s - picture.start_s < PICTURE_S + LATE_S
    assert picture.end_s <= recording.duration_s < picture.end_s + 1 + 2 * LATE_S
    session = CollectionSession.objects.get()
    assert session.recording == recording
    assert session.dropped_frames is not None
    results.log_in(page)
    page.goto(reverse("pages:collect", args=[project.pk]))
    expect(page.get_by_role("row", name="P07")).to_contain_text("finished")


def test_markers_lie_where_the_recording_shows_it(page: Page, secret: str) -> None:
    page.add_init_script(MIRROR)
    agree(page, secret)
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    with Recording.objects.get().inputs() as inputs, av.open(inputs.video) as container:
        frames = container.decode(video=0)
        white = [frame.time for frame in frames if frame.to_ndarray(format="gray")[200, 160] > WHITE]
    marker = Marker.objects.get(name=TEXT)
    assert white[0] is not None
    assert white[-1] is not None
    assert abs(marker.start_s - white[0]) < APART_S
    assert abs(marker.end_s - white[-1]) < APART_S


def test_agreeing_is_sent_once(page: Page, secret: str, project: Project) -> None:
    page.goto(reverse("pages:collection-link", args=[secret]))
    page.get_by_label("I have read this text").check()
    assert page.get_by_role("button", name="Continue").evaluate("it => { it.click(); it.click(); return it.disabled; }")
    expect(page.get_by_role("button", name="Check camera")).to_be_visible()
    assert project.participants.count() == 1


@pytest.mark.parametrize("width", [390, 1280])
def test_the_pages_fit_and_axe_finds_nothing_serious(page: Page, secret: str, project: Project, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(reverse("pages:collection-link", args=[secret]))
    require_fit(page, width)
    agree(page, secret)
    require_fit(page, width)
    results.log_in(page)
    page.goto(reverse("pages:collect", args=[project.pk]))
    expect(page.get_by_role("row", name="P07")).to_contain_text("began")
    require_fit(page, width)


def require_fit(page: Page, width: int) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert results.serious(page) == []
