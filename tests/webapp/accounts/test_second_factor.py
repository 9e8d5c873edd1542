"""A token needs the second factor, too."""

import json
import threading
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from rest_framework.test import APIClient

from tests.webapp import codes
from webapp.accounts.models import Token, User

URL = "/api/v1/auth/token/"
PASSWORD = "a long enough password"


@pytest.fixture
def anna(db: None) -> User:
    cache.clear()
    return User.objects.create_user(username="anna", password=PASSWORD)


@pytest.fixture
def secret(anna: User) -> str:
    return codes.switch_on(anna)


def log_in(code: object = None, password: str = PASSWORD) -> Any:
    sent = {"username": "anna", "password": password} | ({} if code is None else {"code": code})
    return APIClient().post(URL, sent, format="json")


def refusal(answer: Any) -> tuple[int, str]:
    assert answer["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


def wrong(secret: str) -> str:
    right = {codes.code(secret, periods) for periods in (-2, -1, 0, 1, 2)}
    return next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555") if code not in right)


def test_without_a_second_factor_a_code_is_not_looked_at(anna: User) -> None:
    assert log_in().status_code == 200
    assert log_in("123456").status_code == 200


def test_name_and_password_alone_get_no_token(secret: str) -> None:
    for nothing in (None, ""):
        answer = log_in(nothing)
        assert refusal(answer) == (401, "code_required")
        assert answer["WWW-Authenticate"] == "Token"
    assert not Token.objects.exists()


@pytest.mark.parametrize("periods", [-1, 0, 1])
def test_a_code_of_the_authenticator_gets_one(secret: str, periods: int) -> None:
    assert log_in(codes.code(secret, periods)).status_code == 200


@pytest.mark.parametrize("periods", [-3, 3])
def test_a_code_of_another_time_does_not(secret: str, periods: int) -> None:
    assert refusal(log_in(codes.code(secret, periods))) == (401, "wrong_code")
    assert not Token.objects.exists()


def test_a_code_is_taken_once(secret: str) -> None:
    code = codes.code(secret)
    assert log_in(code).status_code == 200
    assert refusal(log_in(code)) == (401, "wrong_code")
    assert refusal(log_in(f"{code[:3]} {code[3:]}")) == (401, "wrong_code")
    assert Token.objects.count() == 1


def test_a_code_stays_used_for_as_long_as_it_would_be_right(secret: str) -> None:
    late = codes.code(secret, 1)
    assert log_in(late).status_code == 200
    # What allauth itself remembers is gone after one period; the code is right for two more.
    for key in cache._cache.get_client().keys("*allauth.mfa.totp.used*"):  # type: ignore[attr-defined]
        cache._cache.get_client().delete(key)  # type: ignore[attr-defined]
    assert refusal(log_in(late)) == (401, "wrong_code")


def test_a_code_overheard_at_the_login_page_gets_no_token(secret: str, client: Any) -> None:
    code = codes.code(secret)
    client.post("/login/", {"username": "anna", "password": PASSWORD})
    assert client.post("/login/code/", {"code": code})["Location"] == "/"
    assert refusal(log_in(code)) == (401, "wrong_code")


def test_of_two_at_once_one_gets_a_token(transactional_db: None) -> None:
    cache.clear()
    code, start, got = codes.code(codes.switch_on(User.objects.create_user("anna", password=PASSWORD))), *_at_once(6)

    def ask() -> None:
        start.wait()
        got.append(log_in(code).status_code)
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [200, *[401] * 5]


def _at_once(count: int) -> tuple[threading.Barrier, list[int]]:
    return threading.Barrier(count), []


def test_a_recovery_code_gets_one_once(anna: User, secret: str) -> None:
    first, second, *_ = codes.recovery_codes(anna)
    assert log_in(first).status_code == 200
    cache.clear()
    assert refusal(log_in(first)) == (401, "wrong_code")
    assert log_in(second).status_code == 200


def test_guessing_codes_is_stopped_even_where_the_last_is_right(secret: str) -> None:
    cache.clear()
    guesses = [f"{number:06}" for number in range(5)]
    assert [refusal(log_in(guess)) for guess in guesses] == [(401, "wrong_code")] * 5
    assert refusal(log_in(codes.code(secret))) == (429, "too_many_codes")
    assert not Token.objects.exists()


def test_guessing_codes_from_many_addresses_is_stopped(secret: str) -> None:
    sent = {"username": "anna", "password": PASSWORD}
    senders = [f"2001:db8:{number}::1" for number in range(6)]
    answers = [APIClient().post(URL, sent | {"code": f"{n:06}"}, REMOTE_ADDR=each) for n, each in enumerate(senders)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]


def test_a_wrong_password_says_nothing_of_the_second_factor(secret: str) -> None:
    assert refusal(log_in(codes.code(secret), "wrong")) == (401, "wrong_credentials")
    assert log_in(codes.code(secret)).status_code == 200, "the code was not even looked at"


def test_secrets_are_encrypted_with_the_key_of_the_installation(anna: User, secret: str, settings: Any) -> None:
    kept = json.dumps(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in kept
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key", [settings.SECRET_KEY]
    assert log_in(codes.code(secret)).status_code == 200


@pytest.mark.parametrize("code", ["x" * 41, 123456789, "\0", "✓"])
def test_what_is_no_code_is_refused_in_words(secret: str, code: object) -> None:
    assert refusal(log_in(code))[0] in (400, 401)


def test_a_secret_that_no_key_opens_is_said_in_words(anna: User, secret: str, settings: Any, client: Any) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a key that was changed without keeping the old one", []
    assert refusal(log_in(codes.code(secret))) == (409, "second_factor_unreadable")
    client.post("/login/", {"username": "anna", "password": PASSWORD})
    page = client.post("/login/code/", {"code": codes.code(secret, 1)})
    assert page.status_code == 200
    assert "Ask an administrator to remove it" in page.content.decode()
    call_command("reset_mfa", "anna")
    assert log_in().status_code == 200
