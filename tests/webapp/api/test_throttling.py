"""How often somebody may ask: each kind of call is counted by itself, for each person, by all processes together."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests
from django.core.cache import cache
from rest_framework.test import APIClient

from tests.conftest import Start
from tests.integration.web import Web
from tests.webapp import tus
from webapp.accounts.models import User
from webapp.accounts.services import create_token
from webapp.api.throttling import FixedWindowThrottle

READ, WRITE, PART, EXPORT = "/api/v1/recordings/", tus.URL, f"{tus.URL}{{}}/", "/api/v1/exports/"


@pytest.fixture
def few(settings: Any) -> None:
    """Three calls of each kind, in a period that does not end during the test."""
    rates = dict.fromkeys(settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], "3/day")
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}


def is_refused(answer: Any) -> bool:
    if answer.status_code != 429:
        return False
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "throttled"
    assert 0 < int(answer["Retry-After"]) <= 24 * 3600
    return True


@pytest.mark.usefixtures("few")
def test_each_kind_of_call_has_its_own_limit(api: APIClient) -> None:
    answers: dict[str, Callable[[], Any]] = {
        "read": lambda: api.get(READ),
        "write": lambda: tus.begin(api, "no number"),
        "part": lambda: tus.send(api, PART.format("00000000-0000-0000-0000-000000000000"), 0, b""),
        "export": lambda: api.get(EXPORT),
    }
    for ask in answers.values():
        assert [is_refused(ask()) for _ in range(5)] == [False] * 3 + [True] * 2


@pytest.mark.usefixtures("few")
def test_asking_for_tokens_is_limited_by_address_whatever_a_client_says_of_it(db: None) -> None:
    cache.clear()

    def ask(**headers: str) -> Any:
        return APIClient().post("/api/v1/auth/token/", {}, format="json", headers=headers)

    assert [is_refused(ask(**{"X-Forwarded-For": f"198.51.100.{number}"})) for number in range(4)] == [False] * 3 + [
        True
    ]


@pytest.mark.usefixtures("few")
def test_behind_a_proxy_the_address_is_the_one_that_the_proxy_says(db: None, settings: Any) -> None:
    cache.clear()
    settings.TRUSTED_PROXY_COUNT = 1

    def ask(said: str) -> Any:
        return APIClient().post("/api/v1/auth/token/", {}, format="json", headers={"X-Forwarded-For": said})

    assert [is_refused(ask(f"invented, 198.51.100.{number}")) for number in range(4)] == [False] * 4
    assert [is_refused(ask(f"{number}, 198.51.100.9")) for number in range(4)] == [False] * 3 + [True]


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(
    ("sender", "is_one_network"),
    [("2001:db8:0:1::{}", True), ("2001:db8:0:{}::1", False), ("::ffff:192.0.2.{}", False)],
)
def test_the_addresses_of_one_ipv6_network_count_together(db: None, sender: str, is_one_network: bool) -> None:
    cache.clear()

    def ask(number: int) -> Any:
        return APIClient().post("/api/v1/auth/token/", {}, format="json", REMOTE_ADDR=sender.format(number))

    assert [is_refused(ask(number)) for number in range(1, 5)] == [False] * 3 + [is_one_network]


@pytest.mark.usefixtures("few")
def test_one_person_does_not_use_up_what_another_may(api: APIClient, client_of: Any, stranger: User) -> None:
    assert [is_refused(api.get(READ)) for _ in range(4)][-1]
    assert not is_refused(client_of(stranger).get(READ))


def test_an_empty_rate_is_no_limit(api: APIClient, settings: Any) -> None:
    rates = {**settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], "read": ""}
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
    assert not any(is_refused(api.get(READ)) for _ in range(5))


def test_the_next_period_begins_anew(api: APIClient, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rates = {**settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], "read": "1/min"}
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
    now = [6000.5]
    monkeypatch.setattr("webapp.api.throttling.time.time", lambda: now[0])
    assert not is_refused(api.get(READ))
    answer = api.get(READ)
    assert (is_refused(answer), answer["Retry-After"]) == (True, "60")
    now[0] = 6059.5
    assert api.get(READ)["Retry-After"] == "1"
    now[0] = 6060
    assert not is_refused(api.get(READ))


def test_many_threads_miscount_nothing(api: APIClient, owner: User, settings: Any) -> None:
    rates = {**settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], "read": "100/day"}
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
    request: Any = type("Asked", (), {"user": owner, "method": "GET"})
    allowed: list[bool] = []

    def ask() -> None:
        allowed.extend(FixedWindowThrottle().allow_request(request, None) for _ in range(40))

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (allowed.count(True), len(allowed)) == (100, 200)


@pytest.mark.extended
def test_two_web_processes_count_together(process: Start, owner: User) -> None:
    _, secret = create_token(user=owner, name="test")
    webs = [Web(process, EMOTRACE_RATE_READ="5/day") for _ in range(2)]
    answers = [
        requests.get(webs[number % 2].base + READ, headers={"Authorization": f"Token {secret}"}, timeout=60)
        for number in range(7)
    ]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
    assert int(answers[-1].headers["Retry-After"]) > 0
