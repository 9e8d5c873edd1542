"""Every deed leaves one entry, in the same transaction and without personal content; none is ever changed."""

import io
import json
import re
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.core.cache import cache
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from rest_framework.test import APIClient

from tests.webapp import clips, codes, sharing
from tests.webapp.factories import DURATION_S, UserFactory, finished, with_files
from webapp.accounts import services as accounts
from webapp.accounts.models import Token, User
from webapp.analyses import services
from webapp.analyses.models import Analysis, CorrectedTimeline
from webapp.analyses.privacy import account_deletion, data_export
from webapp.audit.models import Action, Entry
from webapp.audit.selectors import entries_about
from webapp.recordings.models import Recording, Share

PASSWORD, OTHER = "a long enough password", "another long password"


@pytest.fixture
def anna(db: None) -> User:
    cache.clear()
    return User.objects.create_user(username="anna", password=PASSWORD, email="anna@example.org")


@pytest.fixture
def browser(anna: User) -> Client:
    client = Client()
    client.force_login(anna)
    return client


@pytest.fixture
def analysis(anna: User) -> Analysis:
    analysis = finished("happy", "sad", recording__owner=anna, recording__title="Ultrasecret")
    with_files(analysis.recording, video=clips.video(DURATION_S))
    return analysis


class Since:
    """What was noted since this was made."""

    def __init__(self) -> None:
        self.last = max(Entry.objects.values_list("pk", flat=True), default=0)

    def found(self) -> list[Entry]:
        return list(Entry.objects.filter(pk__gt=self.last).order_by("pk"))

    def actions(self) -> list[str]:
        return [entry.action for entry in self.found()]

    def only(self) -> Entry:
        (entry,) = self.found()
        return entry


def sign_in(password: str = PASSWORD, username: str = "anna") -> Any:
    return Client().post("/login/", {"username": username, "password": password})


class TestComingIn:
    def test_by_password(self, anna: User) -> None:
        since = Since()
        sign_in()
        entry = since.only()
        assert (entry.action, entry.actor_id, entry.owner_id) == (Action.SIGNED_IN, anna.pk, anna.pk)
        assert re.fullmatch("[0-9a-f]{32}", entry.request_id)

    @pytest.mark.parametrize("username", ["anna", "what is this, my password?"])
    def test_not(self, anna: User, username: str) -> None:
        since = Since()
        sign_in("wrong", username)
        entry = since.only()
        whose = anna.pk if username == "anna" else None
        assert (entry.action, entry.actor_id, entry.owner_id) == (Action.SIGN_IN_FAILED, None, whose)

    def test_too_often(self, anna: User, settings: Any) -> None:
        since = Since()
        for _ in range(settings.AXES_FAILURE_LIMIT + 2):
            sign_in("wrong")
        assert since.actions().count(Action.LOCKED_OUT) == 1
        assert since.actions().count(Action.SIGN_IN_FAILED) == settings.AXES_FAILURE_LIMIT + 2

    def test_with_a_wrong_code(self, anna: User) -> None:
        codes.switch_on(anna)
        since, client = Since(), Client()
        client.post("/login/", {"username": "anna", "password": PASSWORD})
        client.post("/login/code/", {"code": "000000"})
        assert (since.only().action, since.only().owner_id) == (Action.SIGN_IN_FAILED, anna.pk)


