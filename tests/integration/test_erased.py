"""A recording, and then its owner, gone from every row, file, cache and log: with web, worker and scheduler at work."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
import requests
from axes.models import AccessAttempt
from django.utils import timezone
from tusclient.client import TusClient

from tests.conftest import Start
from tests.integration.journal import Journal
from tests.integration.processes import eventually
from tests.integration.rest import PASSWORD, SAMPLES, Person
from tests.integration.web import Web
from tests.webapp import sharing, traces
from tests.webapp.factories import an_endpoint
from tests.webapp.receiver import receiving
from webapp.accounts import deletion
from webapp.accounts.models import User
from webapp.analyses.models import Analysis
from webapp.analyses.privacy import account_deletion
from webapp.core import paths
from webapp.recordings.models import Recording
from webapp.webhooks.models import Delivery

NAME, EMAIL = "persephone-q", "persephone@example.org"
TITLE, FILE, NOTE, PROJECT, TAG = "Ottoline 4417", "ottoline-v2.mp4", "Quercus study", "Quercus", "larkspur"
SOON = 60
AUDIT = "table audit_entry"


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def web(process: Start, journal: Journal) -> Web:
    return Web(lambda *command, **more: journal.keep(process(*command, **more)), EMOTRACE_LOG_LEVEL="INFO")


@pytest.fixture
def persephone(web: Web, settings: Any, django_user_model: type[User]) -> Person:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]  # as the web process has them
    django_user_model.objects.create_user(username=NAME, email=EMAIL, password=PASSWORD)
    return Person(web.base, NAME)


def sent(person: Person, project: str) -> dict[str, Any]:
    """A recording whose video came in parts, in a project, with a tag."""
    headers = {"Authorization": str(person.session.headers["Authorization"])}
    client = TusClient(f"{person.api}uploads/", headers=headers)
    upload = client.uploader(str(SAMPLES / "interview.mp4"), chunk_size=100_000, metadata={"filename": FILE})
    upload.upload()
    fields = {"video_upload": str(upload.url).rstrip("/").split("/")[-1], "title": TITLE, "project": project}
    fields |= {"consent": "true", "purpose": "other", "purpose_note": NOTE}
    made = person.session.post(f"{person.api}recordings/", data=fields)
    assert made.status_code == 201, made.text
    person.session.patch(f"{person.api}recordings/{made.json()['id']}/", json={"tags": [TAG]})
    found: dict[str, Any] = made.json()
    return found | {"upload": fields["video_upload"]}


def logged_in(web: Web) -> requests.Session:
    """A browser's session, after a wrong password and one typed for the address."""
    browser = log_in(web, (NAME.upper(), "wrong"), (EMAIL, "wrong"), (NAME, PASSWORD))
    assert "emotrace_session" in browser.cookies
    return browser


def log_in(web: Web, *tries: tuple[str, str]) -> requests.Session:
    """A browser in which these names and passwords were typed, one after another."""
    browser = requests.Session()
    for name, password in tries:
        browser.get(f"{web.base}/login/")
        form = {"username": name, "password": password, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        browser.post(f"{web.base}/login/", data=form, headers={"Referer": web.base})
    return browser


def left(marks: set[str], *roots: Path) -> set[str]:
    """Where they are. The audit log may know ids, which lead nowhere any more, but nothing else."""
    return {*traces.of(marks, *roots)} - {AUDIT}


def gone(marks: set[str], *roots: Path) -> set[str]:
    eventually(lambda: left(marks, *roots) == set(), SOON)
    return left(marks, *roots)


@pytest.mark.extended
def test_nothing_is_left_a_minute_later(
    process: Start, journal: Journal, web: Web, persephone: Person, settings: Any
) -> None:
    media, logs = Path(settings.MEDIA_ROOT), paths.data_dir() / "log"
    worker = {"EMOTRACE_WEBHOOKS_ALLOW_PRIVATE": "1", "EMOTRACE_LOG_LEVEL": "INFO"}
    journal.keep(process("worker", **worker))
    owner = User.objects.get(username=NAME)
    browser = logged_in(web)
    with receiving() as receiver:
        an_endpoint(owner, receiver.url, events=["analysis.timeline_published", "analysis.succeeded"])
        project = persephone.session.post(f"{persephone.api}projects/", json={"name": PROJECT}).json()["id"]
        made = sent(persephone, project)
        persephone.wait_for(made["analysis"]["id"], "succeeded")
        assert eventually(lambda: Delivery.objects.filter(status="delivered").count() == 2)
    recording = Recording.objects.get(pk=made["id"])
    _, secret = sharing.by_link(recording)
    assert browser.get(f"{web.base}/link/{secret}/").ok
    assert (
        browser.get(f"{web.base}/recordings/{recording.pk}/video/", headers={"Range": "bytes=0-99"}).status_code == 206
    )
    with zipfile.ZipFile(io.BytesIO(browser.get(f"{web.base}/account/export/").content)) as file:
        assert any(TITLE[:8].lower() in name for name in file.namelist())
    assert browser.get(f"{persephone.api}exports/").ok
    persephone.session.post(f"{persephone.api}recordings/{recording.pk}/analyses/")  # is read at this moment

    ids = {made["id"], made["upload"], *map(str, Analysis.objects.values_list("pk", flat=True))}
    about = {*ids, TITLE, FILE, FILE.partition(".")[0], NOTE, TAG}
    assert {place.partition(" ")[0] for place in traces.of(about, media)} >= {"table", "file"}
    assert persephone.session.delete(f"{persephone.api}recordings/{recording.pk}/").status_code == 204
    assert gone(about, media) == set()

    again = sent(persephone, project)
    token = str(persephone.session.headers["Authorization"]).split()[1]
    session = browser.cookies["emotrace_session"]
    person = {NAME, EMAIL, PROJECT, TAG, token, session, secret, f"user-{owner.pk}:", f"user:{owner.pk}"}
    about |= {*person, again["id"], again["upload"], again["analysis"]["id"]}
    assert any(place.startswith("key") for place in traces.of(about, media))
    account_deletion.delete_account(user=owner)
    assert gone(about, media) == set()
    log_in(web, (NAME, PASSWORD), (EMAIL, PASSWORD))  # somebody does not know yet
    assert left(about, media) == {"table axes_accessattempt"}
    AccessAttempt.objects.update(attempt_time=timezone.now() - deletion.LOGIN_RETENTION)
    deletion.delete_expired_login_records()
    assert gone(about, media) == set()
    journal.close()
    # Of what is in logs only ids may remind: they say nothing once their rows are gone.
    named = {NAME, EMAIL, TITLE, FILE, NOTE, PROJECT, TAG, token, session, secret}
    assert traces.of(named, media, logs) == []
    assert [each for each in named if each.lower() in journal.text.lower()] == []
