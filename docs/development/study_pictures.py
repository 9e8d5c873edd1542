"""Draw the pictures of docs/study.md: `python -m docs.development.study_pictures`.

The pages come from the real web server on a database of its own: the study of `manage.py demo_study`, and a project
that collects recordings. Times are fixed, so that a picture changes where its page does.
"""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any
from uuid import UUID

from benchmarks.own_database import own_database
from benchmarks.own_server import own_server

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from webapp.accounts.models import User
    from webapp.recordings.models import Project

PICTURES = Path(__file__).parents[1] / "images"
WIDTH, HEIGHT = 1280, 900
PADDING = 12  # around a part of a page, in pixels
QUALITY_HEIGHT = 760  # of a page that goes on with more of the same
FIRST_DAY = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
BEACH = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 360"><rect width="640" height="360" fill="#78bfec"/>
<circle cx="510" cy="70" r="40" fill="#ffdd57"/><rect y="170" width="640" height="190" fill="#1d6fa5"/>
<rect y="250" width="640" height="110" fill="#edcf98"/></svg>"""
CONSENT = "We study how faces react to adverts. Write to the office to take your recording back."
MIN_FACE_SHARE = 0.5  # one participant is below it
# When the stimuli of a recording are shown, s.
SHOWN = ((1.0, 9.0), (10.0, 15.0), (16.0, 23.0))


def demonstration(owner: "User") -> "Project":
    """The study of `manage.py demo_study`."""
    from django.core.management import call_command

    from webapp.recordings.models import Project

    call_command("demo_study", owner.username)
    return Project.objects.get()


def collection(owner: "User", beach: bytes) -> "Project":
    """A project with a stimulus of each kind and a link, by which two participants finished and one began."""
    from django.core.files.base import ContentFile, File

    from webapp.core import samples
    from webapp.recordings.projects_and_tags import create_project
    from webapp.studies import collection, stimuli
    from webapp.studies.models import CollectionLink

    project = create_project(owner=owner, name="Two adverts", description="", purpose="research")
    video = samples.FOLDER / samples.MODES["audio-video"]["video"]
    with video.open("rb") as file:
        stimuli.create_stimulus(project=project, by=owner, name="Advert A", video=File(file, video.name))
    stimuli.create_stimulus(
        project=project, by=owner, name="Beach", length_s=8, picture=ContentFile(beach, name="beach.png")
    )
    stimuli.create_stimulus(project=project, by=owner, name="Think of your last holiday", length_s=20)
    link, _ = collection.create_link(project=project, by=owner, consent_text=CONSENT, random_order=False)
    CollectionLink.objects.update(created_at=FIRST_DAY)
    for number, code in enumerate(("P01", "P02", "P03")):
        session = collection.begin_session(link=link, code=code, agreed=True)
        type(session).objects.filter(pk=session.pk).update(begun_at=FIRST_DAY + timedelta(hours=1 + number))
        if number < 2:
            finish(session, video, dropped_frames=3 * number)
    return project


def finish(session: Any, video: Path, dropped_frames: int) -> None:
    """Send the participant's video and say when each stimulus was shown."""
    from webapp.recordings import uploads
    from webapp.studies import collection
    from webapp.studies.collection import ShownStimulus

    size = video.stat().st_size
    upload = collection.begin_upload(session=session, length=size, name=video.name, metadata="")
    with video.open("rb") as file:
        uploads.append(upload=upload, offset=0, size=size, source=file)
    session.refresh_from_db()
    shown = [ShownStimulus(UUID(pk), *span) for (pk, _), span in zip(session.stimuli, SHOWN, strict=True)]
    collection.finish_session(session=session, shown=shown, dropped_frames=dropped_frames)


def edges(part: "Locator") -> tuple[float, float]:
    """The top and the bottom of a part of a page, in pixels from the page's top."""
    top, bottom = part.evaluate(
        "part => [part.getBoundingClientRect().top + scrollY, part.getBoundingClientRect().bottom + scrollY]"
    )
    return top, bottom


def draw(page: "Page", study: "Project", collecting: "Project") -> None:
    """Write all pictures."""
    from django.urls import reverse
    from playwright.sync_api import FloatRect

    from webapp.studies.thresholds import set_thresholds

    def show(name: str, project: "Project", query: str = "") -> None:
        page.goto(reverse(f"pages:{name}", args=[project.pk]) + query)

    def save(name: str, top: float, bottom: float) -> None:
        clip = FloatRect(x=0, y=top, width=WIDTH, height=bottom - top)
        page.screenshot(path=PICTURES / f"study-{name}.png", animations="disabled", full_page=True, clip=clip)

    show(
        "project-compare",
        study,
        "?kinds=mean_probability&labels=happy&labels=sad&factor=stimulus&paired=on&reader=machine",
    )
    top, _ = edges(page.locator("#comparison"))
    _, bottom = edges(page.locator("section", has=page.locator("#statistics")))
    save("compare", top - PADDING, bottom + PADDING)
    set_thresholds(project=study, by=study.owner, face_share=MIN_FACE_SHARE)
    show("project-quality", study)
    save("quality", 0, QUALITY_HEIGHT)
    show("project-markers", collecting)
    page.get_by_label("A picture").check()
    page.locator("video").evaluate("video => video.readyState || new Promise(done => video.onloadeddata = done)")
    _, bottom = edges(page.get_by_role("form", name="Add a stimulus"))
    save("stimuli", 0, bottom + PADDING)
    show("collect", collecting)
    _, bottom = edges(page.locator("main"))
    save("collect", 0, bottom)


def main() -> None:
    """Set the application up, and a browser in front of it."""
    with tempfile.TemporaryDirectory(prefix="emotrace-pictures-") as place, own_database(Path(place)):
        from playwright.sync_api import sync_playwright

        from tests.browser import results
        from tests.browser.conftest import FLAGS
        from webapp.accounts.models import User

        owner = User.objects.create_user(username="researcher")
        with own_server() as address, sync_playwright() as playwright:
            program = which("chromium-headless-shell") or which("chromium")
            chromium = playwright.chromium.launch(executable_path=program, args=FLAGS)
            page = chromium.new_page(base_url=address, viewport={"width": WIDTH, "height": HEIGHT})
            page.set_content(BEACH)
            beach = page.locator("svg").screenshot()
            page.goto("/")
            results.log_in(page, owner.username)
            draw(page, demonstration(owner), collection(owner, beach))
            chromium.close()


if __name__ == "__main__":
    main()
