"""Getting in: a token for name and password, its use, its end."""

import hashlib
import re
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.management.commands import changepassword
from django.core import mail
from django.core.cache import cache
from django.core.management import call_command
from django.db.models import F
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from tests.webapp import codes
from webapp.accounts import selectors, services
from webapp.accounts.models import Token, User
from webapp.audit.models import Action, Entry

URL = "/api/v1/auth/token/"
PASSWORD = "a long enough password"


@pytest.fixture
def person(db: None) -> User:
    cache.clear()
    return User.objects.create_user(username="anna", password=PASSWORD)


def log_in(password: str = PASSWORD, username: str = "anna", sender: str = "127.0.0.1") -> Any:
    return APIClient().post(URL, {"username": username, "password": password}, format="json", REMOTE_ADDR=sender)


def ask_with(header: str) -> Any:
    return APIClient().get("/api/v1/recordings/", headers={"Authorization": header})


def test_a_token_opens_the_api(person: User) -> None:
    answer = log_in()
    assert answer.status_code == 200
    assert answer.json()["scopes"] == ["read", "write", "account"]
    assert ask_with(f"Token {answer.json()['token']}").status_code == 200


def test_a_token_is_kept_as_a_digest_alone(person: User) -> None:
    secret = log_in().json()["token"]
    row = Token.objects.values().get()
    assert row["digest"] == hashlib.sha256(secret.encode()).hexdigest()
    assert secret not in str(row)


@pytest.mark.parametrize("credentials", [{"password": "wrong"}, {"username": "nobody"}])
def test_wrong_credentials_get_no_token(person: User, credentials: dict[str, str]) -> None:
    answer = log_in(**credentials)
    assert (answer.status_code, answer.json()["code"]) == (401, "wrong_credentials")
    assert answer["WWW-Authenticate"] == "Token"
    assert not Token.objects.exists()


def test_a_temporary_password_gets_no_token(person: User) -> None:
    User.objects.update(password_is_temporary=True)
    answer = log_in()
    assert (answer.status_code, answer.json()["code"]) == (403, "temporary_password")
    assert not Token.objects.exists()


def test_missing_credentials_are_named(person: User) -> None:
    answer = APIClient().post(URL, {}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert set(answer.json()["errors"]) == {"username", "password"}


def test_guessing_passwords_is_stopped(person: User, settings: Any) -> None:
    for _ in range(settings.AXES_FAILURE_LIMIT):
        answer = log_in("a guess")
    answer = log_in()
    assert (answer.status_code, answer.json()["code"]) == (429, "throttled")
    assert int(answer["Retry-After"]) > 60
    assert answer["Content-Type"] == "application/problem+json"


def guesses(sender: str, count: int) -> int:
    """How many wrong passwords were looked at, of `count` from addresses of the form `sender`."""
    answers = [log_in("a guess", sender=sender.format(number)) for number in range(1, count + 1)]
    return [answer.json()["code"] for answer in answers].count("wrong_credentials")


def test_guessing_from_many_addresses_is_stopped(person: User, settings: Any) -> None:
    assert guesses("192.0.2.{}", 40) == settings.ACCOUNT_FAILURE_LIMIT - 1
    answer = log_in(sender="198.51.100.1")
    assert (answer.status_code, answer.json()["code"]) == (429, "throttled")
    assert User.objects.create_user("berta", password=PASSWORD)
    assert log_in(username="berta", sender="192.0.2.1").status_code == 200


def test_the_addresses_of_one_ipv6_network_are_one(person: User, settings: Any) -> None:
    assert guesses("2001:db8:0:1::{:x}", 15) == settings.AXES_FAILURE_LIMIT - 1
    assert log_in(sender="2001:db8:0:1:ffff::1").status_code == 429
    assert log_in(sender="2001:db8:0:2::1").status_code == 200


def test_guessing_does_not_lock_out_where_one_has_logged_in_before(person: User, client: Any) -> None:
    home = "2001:db8:0:7::{}"
    signed_in = client.post("/login/", {"username": "anna", "password": PASSWORD}, REMOTE_ADDR=home.format(1))
    assert signed_in.status_code == 302
    guesses("192.0.2.{}", 40)
    assert log_in(sender="192.0.2.99").status_code == 429
    assert log_in(sender=home.format(2)).status_code == 200
    guesses(home, 10)
    assert log_in(sender=home.format(2)).status_code == 429, "guessing from there is not free"


def test_logging_in_does_not_give_others_more_guesses(person: User, client: Any) -> None:
    for guessed in (0, 40):
        guesses("192.0.2.{}", guessed)
        answer = client.post("/login/", {"username": "anna", "password": PASSWORD}, REMOTE_ADDR="198.51.100.1")
        assert answer.status_code == 302
        client.logout()
    assert guesses("203.0.113.{}", 10) == 0


def test_guessing_on_does_not_make_the_lock_longer(person: User) -> None:
    guesses("192.0.2.{}", 40)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=14))
    assert guesses("192.0.2.{}", 3) == 0
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(minutes=2))
    assert log_in(sender="198.51.100.1").status_code == 200


