"""What recordings are used for: said or not, allowed or refused, and the wording that was agreed to."""

import csv
import io
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from rest_framework.test import APIClient

from tests.webapp import clips, sharing
from tests.webapp.factories import RecordingFactory, finished
from webapp.accounts.models import User
from webapp.recordings import consent, projects_and_tags
from webapp.recordings.models import Project, Purpose, Recording

URL = "/api/v1/recordings/"
# What recordings were sent under. It stays for as long as they may be kept.
WORDINGS = {
    "1": "aa824146",
    "2": "91e994d3",
    "sample-1": "01af1d00",
    "study-1": "6776f7c5",
    "sharing-1": "c43f4e1d",
    "sharing-project-1": "c39b7944",
}

pytestmark = pytest.mark.usefixtures("models")


def send(api: APIClient, key: str = "", **fields: Any) -> Any:
    video = SimpleUploadedFile("interview.mp4", clips.video())
    headers = {"Idempotency-Key": key} if key else {}
    return api.post(URL, {"video": video, "consent": "true", **fields}, format="multipart", headers=headers)


def is_refused(answer: Any, status: int, code: str, media_root: Path) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Recording.objects.exists()
    assert clips.everything_in(media_root) == []


@pytest.fixture
def study(owner: User) -> Project:
    return projects_and_tags.create_project(owner=owner, name="Study", purpose=Purpose.CLINICAL)


@pytest.mark.parametrize(
    ("of_project", "said", "kept"),
    [(False, None, "unstated"), (True, None, "clinical"), (True, "personal", "personal"), (False, "safety", "safety")],
)
def test_what_is_said_counts_and_else_what_the_project_says(
    api: APIClient, study: Project, of_project: bool, said: str | None, kept: str
) -> None:
    fields = ({"project": str(study.pk)} if of_project else {}) | ({"purpose": said} if said else {})
    answer = send(api, **fields)
    assert answer.status_code == 201, answer.json()
    assert answer.json()["purpose"] == kept
    assert [each["purpose"] for each in api.get(URL, {"purpose": kept}).json()["results"]] == [kept]
    assert api.get(URL, {"purpose": "market_research"}).json()["results"] == []


@pytest.mark.parametrize("purpose", ["workplace", "education"])
def test_what_the_law_bans_is_refused_with_its_reason(api: APIClient, media_root: Path, purpose: str) -> None:
    answer = send(api, purpose=purpose)
    is_refused(answer, 422, "purpose_forbidden", media_root)
    assert "Article 5(1)(f)" in answer.json()["detail"]
    refused = api.post("/api/v1/projects/", {"name": "Staff", "purpose": purpose})
    assert refused.json()["code"] == "purpose_forbidden"


def test_an_unknown_purpose_is_none(api: APIClient, media_root: Path) -> None:
    is_refused(send(api, purpose="fun"), 400, "invalid", media_root)


def test_something_else_has_to_be_named(api: APIClient, media_root: Path) -> None:
    is_refused(send(api, purpose="other", purpose_note=" "), 400, "purpose_note_missing", media_root)
    assert send(api, purpose="other", purpose_note="A film").json()["purpose_note"] == "A film"


def test_administrators_forbid_and_allow(api: APIClient, owner: User, media_root: Path) -> None:
    before = RecordingFactory.create(owner=owner, purpose=Purpose.MARKET_RESEARCH)
    said = io.StringIO()
    call_command("purposes", forbid=["market_research", "unstated"], allow=["workplace"], stdout=said)
    assert "forbidden  market_research" in said.getvalue()
    assert "allowed    workplace" in said.getvalue()
    assert api.post(f"{URL}{before.pk}/analyses/").json()["code"] == "purpose_forbidden"
    before.delete()
    is_refused(send(api, purpose="market_research"), 422, "purpose_forbidden", media_root)
    is_refused(send(api), 422, "purpose_forbidden", media_root)
    assert send(api, purpose="workplace").status_code == 201
    with pytest.raises(CommandError):
        call_command("purposes", "--forbid", "fun")


def test_a_key_belongs_to_one_purpose(api: APIClient) -> None:
    first = send(api, "key-1", purpose="research")
    assert send(api, "key-1", purpose="research").json()["id"] == first.json()["id"]
    assert send(api, "key-1", purpose="personal").json()["code"] == "idempotency_key_reused"


def test_no_wording_is_ever_changed() -> None:
    assert {version: sha256(text.encode()).hexdigest()[:8] for version, text in consent.TEXTS.items()} == WORDINGS


def test_what_was_agreed_to_can_be_read_again(api: APIClient, owner: User) -> None:
    agreed = finished("happy", recording__owner=owner, recording__consent_version="1").recording
    assert api.get(f"{URL}{agreed.pk}/").json()["consent_text"] == consent.TEXTS["1"]
    answer: Any = api.get("/api/v1/exports/?formats=csv")
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as file:
        (row,) = csv.DictReader(io.StringIO(file.read("manifest.csv").decode()))
    assert (row["consent_version"], row["consent_text"]) == ("1", consent.TEXTS["1"])
    assert row["purpose"] == "unstated"


def test_who_shares_a_project_agrees_to_its_own_wording(owner: User, stranger: User, study: Project) -> None:
    share = sharing.with_person(study, stranger)
    assert consent.TEXTS[share.consent_version] == consent.SHARING_PROJECT_TEXT


def test_a_release_before_this_one_may_write_meanwhile(owner: User) -> None:
    """It names no purpose: the database does."""
    recording = RecordingFactory.create(owner=owner)
    columns = [field.column for field in Recording._meta.local_fields if not field.name.startswith("purpose")]
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE earlier AS SELECT {names} FROM recordings_recording")  # noqa: S608
        Recording.objects.all().delete()
        cursor.execute(f"INSERT INTO recordings_recording ({names}) SELECT {names} FROM earlier")  # noqa: S608
    assert Recording.objects.get(pk=recording.pk).purpose == "unstated"
