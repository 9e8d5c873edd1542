"""The end of an account: locked at once, erased batch by batch, gone on with whatever happens in between."""

import logging
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core import signing
from django.core.cache import cache
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.http import Http404
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from tests.conftest import Start
from tests.integration.processes import eventually
from tests.webapp import clips, sharing
from tests.webapp.factories import AnalysisFactory, an_endpoint, claimed, finished, with_files
from webapp.accounts.models import User
from webapp.accounts.services import create_token
from webapp.analyses import events, services
from webapp.analyses.execution.lease import LeaseLostError
from webapp.analyses.models import Analysis
from webapp.analyses.privacy import account_deletion
from webapp.analyses.privacy.account_deletion import SALT, TOKEN_LIFETIME, Deletion, continue_pending, delete_account
from webapp.audit.models import Action, Entry
from webapp.core.errors import RequestError
from webapp.observability import logs
from webapp.recordings import uploads
from webapp.recordings.models import Recording
from webapp.webhooks import outbox
from webapp.webhooks.models import Delivery

NAME, PASSWORD = "ada", "a long enough password"
RECORDINGS, BATCH = 5, 2


@pytest.fixture
def ada(transactional_db: None) -> Iterator[User]:
    """Somebody with five recordings, each with a file and something read from it."""
    cache.clear()
    user = User.objects.create_user(NAME, password=PASSWORD)
    add_recordings(user, RECORDINGS)
    yield user
    cache.clear()


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_deletion, "ERASE_BATCH_SIZE", BATCH)


@pytest.fixture
def no_time(monkeypatch: pytest.MonkeyPatch, small_batches: None) -> None:
    """A request erases one batch."""
    monkeypatch.setattr(account_deletion, "REQUEST_SECONDS", 0)


def add_recordings(user: User, count: int) -> None:
    for _ in range(count):
        with_files(finished("happy", "sad", recording__owner=user).recording, video=b"the picture")


def files_of(recordings: Any, media_root: Path) -> list[Path]:
    places = [media_root / "recordings" / str(recording.pk) for recording in recordings]
    return [path for place in places if place.exists() for path in clips.everything_in(place)]


def test_a_small_account_is_gone_when_the_request_is_answered(ada: User, media_root: Path) -> None:
    deletion = delete_account(user=ada)
    assert (deletion.recordings, deletion.remaining()) == (RECORDINGS, None)
    assert not User.objects.exists() and not Recording.objects.exists()
    assert clips.everything_in(media_root) == []