class TestAccount:
    def test_its_beginning_and_its_password(self, db: None) -> None:
        since = Since()
        accounts.create_account(username="berta")
        berta = User.objects.get(username="berta")
        call_command("quota", "berta", "--minutes", "5")
        berta.set_password(PASSWORD)
        berta.save()
        berta.save()
        assert since.actions() == [Action.ACCOUNT_MADE, Action.QUOTA_CHANGED, Action.PASSWORD_CHANGED]
        assert {(entry.actor_id, entry.owner_id) for entry in since.found()} == {(None, berta.pk)}

    def test_a_password_changed_in_the_browser_was_changed_by_its_person(self, browser: Client, anna: User) -> None:
        since = Since()
        sent = {"old_password": PASSWORD, "new_password1": OTHER, "new_password2": OTHER}
        assert browser.post("/password/", sent).status_code == 302
        assert (since.only().action, since.only().actor_id) == (Action.PASSWORD_CHANGED, anna.pk)

    def test_the_second_factor(self, anna: User) -> None:
        since = Since()
        TOTP.activate(anna, "JBSWY3DPEHPK3PXP")
        call_command("reset_mfa", "anna")
        assert since.actions() == [Action.SECOND_FACTOR_ON, Action.SECOND_FACTOR_OFF]
        assert {entry.owner_id for entry in since.found()} == {anna.pk}

    def test_tokens(self, anna: User) -> None:
        since = Since()
        made, _ = accounts.create_token(user=anna, name="notebook")
        pk = str(made.pk)
        accounts.revoke_token(user=UserFactory.create(), pk=made.pk)
        accounts.revoke_token(user=anna, pk=made.pk)
        about = [(entry.action, entry.object_id) for entry in since.found() if entry.owner_id == anna.pk]
        assert about == [(Action.TOKEN_MADE, pk), (Action.TOKEN_REVOKED, pk)]

    def test_its_end_leaves_a_number_and_nothing_else(self, browser: Client, anna: User, analysis: Analysis) -> None:
        browser.get("/account/export/")
        account_deletion.delete_account(user=anna)
        kept = list(Entry.objects.values())
        assert [entry["action"] for entry in kept][-2:] == [Action.RECORDING_ERASED, Action.ACCOUNT_ERASED]
        assert Action.DATA_EXPORTED in {entry["action"] for entry in kept}
        for content in ("anna", "Ultrasecret", "example.org", "127.0.0.1"):
            assert content not in str(kept)


def test_files_that_are_fetched(browser: Client, anna: User, analysis: Analysis) -> None:
    for path, action in {
        f"/recordings/{analysis.recording_id}/video/": Action.ORIGINAL_FETCHED,
        f"/api/v1/analyses/{analysis.pk}/video/": Action.VIDEO_FETCHED,
        f"/api/v1/analyses/{analysis.pk}/export/csv/": Action.FILE_EXPORTED,
    }.items():
        since = Since()
        for start in (0, 10):  # a player asks for one part after the other
            assert browser.get(path, headers={"Range": f"bytes={start}-{start + 9}"}).status_code in (200, 206)
        entry = since.only()
        assert (entry.action, entry.actor_id, entry.owner_id) == (action, anna.pk, anna.pk)
    since = Since()
    browser.get("/api/v1/exports/?formats=csv")
    assert (since.only().action, since.only().object_id) == (Action.FILE_EXPORTED, str(analysis.pk))


def test_what_is_refused_is_not_noted_as_done(anna: User, analysis: Analysis) -> None:
    viewer = UserFactory.create()
    sharing.with_person(analysis.recording, viewer)
    client = APIClient()
    client.force_authenticate(viewer)
    since = Since()
    assert client.get(f"/api/v1/analyses/{analysis.pk}/export/csv/").status_code == 403
    assert since.actions() == [Action.SHARE_OPENED]


def test_sharing(anna: User, analysis: Analysis) -> None:
    viewer, since = UserFactory.create(), Since()
    share = sharing.with_person(analysis.recording, viewer)
    link, secret = sharing.by_link(analysis.recording)
    client = Client()
    client.force_login(viewer)
    for _ in range(2):
        client.get(f"/analyses/{analysis.pk}/")
    Client().get(f"/link/{secret}/analyses/{analysis.pk}/video/")
    shares = [(entry.object_id, entry.actor_id, entry.link_id) for entry in since.found() if entry.kind == "share"]
    assert shares == [
        (str(share.pk), anna.pk, None),
        (str(link.pk), anna.pk, None),
        (str(share.pk), viewer.pk, None),
        (str(link.pk), None, link.pk),
    ]
    last = since.found()[-1]
    assert (last.action, last.actor_id, last.link_id) == (Action.VIDEO_FETCHED, None, link.pk)
    owner = Client()
    owner.force_login(anna)
    owner.post(f"/shares/{share.pk}/revoke/")
    assert (since.actions()[-1], since.found()[-1].object_id) == (Action.SHARE_REVOKED, str(share.pk))


