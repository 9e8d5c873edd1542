"""A participant's browser: a small study by a link, and the way to its camera."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.webapp import clips
from webapp.accounts.models import User
from webapp.recordings.models import Project
from webapp.studies import collection, stimuli

CAMERA_FLAGS = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
TEXT, TEXT_S, VIDEO_S, PICTURE_S = "Think of a beach", 1.5, 2.0, 1.0


def adverts(owner: User) -> Project:
    """A study of a text, a video that the browser plays, and a picture."""
    project = Project.objects.create(owner=owner, name="Adverts", purpose="research")
    stimuli.create_stimulus(project=project, by=owner, name=TEXT, length_s=TEXT_S)
    video = SimpleUploadedFile("video.mp4", clips.video(VIDEO_S))
    stimuli.create_stimulus(project=project, by=owner, name="Video", video=video)
    picture = SimpleUploadedFile("beach.webp", clips.picture(".webp"))
    stimuli.create_stimulus(project=project, by=owner, name="Picture", length_s=PICTURE_S, picture=picture)
    return project


def link_to(project: Project) -> str:
    """The secret of a new link."""
    return collection.create_link(
        project=project, by=project.owner, consent_text="We study faces.", random_order=False
    )[1]


def agree(page: Page, secret: str, code: str = "P07") -> None:
    page.goto(reverse("pages:collection-link", args=[secret]))
    page.get_by_label("Your code").fill(code)
    page.get_by_label("I have read this text").check()
    page.get_by_role("button", name="Continue").click()
    open_camera(page)


def open_camera(page: Page) -> None:
    page.get_by_role("button", name="Check camera").click()
    expect(page.get_by_label("Picture of the camera")).to_be_visible()