@pytest.mark.usefixtures("no_time")
class TestAtOnce:
    """What holds as soon as the request is answered, while most of the account is still there."""

    def test_nobody_comes_in_any_more(self, ada: User) -> None:
        _, secret = create_token(user=ada, name="notebook")
        browser, program = Client(), APIClient(headers={"Authorization": f"Token {secret}"})
        credentials = {"username": NAME, "password": PASSWORD}
        browser.post("/login/", credentials)
        assert (browser.get("/").status_code, program.get("/api/v1/account/").status_code) == (200, 200)
        assert delete_account(user=ada).remaining() == RECORDINGS - BATCH
        assert browser.get("/")["Location"].startswith("/login/")
        assert program.get("/api/v1/account/").status_code == 401
        assert Client().post("/login/", credentials).status_code == 200
        assert APIClient().post("/api/v1/auth/token/", credentials).status_code == 401
        assert not ada.tokens.exists()

    def test_the_name_stays_taken_until_it_is_over(self, ada: User) -> None:
        delete_account(user=ada)
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.create_user(NAME)
        continue_pending()
        User.objects.create_user(NAME)

    def test_nothing_is_shared_any_more(self, ada: User) -> None:
        neighbour = User.objects.create_user("neighbour")
        theirs = finished("happy", recording__owner=neighbour).recording
        sharing.with_person(theirs, ada)
        analysis = Analysis.objects.filter(recording__owner=ada).earliest("created_at")
        sharing.with_person(analysis.recording, neighbour)
        _, secret = sharing.by_link(analysis.recording)
        browser, link = Client(), f"/link/{secret}/analyses/{analysis.pk}/"
        browser.force_login(neighbour)
        assert (browser.get(f"/analyses/{analysis.pk}/").status_code, Client().get(link).status_code) == (200, 200)
        delete_account(user=ada)
        assert Analysis.objects.filter(pk=analysis.pk).exists()
        assert (browser.get(f"/analyses/{analysis.pk}/").status_code, Client().get(link).status_code) == (404, 404)
        assert not theirs.shares.exists()

    def test_what_runs_is_stopped(self, ada: User) -> None:
        recording = ada.recordings.earliest("created_at")
        running = claimed(AnalysisFactory.create(recording=recording))
        AnalysisFactory.create(recording=recording)
        delete_account(user=ada)
        stopped = recording.analyses.exclude(status="succeeded").values_list("status", flat=True)
        assert list(stopped) == ["cancelled", "cancelled"]
        with pytest.raises(LeaseLostError):
            running.write(progress=0.5)

    def test_nothing_is_added(self, ada: User) -> None:
        uploads.create(owner=ada, length=10, name="a.mp4", metadata="")
        delete_account(user=ada)
        assert not ada.uploads.exists()
        with pytest.raises(Http404):
            uploads.create(owner=ada, length=10, name="a.mp4", metadata="")
        with pytest.raises(Http404):
            services.rerun(recording=ada.recordings.earliest("created_at"))

    def test_ones_own_webhooks_are_sent_nothing(self, ada: User) -> None:
        endpoint, _ = an_endpoint(ada, url="https://nowhere.invalid/hook")
        waiting = outbox.enqueue(endpoint, "webhook.test", {})
        delete_account(user=ada)
        outbox.deliver(waiting.pk)
        assert list(Delivery.objects.values_list("status", "error")) == [("failed", outbox.DISABLED)]

    def test_it_cannot_be_asked_for_twice(self, ada: User) -> None:
        delete_account(user=ada)
        with pytest.raises(Http404):
            delete_account(user=ada)

    def test_an_administrator_who_leaves_counts_no_more(self, ada: User) -> None:
        User.objects.filter(pk=ada.pk).update(is_superuser=True)
        ada.refresh_from_db()
        other = User.objects.create_superuser("other")
        delete_account(user=ada)
        with pytest.raises(RequestError):
            delete_account(user=other)


