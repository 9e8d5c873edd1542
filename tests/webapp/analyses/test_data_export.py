"""Everything that is kept about one person: taken away as a zip, and erased without a trace."""

import io
import json
import threading
import uuid
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from axes.models import AccessAttempt, AccessLog
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django.http import Http404
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from tests.webapp import clips, codes, sharing, traces, tus
from tests.webapp.factories import (
    AnalysisFactory,
    ComparisonFactory,
    MarkerFactory,
    ParticipantFactory,
    RecordingFactory,
    StimulusFactory,
    VariableFactory,
    claimed,
    finished,
    with_files,
)
from webapp.accounts import deletion
from webapp.accounts.models import User
from webapp.accounts.services import create_token
from webapp.analyses.models import Analysis
from webapp.analyses.privacy import account_deletion, data_export
from webapp.core.errors import RequestError
from webapp.recordings import consent, projects_and_tags, uploads
from webapp.recordings.models import Project, Recording, Share
from webapp.storage import media
from webapp.studies.models import Stimulus, TranscriptLine, VariableValue

NAME, PASSWORD = "rosalind-f", "a long enough password"
EMAIL, NEW_EMAIL = "rosalind@example.org", "r-franklin@example.org"
PROJECT, TAG = "Photograph 51", "larkspur"
FILES = {"video": b"the picture" * 1000, "audio": b"the sound" * 100, "eeg": b"the brain" * 100}


@pytest.fixture
def rosalind(transactional_db: None) -> User:
    """Somebody with everything that a person can have here."""
    cache.clear()
    user = User.objects.create_user(NAME, EMAIL, PASSWORD, first_name="Rosalind")
    EmailAddress.objects.create(user=user, email=EMAIL, primary=True, verified=True)
    EmailAddress.objects.create(user=user, email=NEW_EMAIL)  # asked for and not confirmed yet
    create_token(user=user, name="notebook of rosalind-f")
    read = finished("happy", "sad", recording__owner=user, recording__title="Köln: first/second")
    with_files(read.recording, **FILES)
    project = projects_and_tags.create_project(owner=user, name=PROJECT, description=f"What {NAME} saw")
    projects_and_tags.update_recording(recording=read.recording, project=project, tags=[TAG])
    AnalysisFactory.create(recording=read.recording)
    a_study(project, read.recording)
    api = APIClient()
    api.force_authenticate(user)
    tus.whole(api, b"a finished upload")
    tus.begin(api, 1000)
    for name, password in ((NAME, "wrong"), (EMAIL, "wrong"), (NEW_EMAIL.upper(), "wrong"), (NAME, PASSWORD)):
        Client().post("/login/", {"username": name, "password": password})
    codes.switch_on(user)
    Client().post("/login/", {"username": NAME, "password": PASSWORD})  # waits for the code
    return user


def a_study(project: Project, recording: Recording) -> None:
    """With a word of hers, or an id, in every table."""
    participant = ParticipantFactory.create(project=project, code=f"{NAME} herself")
    values = {"variable": VariableFactory.create(project=project, name=f"mood of {NAME}"), "text": f"{NAME} is calm"}
    VariableValue.objects.create(participant=participant, **values)
    values["variable"] = VariableFactory.create(project=project, name="session", unit_of="recording")
    VariableValue.objects.create(recording=recording, **values)
    projects_and_tags.update_recording(recording=recording, participant=participant)
    stimulus = StimulusFactory.create(project=project, name=f"{PROJECT} itself", original_name="fifty-one.mp4")
    with media.scratch_dir() as place:
        (place / "fifty-one.mp4").write_bytes(b"the diffraction" * 100)
        key = media.save(place / "fifty-one.mp4", stimulus.pk, ".mp4")
    Stimulus.objects.update(medium="video", file=key, bytes=1500)
    MarkerFactory.create(recording=recording, name=f"{NAME} laughs", kind="stimulus", stimulus=stimulus)
    TranscriptLine.objects.create(recording=recording, start_s=0, end_s=1, text=f"I am {NAME}", speaker="Rosalind")
    ComparisonFactory.create(
        project=project, name=f"of {NAME}", recording_ids=[recording.pk], result={"points": [NAME]}
    )


@pytest.fixture
def neighbour(rosalind: User) -> User:
    """Somebody else with the same, of which nothing may be missing afterwards."""
    user = User.objects.create_user("neighbour", password=PASSWORD)
    read = finished("happy", recording__owner=user)
    with_files(read.recording, video=b"another picture")
    Client().post("/login/", {"username": "neighbour", "password": PASSWORD})
    sharing.with_person(read.recording, rosalind)
    theirs = rosalind.recordings.get()
    sharing.with_person(theirs, user, note="for the neighbour")
    sharing.by_link(theirs, note="for a journal")
    sharing.by_link(read.recording)
    return user


def unpacked(user: User) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(b"".join(data_export.personal_data_archive(user)))) as file:
        assert file.testzip() is None
        return {name: file.read(name) for name in file.namelist()}


