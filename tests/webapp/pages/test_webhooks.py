"""The pages of webhooks."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.webapp.factories import an_endpoint
from webapp.accounts.models import User
from webapp.webhooks import services, signing
from webapp.webhooks.models import Delivery, Endpoint

WANTED = {"url": "http://127.0.0.1:9/hook", "events": ["analysis.failed"]}
PAGES = ("webhook", "webhook-test", "webhook-toggle", "webhook-secret", "webhook-delete")


@pytest.fixture(autouse=True)
def private_is_fine(settings: Any) -> None:
    settings.WEBHOOKS_ALLOW_PRIVATE = True


@pytest.fixture
def endpoint(user: User) -> Endpoint:
    return an_endpoint(user)[0]


def address(name: str, endpoint: Endpoint, *more: Any) -> str:
    return reverse(f"pages:{name}", args=[endpoint.pk, *more])


def secret_in(page: str) -> str:
    found = re.search(r'id="fresh-secret">([^<]+)<', page)
    assert found
    return found[1]


def test_one_is_made_and_its_secret_shown_once(owner: Client) -> None:
    page = owner.post("/webhooks/", WANTED).content.decode()
    endpoint = Endpoint.objects.get()
    assert (endpoint.url, endpoint.events) == (WANTED["url"], ["analysis.failed"])
    assert secret_in(page) == signing.decrypt(endpoint.secret)
    for again in ("/webhooks/", address("webhook", endpoint)):
        assert "whsec_" not in owner.get(again).content.decode()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"url": ""}, "Enter the address"),
        ({"url": "ftp://127.0.0.1/"}, "has to begin with https"),
        ({"url": "http://nowhere.invalid/"}, "cannot be found"),
        ({"events": []}, "Choose at least one event"),
    ],
)
def test_what_is_wrong_is_said_where_it_is(
    owner: Client, endpoint: Endpoint, wrong: dict[str, Any], words: str
) -> None:
    for page in ("/webhooks/", address("webhook", endpoint)):
        answer = owner.post(page, WANTED | wrong)
        assert answer.status_code == 422
        assert words in answer.content.decode()
        assert f'value="{(WANTED | wrong)["url"]}"' in answer.content.decode() or not wrong.get("url", True)
    kept = Endpoint.objects.get()
    assert kept.url == endpoint.url


def test_the_last_one_that_may_be_is_said(owner: Client, user: User) -> None:
    for _ in range(services.MAX_ENDPOINTS):
        an_endpoint(user)
    assert f"There are {services.MAX_ENDPOINTS} webhooks already" in owner.post("/webhooks/", WANTED).content.decode()


def test_it_is_changed(owner: Client, endpoint: Endpoint) -> None:
    page = owner.post(address("webhook", endpoint), WANTED, follow=True).content.decode()
    assert "The webhook has been saved" in page
    endpoint.refresh_from_db()
    assert (endpoint.url, endpoint.events) == (WANTED["url"], ["analysis.failed"])


def test_it_is_switched_off_and_on(owner: Client, endpoint: Endpoint) -> None:
    page = owner.post(address("webhook-toggle", endpoint), follow=True).content.decode()
    assert "Switched off" in page
    assert "Send a test" not in page
    Endpoint.objects.update(note="Nothing arrived since 2026-01-01.")
    assert "Nothing arrived since" in owner.get(address("webhook", endpoint)).content.decode()
    assert "switched on" in owner.post(address("webhook-toggle", endpoint), {"on": "1"}, follow=True).content.decode()
    endpoint.refresh_from_db()
    assert (endpoint.enabled, endpoint.note) == (True, "")


def test_the_log_says_what_became_of_each_message(owner: Client, endpoint: Endpoint) -> None:
    assert "Nothing yet" in owner.get(address("webhook", endpoint)).content.decode()
    page = owner.post(address("webhook-test", endpoint), follow=True).content.decode()
    assert "webhook.test" in page
    assert "every 2s" in page
    Delivery.objects.update(
        status="failed", attempts=9, response_code=500, answer="<b>no</b>", duration_ms=12, error="It answered 500."
    )
    page = owner.get(address("webhook", endpoint)).content.decode()
    for words in ("Failed (500)", "attempts 9", "12 ms", "It answered 500.", "&lt;b&gt;no&lt;/b&gt;"):
        assert words in page
    assert "every 2s" not in page
    owner.post(address("webhook-redeliver", endpoint, Delivery.objects.get().pk))
    assert Delivery.objects.get().status == Delivery.Status.PENDING


def test_a_new_secret_and_the_end_are_asked_about(owner: Client, endpoint: Endpoint) -> None:
    assert "for 24 hours" in owner.get(address("webhook-secret", endpoint)).content.decode()
    assert Endpoint.objects.get().secret == endpoint.secret
    page = owner.post(address("webhook-secret", endpoint)).content.decode()
    assert secret_in(page) == signing.decrypt(Endpoint.objects.get().secret)
    assert "the previous secret signs messages too" in page
    assert "cannot be undone" in owner.get(address("webhook-delete", endpoint)).content.decode()
    owner.post(address("webhook-delete", endpoint))
    assert not Endpoint.objects.exists()


def test_nothing_is_sent_from_one_that_is_off(owner: Client, endpoint: Endpoint) -> None:
    delivery = services.send_test(endpoint=endpoint)
    services.update(endpoint=endpoint, enabled=False)
    for path in (address("webhook-test", endpoint), address("webhook-redeliver", endpoint, delivery.pk)):
        assert "Switch it on first" in owner.post(path, follow=True).content.decode()


@pytest.mark.parametrize("name", PAGES)
def test_somebody_elses_is_not_there(client: Client, stranger: Client, endpoint: Endpoint, name: str) -> None:
    path = address(name, endpoint)
    assert client.post(path)["Location"].startswith("/login/")
    assert stranger.post(path, WANTED).status_code == 404
    delivery = services.send_test(endpoint=endpoint)
    assert stranger.post(address("webhook-redeliver", endpoint, delivery.pk)).status_code == 404
    assert endpoint.url not in stranger.get("/webhooks/").content.decode()


def test_a_failing_one_is_seen_in_the_list(owner: Client, endpoint: Endpoint) -> None:
    Endpoint.objects.update(failing_since=timezone.now())
    assert "Failing since" in owner.get("/webhooks/").content.decode()
