"""Stimuli on the tab of markers, from the file to the order, by keyboard."""

import pytest
from django.urls import reverse
from playwright.sync_api import FilePayload, Page, expect

from tests.browser import results
from tests.webapp import clips
from webapp.accounts.models import User
from webapp.recordings.models import Project
from webapp.studies import selectors, stimuli

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture
def project(transactional_db: None, researcher: User) -> Project:
    return Project.objects.create(owner=researcher, name="Adverts", purpose="research")


@pytest.fixture
def tab(page: Page, project: Project) -> Page:
    stimuli.create_stimulus(project=project, by=project.owner, name="Advert A", length_s=5)
    results.log_in(page)
    page.goto(reverse("pages:project-markers", args=[project.pk]))
    return page


def test_files_are_chosen_seen_and_put_into_order(tab: Page, project: Project) -> None:
    form = tab.get_by_role("form", name="Add a stimulus")
    expect(form.get_by_label("File")).to_be_hidden()
    form.get_by_label("A picture").check()
    form.get_by_label("Name", exact=True).fill("Beach")
    form.get_by_label("File").set_input_files(
        FilePayload(name="b.jpg", mimeType="image/jpeg", buffer=clips.picture(".jpg"))
    )
    form.get_by_label("Length").fill("3")
    form.get_by_role("button", name="Add").click()
    picture = tab.get_by_role("img", name="Picture of Beach")
    picture.scroll_into_view_if_needed()
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("naturalWidth", clips.SIDE)
    form.get_by_label("A video").check()
    expect(form.get_by_label("Length")).to_be_hidden()
    form.get_by_label("Name", exact=True).fill("Clip")
    form.get_by_label("File").set_input_files(FilePayload(name="c.mp4", mimeType="video/mp4", buffer=clips.video(2.0)))
    form.get_by_role("button", name="Add").click()
    video = tab.get_by_label("Video of Clip")
    expect(video).to_have_js_property("videoWidth", clips.SIDE)
    tab.get_by_role("button", name="Move Clip up").focus()
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("button", name="Move Clip up")).to_be_focused()
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("button", name="Move Clip down")).to_be_focused()
    expect(tab.get_by_role("button", name="Move Clip up")).to_be_disabled()
    assert [each.name for each in selectors.stimuli_of(project)] == ["Clip", "Advert A", "Beach"]


def test_a_file_that_is_none_is_named_at_its_field(tab: Page) -> None:
    form = tab.get_by_role("form", name="Add a stimulus")
    form.get_by_label("A picture").check()
    form.get_by_label("Name", exact=True).fill("Beach")
    form.get_by_label("File").set_input_files(FilePayload(name="b.png", mimeType="image/png", buffer=b"<svg/>"))
    form.get_by_label("Length").fill("3")
    form.get_by_role("button", name="Add").click()
    expect(tab.get_by_text("cannot be read as a picture")).to_be_visible()
    expect(form.get_by_label("Name", exact=True)).to_have_value("Beach")
    expect(form.get_by_label("A picture")).to_be_checked()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_axe_finds_nothing_serious(tab: Page, width: int, scheme: str) -> None:
    tab.set_viewport_size({"width": width, "height": 900})
    tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for medium in ("A picture", "A video", "The name, as text"):
        tab.get_by_label(medium).check()
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert results.serious(tab) == []