def test_the_zip_holds_everything(rosalind: User, neighbour: User) -> None:
    held = unpacked(rosalind)
    account = json.loads(held["account.json"])
    assert (account["username"], account["email"], account["first_name"]) == (NAME, EMAIL, "Rosalind")
    assert account["second_factor"] is True
    assert [token["name"] for token in account["tokens"]] == ["notebook of rosalind-f"]
    assert len(account["uploads"]) == 2
    assert [(share["with"], share["note"]) for share in account["shares"]] == [
        (None, "for a journal"),
        ("neighbour", "for the neighbour"),
    ]
    assert {share["consent_text"] for share in account["shares"]} == {consent.SHARING_TEXT}
    assert account["shared_with_me"] == [{"title": "An interview", "owner": "neighbour"}]
    assert account["logins"][0]["ip_address"] == "127.0.0.1"
    place = "recordings/001-Köln- first-second"
    recording = json.loads(held[f"{place}/recording.json"])
    assert recording["title"] == "Köln: first/second"
    assert recording["consent"]["consent_version"] == consent.VERSION
    assert recording["consent"]["consent_text"] == consent.TEXT
    assert recording["consent"]["consent_at"]
    assert [analysis["status"] for analysis in recording["analyses"]] == ["succeeded", "queued"]
    originals = {name.split("/")[-2]: held[name] for name in held if "/originals/" in name}
    assert originals == FILES
    read = rosalind.recordings.get().analyses.get(timeline_at__isnull=False)
    result = json.loads(held[f"{place}/analyses/{read.pk}/result.json"])
    assert [segment["label"] for segment in result["segments"]] == ["happy", "sad"]
    assert held[f"{place}/analyses/{read.pk}/video.mp4"] == read.artifacts.get().file.read()
    assert (recording["participant"], recording["values"]) == (f"{NAME} herself", {"session": f"{NAME} is calm"})
    assert [marker["name"] for marker in recording["markers"]] == [f"{NAME} laughs"]
    assert [line["text"] for line in recording["transcript"]] == [f"I am {NAME}"]
    study = json.loads(held[f"projects/001-{PROJECT}/study.json"])
    assert study["participants"] == [{"code": f"{NAME} herself", "values": {f"mood of {NAME}": f"{NAME} is calm"}}]
    assert [variable["name"] for variable in study["variables"]] == [f"mood of {NAME}", "session"]
    assert [stimulus["name"] for stimulus in study["stimuli"]] == [f"{PROJECT} itself"]
    assert [comparison["result"] for comparison in study["comparisons"]] == [{"points": [NAME]}]
    assert b"the diffraction" * 100 in held.values()
    assert b"a finished upload" in held.values()
    assert b"another picture" not in held.values()


def test_no_secret_is_in_the_zip(rosalind: User, neighbour: User) -> None:
    everything = b"".join(unpacked(rosalind).values()).decode(errors="replace")
    assert rosalind.password not in everything
    assert rosalind.tokens.get().digest not in everything
    assert not any(str(share.digest) in everything for share in rosalind.shares.exclude(digest=None))
    assert not any(code in everything for code in codes.recovery_codes(rosalind))


def test_the_zip_is_never_whole_in_memory(rosalind: User) -> None:
    recording = RecordingFactory.create(owner=rosalind)
    with_files(recording, video=bytes(20 * 2**20))
    assert max(len(piece) for piece in data_export.personal_data_archive(rosalind)) < 2**20


def test_what_is_erased_or_lost_meanwhile_is_left_out(rosalind: User) -> None:
    RecordingFactory.create(owner=rosalind, title="later")
    pieces = data_export.personal_data_archive(rosalind)
    begun = next(pieces)
    rosalind.recordings.filter(title="later").delete()
    media.delete(rosalind.recordings.get().files.get(kind="eeg").key)
    with zipfile.ZipFile(io.BytesIO(begun + b"".join(pieces))) as file:
        assert not any("later" in name or "/eeg/" in name for name in file.namelist())


def test_an_empty_account_has_a_zip_too(db: None) -> None:
    assert list(unpacked(User.objects.create_user("nobody-yet"))) == ["account.json"]


def test_nothing_of_the_person_remains(rosalind: User, neighbour: User, media_root: Path) -> None:
    uuids = {str(pk) for model in apps.get_models() for pk in _uuids_of(model, rosalind)}
    words = {
        NAME,
        EMAIL,
        NEW_EMAIL,
        "Rosalind",
        "Köln",
        PROJECT,
        TAG,
        f"user-{rosalind.pk}:",
        f"user={rosalind.pk}&",
        f"user:{rosalind.pk}",
    }
    marks = words | uuids
    before = traces.of(marks, media_root)
    assert {place.partition(" ")[0] for place in before} == {"table", "file", "key"}
    assert len(before) > 15
    theirs = {path: path.read_bytes() for path in _files_of(neighbour, media_root)}
    account_deletion.delete_account(user=User.objects.get(pk=rosalind.pk))
    # A message for a worker is no use any more: it takes it from the queue and finds nothing.
    # The audit log goes on knowing that there was something with this id, which leads nowhere any more.
    left = {"key inference", "key render"}
    assert {*traces.of(marks, media_root)} <= left | {"table audit_entry"}
    assert {*traces.of(words, media_root)} <= left
    for table, column in _columns_that_name_people():
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT count(*) FROM "{table}" WHERE "{column}" = %s', [rosalind.pk])  # noqa: S608
            assert cursor.fetchone() == (0,), table
    assert all(_person_of(session) == str(neighbour.pk) for session in Session.objects.all())
    assert {path: path.read_bytes() for path in clips.everything_in(media_root)} == theirs
    assert not AccessAttempt.objects.exists()
    assert AccessLog.objects.get().username == "neighbour"
    assert neighbour.recordings.get().analyses.get().segments.exists()
    assert Share.objects.get().digest is not None  # the neighbour's own link