@pytest.mark.parametrize("header", ["Token", "Token ", "Token nonsense", "token x y z"])
def test_a_token_that_is_none_is_refused(person: User, header: str) -> None:
    answer = ask_with(header)
    assert (answer.status_code, answer.json()["code"]) == (401, "authentication_failed")


def test_another_scheme_is_nobody(person: User) -> None:
    assert ask_with("Bearer abc").json()["code"] == "not_authenticated"


def test_a_revoked_token_is_refused(person: User) -> None:
    token, secret = services.create_token(user=person, name="notebook")
    services.revoke_token(user=person, pk=token.pk)
    assert ask_with(f"Token {secret}").status_code == 401


def test_nobody_revokes_anothers_token(person: User, stranger: User) -> None:
    token, secret = services.create_token(user=person, name="notebook")
    services.revoke_token(user=stranger, pk=token.pk)
    assert ask_with(f"Token {secret}").status_code == 200


def test_the_token_of_a_person_who_may_not_log_in_is_refused(person: User) -> None:
    _, secret = services.create_token(user=person, name="notebook")
    User.objects.update(is_active=False)
    assert ask_with(f"Token {secret}").status_code == 401


def test_the_last_use_is_noted_now_and_then(person: User) -> None:
    token, secret = services.create_token(user=person, name="notebook")
    ask_with(f"Token {secret}")
    token.refresh_from_db()
    first = token.last_used_at
    assert first is not None
    ask_with(f"Token {secret}")
    token.refresh_from_db()
    assert token.last_used_at == first
    long_ago = timezone.now() - timedelta(days=1)
    Token.objects.update(last_used_at=long_ago)
    ask_with(f"Token {secret}")
    token.refresh_from_db()
    assert token.last_used_at > long_ago


def works(secret: str) -> bool:
    return bool(ask_with(f"Token {secret}").status_code == 200)


