"""Coming in: sign-up, forgotten passwords, the second factor, too many attempts."""

import html
import re
from typing import Any
from unittest.mock import Mock

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.core.cache import cache
from django.core.checks import run_checks
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver, reverse

from tests.webapp import codes
from webapp.accounts.models import User
from webapp.pages.account import allauth_urls

OLD, NEW = "an-old-password-of-mine", "a-new-password-of-mine"
EMAIL = "owner@example.org"
WISH = {"username": "newcomer", "email": "newcomer@example.org", "password1": NEW, "password2": NEW}


@pytest.fixture(autouse=True)
def nobody_is_limited(db: None) -> None:
    cache.clear()


@pytest.fixture
def sends_mail(settings: Any) -> None:
    settings.SENDS_MAIL, settings.ACCOUNT_EMAIL_VERIFICATION = True, "optional"


@pytest.fixture
def person(user: User) -> User:
    user.set_password(OLD)
    user.email = EMAIL
    user.save()
    return user


def shown(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def log_in(password: str = OLD, client: Client | None = None, path: str = "/login/") -> Any:
    return (client or Client()).post(path, {"username": "owner", "password": password})


def link() -> str:
    found = re.search(r"http://testserver(/\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


class TestSignUp:
    def test_it_is_closed_unless_somebody_opens_it(self, client: Client) -> None:
        assert "New accounts are created by an administrator" in shown(client.get("/login/"))
        for answer in (client.get("/signup/"), client.post("/signup/", WISH)):
            assert "manage.py create_account" in shown(answer)
        assert not User.objects.exists()

    def test_open_it_makes_an_account_and_logs_in(self, client: Client, settings: Any) -> None:
        settings.SIGNUP = True
        assert 'href="/signup/"' in shown(client.get("/login/"))
        assert client.post("/signup/", WISH)["Location"] == "/"
        assert client.get("/account/").status_code == 200
        newcomer = User.objects.get()
        assert not newcomer.is_superuser
        assert not newcomer.password_is_temporary
        assert mail.outbox == []

    @pytest.mark.parametrize(
        ("wish", "said"),
        [
            ({"password1": "short", "password2": "short"}, "too short"),
            ({"password2": "something else 12"}, "same password"),
            ({"username": "owner"}, "already exists"),
            ({"email": "no address"}, "valid email"),
        ],
    )
    def test_what_is_wrong_is_said_and_what_was_typed_stays(
        self, client: Client, person: User, settings: Any, wish: dict[str, str], said: str
    ) -> None:
        settings.SIGNUP = True
        page = shown(client.post("/signup/", WISH | wish))
        assert said in page
        assert f'value="{(WISH | wish)["username"]}"' in page
        assert NEW not in page
        assert User.objects.get() == person

    def test_with_a_mail_server_the_address_is_confirmed(self, client: Client, settings: Any, sends_mail: None) -> None:
        settings.SIGNUP = True
        client.post("/signup/", WISH)
        assert mail.outbox[-1].to == [WISH["email"]]
        assert "newcomer" in str(mail.outbox[-1].body)
        assert "Yes, confirm it" in shown(client.get(link()))
        assert client.post(link())["Location"] == "/account/"
        assert User.objects.get().emailaddress_set.get().verified  # type: ignore[attr-defined]

    @pytest.mark.parametrize("is_confirmed", [True, False])
    @pytest.mark.parametrize("with_mail", [True, False])
    def test_nobody_learns_which_addresses_are_known(
        self, person: User, settings: Any, is_confirmed: bool, with_mail: bool
    ) -> None:
        settings.SIGNUP, settings.SENDS_MAIL = True, with_mail
        settings.ACCOUNT_EMAIL_VERIFICATION = "optional" if with_mail else "none"
        EmailAddress.objects.create(user=person, email=EMAIL, verified=is_confirmed, primary=True)

        def what_one_sees(username: str, email: str) -> tuple[Any, ...]:
            client, before = Client(), len(mail.outbox)
            answer = client.post("/signup/", WISH | {"username": username, "email": email})
            pages = [shown(client.get(path)) for path in ("/", "/account/", "/account/email/")]
            words = [re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page) for page in pages]
            words = [page.replace(username, "NAME").replace(email.lower(), "ADDRESS") for page in words]
            return answer.status_code, answer["Location"], words, len(mail.outbox) - before

        assert what_one_sees("newcomer1", EMAIL.upper()) == what_one_sees("newcomer2", "new@example.org")
        person.refresh_from_db()
        assert person.email == EMAIL

    def test_who_names_an_address_that_is_anothers_cannot_confirm_it(
        self, client: Client, person: User, settings: Any, sends_mail: None
    ) -> None:
        settings.SIGNUP = True
        EmailAddress.objects.create(user=person, email=EMAIL, verified=True, primary=True)
        client.post("/signup/", WISH | {"email": EMAIL})
        client.post(link())
        assert EmailAddress.objects.get(verified=True).user == person
        Client().post("/password/reset/", {"email": EMAIL})
        assert len(mail.outbox) == 2
        assert "account owner" in str(mail.outbox[-1].body)

    def test_an_address_that_many_accounts_name_gets_few_mails(self, person: User, sends_mail: None) -> None:
        for number in range(10):
            User.objects.create_user(f"newcomer{number}", email=EMAIL, password=NEW)
        Client().post("/password/reset/", {"email": EMAIL})
        assert len(mail.outbox) == 3
        assert "account owner" in str(mail.outbox[0].body)


@pytest.mark.parametrize("url", ["/login/", "/api/v1/auth/token/"])
def test_a_login_takes_as_long_whether_or_not_there_is_somebody(
    person: User, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    User.objects.create_user("without_password")
    User.objects.create_user("inactive", password=OLD, is_active=False)
    hashed = Mock(side_effect=MD5PasswordHasher().encode)
    monkeypatch.setattr(MD5PasswordHasher, "encode", staticmethod(hashed))

    def costs(name: str) -> tuple[int, int]:
        hashed.reset_mock()
        with CaptureQueriesContext(connection) as queries:
            Client().post(url, {"username": name, "password": "a guess"})
        return hashed.call_count, len(queries)

    names = ("owner", "nobody", "without_password", "inactive")
    found = {costs(name) for name in names}
    assert len(found) == 1
    assert min(found) > (0, 0)


class TestForgottenPassword:
    def test_without_a_mail_server_the_page_says_what_to_do(self, client: Client, person: User) -> None:
        for answer in (client.get("/password/reset/"), client.post("/password/reset/", {"email": EMAIL})):
            assert "manage.py changepassword" in shown(answer)
        assert mail.outbox == []

    def test_a_link_leads_to_a_new_password(self, client: Client, person: User, sends_mail: None) -> None:
        User.objects.update(password_is_temporary=True)
        elsewhere = Client()
        log_in(client=elsewhere)
        assert client.post("/password/reset/", {"email": EMAIL.upper()})["Location"] == "/password/reset/sent/"
        assert mail.outbox[0].to == [EMAIL]
        place = client.get(link())["Location"]
        assert "same password" in shown(client.post(place, {"password1": NEW, "password2": NEW + "x"}))
        assert "too short" in shown(client.post(place, {"password1": "short", "password2": "short"}))
        client.post(place, {"password1": NEW, "password2": NEW})
        assert elsewhere.get("/")["Location"].startswith("/login/")
        assert log_in(OLD).status_code == 200
        assert log_in(NEW).status_code == 302
        person.refresh_from_db()
        assert not person.password_is_temporary
        assert "no longer valid" in shown(Client().get(link(), follow=True))

    @pytest.mark.parametrize("path", ["/password/reset/", "/signup/"])
    def test_mailed_links_lead_to_the_public_address(
        self, client: Client, person: User, settings: Any, sends_mail: None, path: str
    ) -> None:
        settings.SIGNUP, settings.ALLOWED_HOSTS = True, ["intranet.example"]
        settings.PUBLIC_URL = "https://emotrace.example/there"
        client.post(
            path, WISH | {"email": EMAIL if "reset" in path else WISH["email"]}, headers={"Host": "intranet.example"}
        )
        body = str(mail.outbox[-1].body)
        assert re.search(r"https://emotrace\.example/there/(password/reset|account/email)/\S+", body)
        assert "Emotrace at emotrace.example" in body
        assert "intranet" not in body

    def test_a_host_that_is_none_of_ours_is_not_mailed(self, client: Client, person: User, sends_mail: None) -> None:
        answer = client.post("/password/reset/", {"email": EMAIL}, headers={"Host": "elsewhere.example"})
        assert answer.status_code == 400
        assert mail.outbox == []

    def test_nobody_learns_who_has_an_account(self, client: Client, person: User, sends_mail: None) -> None:
        pages = [client.post("/password/reset/", {"email": each}, follow=True) for each in (EMAIL, "no@example.org")]
        assert shown(pages[0]) == shown(pages[1])

    def test_it_does_not_pass_the_second_factor(self, client: Client, person: User, sends_mail: None) -> None:
        codes.switch_on(person)
        client.post("/password/reset/", {"email": EMAIL})
        client.post(client.get(link())["Location"], {"password1": NEW, "password2": NEW})
        assert log_in(NEW, client)["Location"] == "/login/code/"
        assert client.get("/")["Location"].startswith("/login/")

    def test_a_mail_server_that_is_down_is_said_in_words(
        self, client: Client, person: User, settings: Any, sends_mail: None
    ) -> None:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
        assert "No mail could be sent" in shown(client.post("/password/reset/", {"email": EMAIL}, follow=True))

    def test_asking_again_and_again_is_stopped(self, client: Client, person: User, sends_mail: None) -> None:
        answers = [client.post("/password/reset/", {"email": EMAIL}) for _ in range(6)]
        assert answers[-1].status_code == 429
        assert "Too many attempts in a short time" in shown(answers[-1])
        assert len(mail.outbox) == 5


class TestSecondFactor:
    def test_the_code_is_asked_for_and_leads_where_one_wanted_to_go(self, client: Client, person: User) -> None:
        secret = codes.switch_on(person)
        assert log_in(client=client, path="/login/?next=/models/")["Location"].startswith("/login/code/")
        assert client.get("/")["Location"].startswith("/login/")
        assert "Incorrect code" in shown(client.post("/login/code/", {"code": "000 000"}))
        assert client.post("/login/code/", {"code": codes.code(secret)})["Location"] == "/models/"
        assert client.get("/").status_code == 200

    def test_one_may_go_back_and_log_in_as_somebody_else(self, client: Client, person: User) -> None:
        codes.switch_on(person)
        log_in(client=client)
        assert client.get("/login/")["Location"].startswith("/login/code/")
        assert client.post("/logout/")["Location"] == "/login/"
        assert client.get("/login/").status_code == 200

    def test_guessing_is_stopped(self, person: User) -> None:
        secret = codes.switch_on(person)
        for number in range(5):
            client = Client()
            log_in(client=client)
            client.post("/login/code/", {"code": f"{number:06}"})
        client = Client()
        log_in(client=client)
        assert "Too many failed" in shown(client.post("/login/code/", {"code": codes.code(secret)}))

    @pytest.mark.parametrize("name", ["mfa_activate_totp", "mfa_deactivate_totp", "mfa_view_recovery_codes"])
    def test_a_session_alone_changes_nothing_of_it(self, owner: Client, person: User, name: str) -> None:
        if name != "mfa_activate_totp":
            codes.switch_on(person)
        owner.force_login(person)
        assert owner.get(reverse(name))["Location"].startswith("/account/again/")

    def test_wrong_passwords_on_the_way_lock_too(self, owner: Client, person: User, settings: Any) -> None:
        settings.ACCOUNT_RATE_LIMITS = {"reauthenticate": "100/m/user"}
        owner.force_login(person)
        answers = [owner.post("/account/again/", {"password": f"guess {number}"}) for number in range(11)]
        assert "Incorrect password" in shown(answers[0])
        assert answers[-1].status_code == 429


def test_logging_in_too_often_is_stopped(client: Client, person: User, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {}
    answers = [client.post("/login/", {"username": f"guess{number}", "password": "x"}) for number in range(31)]
    assert [answers[0].status_code, answers[-1].status_code] == [200, 429]


def test_guessing_the_old_password_is_stopped(owner: Client, person: User) -> None:
    owner.force_login(person)
    sent = {"new_password1": NEW, "new_password2": NEW}
    answers = [owner.post("/password/", {"old_password": f"guess {number}", **sent}) for number in range(6)]
    assert [answers[0].status_code, answers[-1].status_code] == [200, 429]


def test_only_these_pages_of_the_library_are_reachable(client: Client) -> None:
    names = {name for name in get_resolver().reverse_dict if isinstance(name, str)}
    from_library = {name for name in names if name.startswith(("account_", "mfa_"))}
    assert from_library == {str(pattern.name) for pattern in allauth_urls.urlpatterns} | {"account_login"}


@pytest.mark.parametrize(
    ("sends_mail", "public", "found"),
    [(True, "", {"emotrace.W002"}), (True, "https://emotrace.example", set()), (False, "", set())],
)
def test_links_at_whichever_host_are_warned_of(settings: Any, sends_mail: bool, public: str, found: set[str]) -> None:
    settings.SENDS_MAIL, settings.PUBLIC_URL = sends_mail, public
    assert {each.id for each in run_checks(include_deployment_checks=True) if each.id == "emotrace.W002"} == found


def test_a_temporary_password_comes_before_everything(owner: Client, person: User) -> None:
    owner.force_login(person)
    User.objects.update(password_is_temporary=True)
    for path in ("/account/", "/account/export/", "/account/delete/", "/account/second-factor/", "/account/email/"):
        assert owner.get(path)["Location"] == "/password/"