def test_the_rest_follows_round_by_round(
    ada: User, media_root: Path, no_time: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    neighbour = User.objects.create_user("neighbour")
    add_recordings(neighbour, 2)
    theirs = {path: path.read_bytes() for path in files_of(neighbour.recordings.all(), media_root)}
    deletion = delete_account(user=ada)
    left = [deletion.remaining()]
    while left[-1] is not None:
        continue_pending(seconds=0)
        left.append(deletion.remaining())
        if left[-1] is not None:
            assert len(files_of(ada.recordings.all(), media_root)) == 2 * left[-1]
    assert left == [3, 1, 0, None]
    assert list(User.objects.all()) == [neighbour]
    assert {path: path.read_bytes() for path in clips.everything_in(media_root)} == theirs
    assert Analysis.objects.count() == neighbour.recordings.count() == 2
    erased = Entry.objects.filter(owner_id=ada.pk, actor_id=ada.pk, action=Action.RECORDING_ERASED)
    assert erased.values("object_id").distinct().count() == erased.count() == RECORDINGS
    assert Entry.objects.filter(owner_id=ada.pk).latest("pk").action == Action.ACCOUNT_ERASED


@pytest.mark.parametrize("error", [RuntimeError, SystemExit])
def test_what_breaks_off_inside_a_batch_loses_nothing(
    ada: User, media_root: Path, small_batches: None, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    tell, told = events.emit_deletion, []

    def break_off_once(**which: Any) -> None:
        told.append(which)
        if len(told) == 2:
            raise error
        tell(**which)

    monkeypatch.setattr(events, "emit_deletion", break_off_once)
    try:
        delete_account(user=ada)
    except SystemExit:  # the process is told to end
        assert error is SystemExit
    left = ada.recordings.all()
    assert left.count() == RECORDINGS - BATCH
    assert len(files_of(left, media_root)) == len(clips.everything_in(media_root)) == 2 * len(left)
    assert Entry.objects.filter(action=Action.RECORDING_ERASED).count() == BATCH
    continue_pending()
    assert not User.objects.exists()
    assert clips.everything_in(media_root) == []


def test_one_account_that_cannot_be_erased_holds_up_no_other(
    ada: User, no_time: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = User.objects.create_user("other")
    add_recordings(other, BATCH + 1)
    for user in (ada, other):
        delete_account(user=user)
    erase_all = services.erase_batch

    def fail_for_ada(*, owner_id: int, **which: Any) -> object:
        if owner_id == ada.pk:
            raise OSError
        return erase_all(owner_id=owner_id, **which)

    monkeypatch.setattr(account_deletion, "erase_batch", fail_for_ada)
    continue_pending()
    assert list(User.objects.all()) == [ada]


def test_a_request_and_the_reaper_are_not_in_each_others_way(
    ada: User, no_time: None, caplog: pytest.LogCaptureFixture
) -> None:
    delete_account(user=ada)
    start = threading.Barrier(2)

    def erase_the_rest() -> None:
        start.wait()
        continue_pending()
        connection.close()

    threads = [threading.Thread(target=erase_the_rest) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not User.objects.exists()
    assert Entry.objects.filter(action=Action.RECORDING_ERASED).count() == RECORDINGS
    assert Entry.objects.filter(action=Action.ACCOUNT_ERASED).count() == 1
    assert [line.message for line in caplog.records if line.levelno >= logging.WARNING] == []


def test_the_reaper_goes_on(ada: User, no_time: None, process: Start) -> None:
    delete_account(user=ada)
    process("reaper")
    assert eventually(lambda: not User.objects.exists())


def test_the_command_for_one_round_does_all_of_it(ada: User, no_time: None) -> None:
    delete_account(user=ada)
    call_command("reap")
    assert not User.objects.exists()


def test_queries_do_not_grow_with_the_recordings_of_a_batch(transactional_db: None) -> None:
    def queries(count: int) -> tuple[int, int]:
        user = User.objects.create_user(f"with-{count}")
        endpoint, _ = an_endpoint(user)
        add_recordings(user, 2 * count)
        some = [*user.recordings.values_list("pk", flat=True)][:count]
        with CaptureQueriesContext(connection) as of_some:
            services.erase_batch(owner_id=user.pk, pks=some, by=user)
        assert endpoint.deliveries.filter(event="recording.deleted").count() == count
        with CaptureQueriesContext(connection) as of_account:
            delete_account(user=user)
        return len(of_some), len(of_account)

    assert queries(1) == queries(8)


def test_messages_about_a_recording_are_found_by_an_index(ada: User) -> None:
    endpoint, _ = an_endpoint(ada)
    about = [{"data": {"recording": str(uuid.uuid4())}} for _ in range(500)]
    now = timezone.now()
    Delivery.objects.bulk_create(
        Delivery(endpoint=endpoint, event="e", payload=payload, next_attempt_at=now, dispatched_at=now)
        for payload in about
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE webhooks_delivery")
    with CaptureQueriesContext(connection) as done:
        services.erase(recording=ada.recordings.earliest("created_at"))
    deleting = next(each["sql"] for each in done if each["sql"].startswith('DELETE FROM "webhooks_delivery"'))
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {deleting}")
        assert "delivery_recording" in "\n".join(row[0] for row in cursor.fetchall())


class TestProgress:
    """The page that needs no login."""

    def test_it_shows_how_far_it_is(self, ada: User, no_time: None) -> None:
        browser = Client()
        browser.force_login(ada)
        answer = browser.post("/account/delete/", {"username": NAME, "password": PASSWORD})
        page = Client().get(answer["Location"])
        assert "2 of 5 recordings are deleted" in page.content.decode()
        assert 'hx-trigger="every 2s"' in page.content.decode()
        assert NAME not in page.content.decode()
        assert page["Referrer-Policy"] == "no-referrer"
        continue_pending()
        page = Client().get(answer["Location"])
        assert "Your account is deleted" in page.content.decode()
        assert "hx-trigger" not in page.content.decode()

    def test_it_is_found_by_nobody_else(self, ada: User, no_time: None, monkeypatch: pytest.MonkeyPatch) -> None:
        token = delete_account(user=ada).token()
        forged = Deletion(ada.pk, 5).token()[:-1] + "x"
        for wrong in (forged, "unknown", f"{ada.pk}:5"):
            assert Client().get(f"/account/deleted/{wrong}/").status_code == 404
        later = timezone.now().timestamp() + TOKEN_LIFETIME.total_seconds() + 1
        monkeypatch.setattr("django.core.signing.time.time", lambda: later)
        assert Client().get(f"/account/deleted/{token}/").status_code == 404

    def test_a_signature_for_something_else_is_none(self, ada: User) -> None:
        token = signing.dumps([ada.pk, 5], salt=f"{SALT} of another kind")
        assert Client().get(f"/account/deleted/{token}/").status_code == 404

    def test_its_address_is_in_no_log(self) -> None:
        line = "GET /account/deleted/WzE:x:y/ 200"
        record = logging.LogRecord("django.server", logging.INFO, "", 0, line, (), None)
        assert logs.RedactSecretsFilter().filter(record)
        assert record.getMessage() == "GET /account/deleted/.../ 200"


class TestOverRest:
    @pytest.fixture
    def program(self, ada: User) -> APIClient:
        _, secret = create_token(user=ada, name="notebook", scopes=["account"])
        return APIClient(headers={"Authorization": f"Token {secret}"})

    def test_a_small_account_is_gone(self, program: APIClient) -> None:
        answer = program.post("/api/v1/account/delete/", {"username": NAME, "password": PASSWORD})
        assert (answer.status_code, answer.content) == (204, b"")
        assert not User.objects.exists()

    def test_of_a_large_one_it_says_what_is_left(self, program: APIClient, no_time: None, settings: Any) -> None:
        settings.PUBLIC_URL = "https://emotrace.example.org"
        answer = program.post("/api/v1/account/delete/", {"username": NAME, "password": PASSWORD})
        assert answer.status_code == 202
        page = answer.json()["page"]
        assert answer.json() == {"recordings": 5, "recordings_left": 3, "page": page}
        assert page.startswith("https://emotrace.example.org/account/deleted/")
        assert "2 of 5" in Client().get(page.removeprefix("https://emotrace.example.org")).content.decode()
        assert program.get("/api/v1/account/").status_code == 401

    @pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"username": "other"}])
    def test_it_takes_ones_own_name_and_password(self, program: APIClient, wrong: dict[str, str]) -> None:
        User.objects.create_user("other", password=PASSWORD)
        answer = program.post("/api/v1/account/delete/", {"username": NAME, "password": PASSWORD} | wrong)
        assert (answer.status_code, answer.json()["code"]) == (401, "wrong_credentials")
        assert User.objects.filter(is_active=True).count() == 2

    def test_the_last_administrator_stays(self, ada: User, program: APIClient) -> None:
        User.objects.update(is_superuser=True)
        answer = program.post("/api/v1/account/delete/", {"username": NAME, "password": PASSWORD})
        assert (answer.status_code, answer.json()["code"]) == (409, "last_administrator")
        assert User.objects.filter(is_active=True).exists()
