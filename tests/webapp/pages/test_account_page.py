"""The account page, the way out of the account, and what an administrator does at the command line."""

import html
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from tests.webapp import clips, codes
from webapp.accounts.models import UNLIMITED, User
from webapp.accounts.services import set_quota
from webapp.analyses.models import Analysis

PASSWORD = "an-old-password-of-mine"


@pytest.fixture
def person(user: User, owner: Client) -> User:
    cache.clear()
    user.set_password(PASSWORD)
    user.save()
    owner.force_login(user)
    return user


def shown(answer: Any) -> str:
    return " ".join(html.unescape(answer.content.decode()).split())


def said(command: str, *words: str) -> str:
    out = io.StringIO()
    call_command(command, *words, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize("path", ["/account/", "/account/export/", "/account/delete/"])
def test_the_anonymous_are_led_to_the_login(client: Client, db: None, path: str) -> None:
    assert client.get(path)["Location"] == f"/login/?next={path}"


def test_a_name_is_saved(owner: Client, person: User) -> None:
    page = shown(owner.post("/account/", {"first_name": "Rosalind", "last_name": "F."}, follow=True))
    assert "Your name has been saved." in page
    assert 'value="Rosalind"' in page
    answer = owner.post("/account/", {"first_name": "R" * 151, "last_name": ""})
    assert answer.status_code == 422
    assert "at most 150 characters" in shown(answer)


def test_what_one_uses_stands_there(owner: Client, person: User, waiting: Analysis) -> None:
    set_quota(user=person, bytes=UNLIMITED, minutes=UNLIMITED, analyses=UNLIMITED)
    assert "There is no limit for you" in shown(owner.get("/account/"))
    set_quota(user=person, bytes=2 * 10**9, minutes=90, analyses=4)
    page = shown(owner.get("/account/"))
    assert f"{waiting.recording.bytes / 1e6:.1f} MB of 2.00 GB" in page
    assert f"{waiting.recording.duration_s / 60:.1f} of 90" in page
    assert "1 of 4" in page


@pytest.mark.parametrize(("analyses", "is_shown"), [(1, True), (2, False), (UNLIMITED, False)])
def test_who_has_little_left_sees_it_before_sending(
    owner: Client, person: User, waiting: Analysis, analyses: int, is_shown: bool
) -> None:
    set_quota(user=person, analyses=analyses)
    page = shown(owner.get("/recordings/new/"))
    assert (f"1 of {analyses}" in page) is ("nearly used up" in page) is is_shown


def test_the_plain_form_says_that_there_is_no_room(owner: Client, person: User) -> None:
    set_quota(user=person, bytes=1000)
    video = SimpleUploadedFile("interview.mp4", clips.video())
    answer = owner.post("/recordings/new/", {"video": video, "consent": "true"})
    assert answer.status_code == 422
    assert "are left of your 0.0 MB" in shown(answer)


def test_another_analysis_says_that_too_many_are_open(owner: Client, person: User, waiting: Analysis) -> None:
    set_quota(user=person, analyses=1)
    page = shown(owner.post(f"/recordings/{waiting.recording_id}/analyses/", follow=True))
    assert "1 analyses waiting or running at once" in page
    assert waiting.recording.analyses.count() == 1


def test_an_address_is_changed_once_it_is_confirmed(owner: Client, person: User, settings: Any) -> None:
    assert "sends no mail" in shown(owner.get("/account/email/"))
    settings.SENDS_MAIL = True
    again = owner.post("/account/email/", {"email": "new@example.org", "action_add": ""})["Location"]
    assert again.startswith("/account/again/")
    assert mail.outbox == []
    owner.post(again, {"password": PASSWORD, "next": "/account/email/"})
    person.refresh_from_db()
    assert person.email == ""
    assert "is not confirmed yet" in shown(owner.get("/account/email/"))
    place = next(word for word in str(mail.outbox[0].body).split() if word.startswith("http://testserver"))
    owner.post(place)
    person.refresh_from_db()
    assert person.email == "new@example.org"
    assert "new@example.org" in shown(owner.get("/account/"))


def test_a_session_alone_takes_no_new_address_back(owner: Client, person: User, settings: Any) -> None:
    settings.SENDS_MAIL = True
    for address, verified in (("old@example.org", True), ("new@example.org", False)):
        EmailAddress.objects.create(user=person, email=address, verified=verified, primary=verified)
    answer = owner.post("/account/email/", {"email": "new@example.org", "action_remove": ""})
    assert answer["Location"].startswith("/account/again/")
    assert EmailAddress.objects.count() == 2


def test_everything_is_downloaded(owner: Client, person: User, finished: Analysis) -> None:
    answer = owner.get("/account/export/")
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    with zipfile.ZipFile(io.BytesIO(answer.getvalue())) as file:
        assert any(name.endswith("/result.json") for name in file.namelist())


def test_an_account_is_erased_with_name_and_password(
    owner: Client, person: User, finished: Analysis, media_root: Path
) -> None:
    elsewhere = Client()
    elsewhere.post("/login/", {"username": "owner", "password": PASSWORD})
    for sent in ({"username": "somebody", "password": PASSWORD}, {"username": "owner", "password": "wrong"}, {}):
        assert owner.post("/account/delete/", sent).status_code == 422
    answer = owner.post("/account/delete/", {"username": "owner", "password": PASSWORD}, follow=True)
    assert "Your account is deleted" in shown(answer)
    assert not User.objects.exists()
    assert elsewhere.get("/")["Location"].startswith("/login/")


def test_the_last_administrator_is_told_why_not(owner: Client, person: User) -> None:
    User.objects.update(is_superuser=True)
    answer = owner.post("/account/delete/", {"username": "owner", "password": PASSWORD})
    assert "You are the only administrator" in shown(answer)
    assert User.objects.exists()


class TestCommands:
    def test_an_account_is_made_with_a_password_for_the_first_login(self, client: Client, db: None) -> None:
        words = said("create_account", "anna", "--email", "anna@example.org").split()
        anna = User.objects.get()
        assert (anna.email, anna.is_superuser, anna.password_is_temporary) == ("anna@example.org", False, True)
        password = words[words.index("password") + 1]
        client.post("/login/", {"username": "anna", "password": password})
        assert client.get("/")["Location"] == "/password/"
        said("create_account", "head", "--admin")
        assert User.objects.get(username="head").is_superuser

    @pytest.mark.parametrize("words", [("owner",), ("no name",), ("anna", "--email", "nowhere")])
    def test_an_account_that_cannot_be_is_refused(self, person: User, words: tuple[str, ...]) -> None:
        with pytest.raises(CommandError):
            said("create_account", *words)
        assert User.objects.get() == person

    def test_a_quota_is_said_and_changed(self, person: User) -> None:
        assert said("quota", "owner") == "bytes: 100000000000\nminutes: 20000\nanalyses: 1000\n"
        assert "bytes: 50000000000 (their own)" in said("quota", "owner", "--bytes", "50G", "--minutes", "600")
        assert "minutes: 600 (their own)" in said("quota", "owner", "--bytes", "default", "--analyses", "unlimited")
        person.refresh_from_db()
        assert (person.quota_bytes, person.quota_minutes, person.quota_analyses) == (None, 600, -1)

    @pytest.mark.parametrize("amount", ["-1", "many", "", "1.5G", "99999999T", "٣"])
    def test_what_is_no_amount_is_refused(self, person: User, amount: str) -> None:
        with pytest.raises(CommandError):
            said("quota", "owner", f"--bytes={amount}")

    @pytest.mark.parametrize("command", ["quota", "reset_mfa"])
    def test_nobody_of_that_name(self, db: None, command: str) -> None:
        with pytest.raises(CommandError, match="There is no account nobody"):
            said(command, "nobody")

    def test_a_lost_second_factor_is_removed(self, client: Client, person: User) -> None:
        codes.switch_on(person)
        assert "password alone" in said("reset_mfa", "owner")
        assert client.post("/login/", {"username": "owner", "password": PASSWORD})["Location"] == "/"
        with pytest.raises(CommandError, match="has no second factor"):
            said("reset_mfa", "owner")
