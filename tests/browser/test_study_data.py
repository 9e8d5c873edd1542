"""A person puts the data of a study in order: participants, variables, markers, names of files."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.results import SAMPLE, has_loaded, log_in, open_result, serious
from tests.browser.test_result_for_all import PHONE
from tests.webapp.factories import finished as finished_recording
from webapp.accounts.models import User
from webapp.analyses.models import Analysis
from webapp.recordings import projects_and_tags
from webapp.recordings.models import Project
from webapp.studies.models import Marker, VariableValue
from webapp.studies.transcripts import NewLine, replace_transcript

TABLE = "participant\tage\nP01\t31\nP02\t28"


@pytest.fixture
def project(transactional_db: None, researcher: User) -> Project:
    project = projects_and_tags.create_project(owner=researcher, name="Adverts")
    for title in ("P01_A", "P02_B"):
        finished_recording(
            "happy", "sad", recording__owner=researcher, recording__title=title, recording__project=project
        )
    return project


def is_for_everybody(page: Page) -> None:
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_names_make_participants_and_a_table_their_values(page: Page, project: Project) -> None:
    log_in(page)
    page.goto(f"/?project={project.pk}")
    page.get_by_role("link", name="Participants", exact=True).click()
    expect(page.get_by_role("heading", name="No participants yet")).to_be_visible()
    page.get_by_role("link", name="Assign by name").click()
    page.get_by_label("Pattern").fill("{participant}_{advert")
    expect(page.get_by_text("a brace without its other one")).to_be_visible()
    page.get_by_label("Pattern").fill("{participant}_{advert}")
    expect(page.get_by_role("cell", name="P02", exact=True)).to_be_visible()
    page.get_by_role("button", name="Assign 2 recordings").click()
    expect(page.get_by_role("heading", name="1 variable")).to_be_visible()
    page.get_by_role("link", name="Paste a table").click()
    page.get_by_label("Table", exact=True).fill(TABLE)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("New variable age: number of the participant")).to_be_visible()
    is_for_everybody(page)
    page.get_by_role("button", name="Set 2 values").click()
    expect(page.get_by_role("row", name="P02 1 28")).to_be_visible()
    assert VariableValue.objects.get(participant__code="P01").number == 31
    page.set_viewport_size(PHONE)
    for tab in ("Participants", "Variables", "Markers"):
        page.get_by_role("link", name=tab, exact=True).click()
        expect(page.locator(".tabs [aria-current=page]")).to_have_text(tab)
        is_for_everybody(page)


def test_markers_are_set_by_keys_beside_the_picture_and_deleting_is_undone(page: Page, finished: Analysis) -> None:
    open_result(page, finished)
    lane, markers = page.locator("#marker-lane"), page.locator("#markers")
    expect(lane).to_be_hidden()
    page.get_by_text("Markers 0").click()
    page.locator("#player").evaluate("video => { video.currentTime = 2; }")
    page.locator("#scrubber").focus()
    page.keyboard.press("b")
    expect(markers.get_by_label("From, s")).to_have_value("2.000")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("e")
    expect(markers.get_by_label("To, s")).to_have_value("7.000")
    page.keyboard.press("x")
    expect(markers.get_by_label("Kind")).to_have_value("baseline")
    markers.get_by_label("Name").fill("rest")
    markers.get_by_label("Name").press("Enter")
    expect(lane.locator("text")).to_have_text("rest")
    is_for_everybody(page)
    page.get_by_role("button", name="Delete rest 2.0-7.0 s").click()
    expect(lane).to_be_hidden()
    page.get_by_role("button", name="Undo").click()
    expect(lane.locator("text")).to_have_text("rest")
    assert Marker.objects.get().name == "rest"
    page.get_by_role("button", name="Go to 0:02.0").click()
    expect(page.locator("#current-time")).to_contain_text("0:02.0")
    page.set_viewport_size(PHONE)
    page.get_by_role("button", name="Import", exact=True).first.or_(
        page.get_by_text("Import from a file")
    ).first.click()
    expect(page.locator("#player")).to_be_in_viewport()


def test_what_is_said_is_found_under_the_timeline(page: Page, finished: Analysis, researcher: User) -> None:
    lines = [NewLine(0.5, 2, "Good morning", "Anna"), NewLine(3, 5, "How are you?")]
    replace_transcript(recording=finished.recording, by=researcher, lines=lines)
    open_result(page, finished)
    expect(page.locator("#speech-lane text")).to_have_text(["Good morning", "How are you?"])
    page.locator("#scrubber").focus()
    page.keyboard.press("+")
    expect(page.locator("#speech-lane .lane-content")).to_have_attribute("style", re.compile("width: 200%"))
    page.get_by_text("Transcript 2").click()
    page.get_by_label("Words in the transcript").fill("you")
    expect(page.locator("#transcript-lines")).to_contain_text("1 line found")
    page.locator("#transcript").get_by_role("button", name="Go to 0:03.0").click()
    expect(page.locator("#current-time")).to_contain_text("0:03.0")
    is_for_everybody(page)


def test_names_of_files_are_previewed_and_assigned_after_the_upload(page: Page, project: Project) -> None:
    log_in(page)
    page.goto(f"/recordings/new/?project={project.pk}")
    page.get_by_label("Names of the files").fill("{participant}_{advert}")
    file: Any = {"name": "P07_C.mp4", "mimeType": "video/mp4", "buffer": SAMPLE.read_bytes()}
    page.locator("#id_video").set_input_files([file | {"name": "clip.mp4"}])
    expect(page.get_by_text("fits none of the names")).to_be_visible()
    page.get_by_role("button", name="Remove").first.click()
    page.locator("#id_video").set_input_files([file])
    expect(page.get_by_role("cell", name="P07", exact=True)).to_be_visible()
    page.locator("#id_consent").check()
    page.get_by_role("button", name="Upload and analyse").click()
    has_loaded(page)
    expect(page.get_by_text("Participant: P07")).to_be_visible()