class TestAnotherWayToLogIn:
    """With a new password, or with the second factor switched on or off, what began before ends."""

    NEW = "another long password"

    @pytest.fixture
    def secrets(self, person: User) -> dict[str, str]:
        """Of a token that a program got, and of two made by hand."""
        made = {name: services.create_token(user=person, name=name)[1] for name in ("lost", "notebook")}
        return {"program": log_in().json()["token"], **made}

    @pytest.fixture
    def elsewhere(self, person: User) -> Client:
        client = Client()
        client.post("/login/", {"username": "anna", "password": PASSWORD})
        return client

    @pytest.fixture
    def here(self, person: User, client: Client) -> Client:
        client.post("/login/", {"username": "anna", "password": PASSWORD})
        client.post("/account/again/", {"password": PASSWORD})
        return client

    def keep(self, page: Any, name: str) -> dict[str, list[str]]:
        """What the form on the page sends when a token is ticked there."""
        fields = re.findall(r'name="keep" value="(\d+)"[^>]*>\s*<label[^>]*>(\w+)<', page.content.decode())
        assert sorted(label for _, label in fields) == ["lost", "notebook"]
        return {"keep": [pk for pk, label in fields if label == name]}

    def is_cut_off(self, secrets: dict[str, str], elsewhere: Client, here: Client) -> bool:
        """All but the token that was kept; with an entry for each in the audit log."""
        assert here.get("/account/").status_code == 200
        still = [name for name, secret in secrets.items() if works(secret)]
        revoked = Entry.objects.filter(action=Action.TOKEN_REVOKED, actor_id=F("owner_id")).count()
        return still == ["notebook"] and revoked == 2 and elsewhere.get("/account/").status_code == 302

    def test_a_password(self, secrets: dict[str, str], elsewhere: Client, here: Client) -> None:
        sent = {"old_password": PASSWORD, "new_password1": self.NEW, "new_password2": self.NEW}
        here.post("/password/", sent | self.keep(here.get("/password/"), "notebook"))
        assert self.is_cut_off(secrets, elsewhere, here)

    def test_a_second_factor(self, secrets: dict[str, str], elsewhere: Client, here: Client) -> None:
        page = here.get("/account/second-factor/")
        shared = re.search(r'id="secret">(\w+)<', page.content.decode())
        assert shared
        here.post("/account/second-factor/", {"code": codes.code(shared[1])} | self.keep(page, "notebook"))
        assert selectors.has_second_factor(User.objects.get())
        assert self.is_cut_off(secrets, elsewhere, here)

    def test_none_any_more(self, person: User, secrets: dict[str, str], elsewhere: Client, here: Client) -> None:
        codes.switch_on(person)
        here.post("/account/second-factor/off/", self.keep(here.get("/account/second-factor/off/"), "notebook"))
        assert not selectors.has_second_factor(person)
        assert self.is_cut_off(secrets, elsewhere, here)

    def test_nothing_is_kept_that_nobody_ticked(self, secrets: dict[str, str], here: Client) -> None:
        here.post("/password/", {"old_password": PASSWORD, "new_password1": self.NEW, "new_password2": self.NEW})
        assert not Token.objects.exists()

    def test_a_token_of_somebody_else_cannot_be_ticked(self, secrets: dict[str, str], here: Client) -> None:
        token, secret = services.create_token(user=User.objects.create_user("berta"), name="hers")
        sent = {"old_password": PASSWORD, "new_password1": self.NEW, "new_password2": self.NEW, "keep": [token.pk]}
        assert here.post("/password/", sent).status_code == 200
        assert works(secrets["program"])
        assert works(secret)

    @pytest.mark.parametrize("way", ["changepassword", "reset_mfa"])
    def test_an_administrator(
        self, person: User, secrets: dict[str, str], elsewhere: Client, way: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        codes.switch_on(person)
        monkeypatch.setattr(changepassword.Command, "_get_pass", lambda *_: self.NEW)
        call_command(way, "anna")
        assert not Token.objects.exists()
        assert elsewhere.get("/account/").status_code == 302

    def test_a_reset_by_mail_revokes_all(self, person: User, secrets: dict[str, str], settings: Any) -> None:
        settings.SENDS_MAIL = True
        User.objects.update(email="anna@example.org")
        client = Client()
        client.post("/password/reset/", {"email": "anna@example.org"})
        found = re.search(r"http://testserver(/\S+)", str(mail.outbox[-1].body))
        assert found
        client.post(client.get(found[1])["Location"], {"password1": self.NEW, "password2": self.NEW})
        assert not Token.objects.exists()
        assert log_in(self.NEW).status_code == 200

    def test_a_password_that_is_changed_during_a_login(self, person: User, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(services, "check_second_factor", lambda **_: call_command("changepassword", "anna"))
        monkeypatch.setattr(changepassword.Command, "_get_pass", lambda *_: self.NEW)
        assert log_in().json()["code"] == "wrong_credentials"
        assert not Token.objects.exists()

    def test_the_page_says_which_a_program_got(self, secrets: dict[str, str], here: Client) -> None:
        assert here.get("/tokens/").content.decode().count("for name and password") == 1


def test_a_token_that_is_revoked_while_it_is_used_is_refused(person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    _, secret = services.create_token(user=person, name="notebook")
    monkeypatch.setattr(Token, "expired", property(lambda token: not Token.objects.filter(pk=token.pk).delete()))
    assert services.use_token(secret=secret) is None
