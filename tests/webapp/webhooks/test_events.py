"""Setting webhooks up: what is checked, what is shown once, what is kept, what ends them."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from tests.webapp.factories import an_endpoint
from webapp.accounts.models import User
from webapp.analyses.events import EventType
from webapp.webhooks import services, signing
from webapp.webhooks.models import Delivery, Endpoint

URL = "/api/v1/webhooks/"


@pytest.fixture(autouse=True)
def private_is_fine(settings: Any) -> None:
    settings.WEBHOOKS_ALLOW_PRIVATE = True


def made(api: APIClient, **fields: Any) -> dict[str, Any]:
    answer = api.post(URL, {"url": "http://127.0.0.1:9/hook"} | fields, format="json")
    assert answer.status_code == 201, answer.json()
    webhook: dict[str, Any] = answer.json()
    return webhook


def test_the_secret_is_shown_once_and_kept_encrypted(api: APIClient) -> None:
    webhook = made(api)
    secret = webhook["secret"]
    assert secret.startswith("whsec_")
    row = Endpoint.objects.values().get()
    assert secret.removeprefix("whsec_") not in str(row)
    assert signing.decrypt(row["secret"]) == secret
    for answer in (api.get(URL), api.get(f"{URL}{webhook['id']}/"), api.patch(f"{URL}{webhook['id']}/")):
        assert "secret" not in str(answer.json()).replace("old_secret_until", "")


def test_a_secret_of_another_key_cannot_be_read(settings: Any) -> None:
    kept = signing.encrypt("whsec_abc")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert signing.decrypt(kept) == "whsec_abc"
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(signing.SecretLostError):
        signing.decrypt(kept)


def test_it_tells_of_everything_or_of_what_was_asked_for(api: APIClient) -> None:
    assert made(api)["events"] == list(EventType)
    some = made(api, events=["recording.deleted", "analysis.failed"])
    assert some["events"] == ["analysis.failed", "recording.deleted"]


@pytest.mark.parametrize("wrong", [{"events": ["rain"]}, {"events": []}, {"url": ""}, {"url": "x" * 501}])
def test_what_makes_no_sense_is_named(api: APIClient, wrong: dict[str, Any]) -> None:
    answer = api.post(URL, {"url": "http://127.0.0.1:9/"} | wrong, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["errors"]) == list(wrong)


def test_it_is_changed_and_switched_off_and_on(api: APIClient, owner: User) -> None:
    address = f"{URL}{made(api)['id']}/"
    api.post(f"{address}test/")
    changed = api.patch(
        address, {"url": "http://127.0.0.1:9/new", "events": ["analysis.failed"], "enabled": False}, format="json"
    ).json()
    assert (changed["url"], changed["events"]) == ("http://127.0.0.1:9/new", ["analysis.failed"])
    assert changed["enabled"] is False
    waiting = Delivery.objects.get()
    assert (waiting.status, waiting.error) == (Delivery.Status.FAILED, "The webhook was switched off.")
    for path in ("test/", f"deliveries/{waiting.pk}/again/"):
        answer = api.post(f"{address}{path}")
        assert (answer.status_code, answer.json()["code"]) == (409, "webhook_off")
    Endpoint.objects.update(note="Nothing arrived", failing_since=timezone.now())
    again = api.patch(address, {"enabled": True}, format="json").json()
    assert (again["enabled"], again["note"], again["failing_since"]) == (True, None, None)
    assert api.post(f"{address}deliveries/{waiting.pk}/again/").json()["status"] == "pending"


def test_a_change_to_a_bad_address_changes_nothing(api: APIClient) -> None:
    address = f"{URL}{made(api)['id']}/"
    answer = api.patch(address, {"url": "ftp://127.0.0.1/", "enabled": False}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "webhook_url")
    assert list(answer.json()["errors"]) == ["url"]
    kept = Endpoint.objects.get()
    assert (kept.url, kept.enabled) == ("http://127.0.0.1:9/hook", True)


def test_removing_it_removes_its_log(api: APIClient) -> None:
    address = f"{URL}{made(api)['id']}/"
    api.post(f"{address}test/")
    assert api.delete(address).status_code == 204
    assert not Delivery.objects.exists()
    assert api.get(address).status_code == 404


def test_there_is_an_end_to_their_number(api: APIClient, owner: User, stranger: User) -> None:
    for _ in range(services.MAX_ENDPOINTS - 1):
        an_endpoint(owner)
    made(api)
    an_endpoint(stranger)
    answer = api.post(URL, {"url": "http://127.0.0.1:9/"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "webhook_limit")
    assert owner.webhooks.count() == services.MAX_ENDPOINTS


def test_a_new_secret_leaves_the_old_one_for_a_day(api: APIClient) -> None:
    webhook = made(api)
    answer = api.post(f"{URL}{webhook['id']}/secret/").json()
    endpoint = Endpoint.objects.get()
    assert signing.decrypt(endpoint.secret) == answer["secret"] != webhook["secret"]
    assert signing.decrypt(endpoint.old_secret) == webhook["secret"]
    assert endpoint.old_secret_until is not None
    assert timedelta(hours=23) < endpoint.old_secret_until - timezone.now() <= timedelta(hours=24)
    assert api.get(f"{URL}{webhook['id']}/").json()["old_secret_until"] is not None


def test_the_log_is_narrowed_down_and_comes_in_pages(api: APIClient, owner: User) -> None:
    endpoint, _ = an_endpoint(owner)
    for _ in range(3):
        services.send_test(endpoint=endpoint)
    Delivery.objects.filter(pk=Delivery.objects.first().pk).update(status="failed", event="analysis.failed")  # type: ignore[union-attr]
    log = f"{URL}{endpoint.pk}/deliveries/"
    assert len(api.get(log).json()["results"]) == 3
    assert len(api.get(log, {"status": "failed"}).json()["results"]) == 1
    assert len(api.get(log, {"event": "webhook.test"}).json()["results"]) == 2
    page = api.get(log, {"page_size": 2}).json()
    assert len(page["results"]) == 2
    assert len(api.get(page["next"]).json()["results"]) == 1
    assert api.get(log, {"status": "lost"}).status_code == 400


def test_somebody_elses_delivery_is_not_sent_through_ones_own_webhook(
    api: APIClient, owner: User, stranger: User
) -> None:
    mine, _ = an_endpoint(owner)
    theirs = services.send_test(endpoint=an_endpoint(stranger)[0])
    assert api.post(f"{URL}{mine.pk}/deliveries/{theirs.pk}/again/").status_code == 404