def test_who_tries_to_log_in_with_an_erased_name_is_forgotten_after_90_days(rosalind: User, media_root: Path) -> None:
    account_deletion.delete_account(user=User.objects.get(pk=rosalind.pk))
    for name in (NAME, EMAIL):
        Client().post("/login/", {"username": name, "password": PASSWORD})
    words, queues = {NAME, EMAIL}, {"key inference", "key render"}
    assert {*traces.of(words, media_root)} - queues == {"table axes_accessattempt"}
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(days=89))
    deletion.delete_expired_login_records()
    assert AccessAttempt.objects.count() == 2
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(days=90))
    deletion.delete_expired_login_records()
    assert {*traces.of(words, media_root)} <= queues


def test_old_logins_and_expired_sessions_are_forgotten(rosalind: User) -> None:
    AccessLog.objects.update(attempt_time=timezone.now() - deletion.LOGIN_RETENTION)
    lately = AccessLog.objects.create(username=NAME)
    gone, stays = Session.objects.order_by("pk")[:2]
    Session.objects.filter(pk=gone.pk).update(expire_date=timezone.now())
    deletion.delete_expired_login_records()
    assert AccessLog.objects.get() == lately
    assert stays in Session.objects.all()
    assert gone not in Session.objects.all()


def _uuids_of(model: Any, user: User) -> list[uuid.UUID]:
    paths = {
        **dict.fromkeys(("Recording", "Upload"), "owner"),
        **dict.fromkeys(("Analysis", "Marker"), "recording__owner"),
        **dict.fromkeys(("Participant", "Variable", "Stimulus", "Comparison"), "project__owner"),
    }
    path = paths.get(model.__name__)
    return list(model.objects.filter(**{path: user}).values_list("pk", flat=True)) if path else []


def _files_of(user: User, media_root: Path) -> list[Path]:
    return [
        path for each in user.recordings.all() for path in clips.everything_in(media_root / "recordings" / str(each.pk))
    ]


def _columns_that_name_people() -> list[tuple[str, str]]:
    fields = [field for model in apps.get_models(include_auto_created=True) for field in model._meta.local_fields]
    named = [(field.model._meta.db_table, str(field.column)) for field in fields if field.related_model is User]
    assert len(named) >= 6
    return named


def _person_of(session: Session) -> object:
    return session.get_decoded().get("_auth_user_id")


def test_a_worker_that_is_reading_finds_nothing_to_write_to(rosalind: User) -> None:
    lease = claimed(Analysis.objects.get(status=Analysis.Status.QUEUED))
    account_deletion.delete_account(user=rosalind)
    assert not Analysis.objects.filter(pk=lease.pk).exists()
    assert not User.objects.exists()


@pytest.mark.parametrize("_", range(5))
def test_an_upload_that_begins_at_that_moment_is_refused_or_erased_too(
    transactional_db: None, media_root: Path, _: int
) -> None:
    user = User.objects.create_user(NAME)
    start, failures = threading.Barrier(2), []

    def begin() -> None:
        start.wait()
        try:
            uploads.create(owner=user, length=10, name="a.mp4", metadata="")
        except Http404:
            pass
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=begin)
    thread.start()
    start.wait()
    account_deletion.delete_account(user=user)
    thread.join()
    assert failures == []
    assert traces.of({NAME}, media_root) == []
    assert clips.everything_in(media_root) == []


def test_the_last_administrator_stays(db: None) -> None:
    admin = User.objects.create_superuser("admin")
    User.objects.create_superuser("closed", is_active=False)
    User.objects.create_user("somebody")
    with pytest.raises(RequestError) as refused:
        account_deletion.delete_account(user=admin)
    assert refused.value.code == "last_administrator"
    User.objects.create_superuser("another")
    account_deletion.delete_account(user=admin)
    assert not User.objects.filter(username="admin").exists()


@pytest.mark.parametrize("_", range(5))
def test_of_two_administrators_who_leave_at_once_one_stays(transactional_db: None, _: int) -> None:
    admins = [User.objects.create_superuser(name) for name in ("one", "other")]
    start, refused = threading.Barrier(2), []

    def leave(user: User) -> None:
        start.wait()
        try:
            account_deletion.delete_account(user=user)
        except RequestError as error:
            refused.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=leave, args=(admin,)) for admin in admins]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["last_administrator"]
    assert User.objects.filter(is_superuser=True).count() == 1