DEEDS: dict[str, tuple[Callable[[User, Analysis], object], Action]] = {
    "correct": (
        lambda anna, analysis: services.remove_corrections(analysis=analysis, by=anna, revision=0),
        Action.CORRECTED,
    ),
    "erase": (lambda anna, analysis: services.erase(recording=analysis.recording, by=anna), Action.RECORDING_ERASED),
    "token": (lambda anna, analysis: accounts.create_token(user=anna, name="notebook"), Action.TOKEN_MADE),
    "link": (lambda anna, analysis: sharing.by_link(analysis.recording), Action.SHARED),
}


@pytest.mark.parametrize("name", DEEDS)
def test_deed_and_entry_are_one(anna: User, analysis: Analysis, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    do, action = DEEDS[name]
    since = Since()
    with transaction.atomic():
        do(anna, analysis)
        assert (since.only().action, since.only().actor_id) == (action, anna.pk)
        transaction.set_rollback(True)
    assert since.found() == []

    def fail(*_: Any, **__: Any) -> None:
        raise DatabaseError("no room")

    for way in ("create", "bulk_create"):
        monkeypatch.setattr(Entry.objects, way, fail)
    with pytest.raises(DatabaseError):
        do(anna, Analysis.objects.get())
    assert Recording.objects.exists()
    assert not Token.objects.exists() and not Share.objects.exists()
    assert not CorrectedTimeline.objects.exists()


@pytest.mark.parametrize(
    "change",
    ["UPDATE audit_entry SET actor_id = 0", "DELETE FROM audit_entry", "TRUNCATE audit_entry"],
)
def test_the_database_refuses_changes_even_to_its_owner(anna: User, change: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_no_truncate")  # off for these tests alone
        with pytest.raises(DatabaseError, match="only added to"), transaction.atomic():
            cursor.execute(change)
    assert Entry.objects.filter(owner_id=anna.pk).exists()


class TestReading:
    def test_the_page_has_ones_own_and_what_was_done_to_it(self, browser: Client, analysis: Analysis) -> None:
        other = UserFactory.create()
        accounts.create_token(user=other, name="theirs")
        sign_in("wrong")
        browser.get(f"/api/v1/analyses/{analysis.pk}/export/csv/")
        page = browser.get("/account/activity/").content.decode()
        for words in ("Failed to sign in", "Timeline downloaded", "Ultrasecret", "You"):
            assert words in page
        assert "API token made" not in page
        services.erase(recording=analysis.recording)
        page = browser.get("/account/activity/").content.decode()
        assert "Ultrasecret" not in page and "no longer there" in page

    def test_it_has_pages(self, browser: Client, anna: User) -> None:
        Entry.objects.bulk_create([Entry(action=Action.SIGNED_IN, owner_id=anna.pk) for _ in range(60)])
        assert "Page 2 of 2" in browser.get("/account/activity/?page=2").content.decode()

    def test_an_action_of_a_later_release_is_shown_as_it_is(self, browser: Client, anna: User) -> None:
        Entry.objects.create(action="teleported", owner_id=anna.pk)
        assert "teleported" in browser.get("/account/activity/").content.decode()

    def test_it_is_in_the_export(self, anna: User) -> None:
        accounts.create_token(user=anna, name="notebook")
        with zipfile.ZipFile(io.BytesIO(b"".join(data_export.personal_data_archive(anna)))) as file:
            activity = json.loads(file.read("account.json"))["activity"]
        assert [each["action"] for each in activity] == ["data_exported", "token_made", "account_made"]
        assert len(activity) == entries_about(anna.pk).count()

    def test_administrators_have_a_command(self, anna: User) -> None:
        token, _ = accounts.create_token(user=anna, name="notebook")
        UserFactory.create()
        out = io.StringIO()
        call_command("audit", "anna", stdout=out)
        assert [line.split()[2] for line in out.getvalue().splitlines()] == ["account_made", "token_made"]
        assert f"by {anna.pk}  of {anna.pk}  token {token.pk}" in out.getvalue()
        out = io.StringIO()
        call_command("audit", "--action", "account_made", "--latest", "1", stdout=out)
        assert len(out.getvalue().splitlines()) == 1
