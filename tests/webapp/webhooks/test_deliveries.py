"""Messages: written with what they tell of, signed, sent to a real receiver, tried again, given up."""

import json
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.webapp.factories import AnalysisFactory, a_timeline, an_endpoint, claimed, finished, silent_for
from tests.webapp.receiver import Receiver, receiving
from webapp.accounts.models import User
from webapp.analyses import services as analyses
from webapp.analyses.execution.publishing import publish_timeline
from webapp.analyses.execution.reaper import reap
from webapp.core import paths
from webapp.webhooks import outbox, services
from webapp.webhooks.delivery import RESPONSE_EXCERPT_BYTES, TOTAL_TIMEOUT_SECONDS
from webapp.webhooks.models import Delivery, Endpoint

Status = Delivery.Status


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def hook(owner: User, receiver: Receiver) -> tuple[Endpoint, str]:
    return an_endpoint(owner, receiver.url)


def tried(hook: tuple[Endpoint, str]) -> Delivery:
    delivery = services.send_test(endpoint=hook[0])
    outbox.deliver(delivery.pk)
    delivery.refresh_from_db()
    return delivery


def due(delivery: Delivery) -> Delivery:
    """As if the pause before the next attempt were over."""
    Delivery.objects.filter(pk=delivery.pk).update(next_attempt_at=timezone.now())
    outbox.deliver(delivery.pk)
    delivery.refresh_from_db()
    return delivery


def told(owner: User) -> list[tuple[str, dict[str, Any]]]:
    rows = Delivery.objects.filter(endpoint__owner=owner).order_by("created_at")
    return [(row.event, row.payload["data"]) for row in rows]


def test_the_way_of_an_analysis_is_told(owner: User) -> None:
    an_endpoint(owner)
    analysis = finished("happy", recording__owner=owner)
    failed = AnalysisFactory.create(recording=analysis.recording)
    claimed(failed).fail("no_picture", "There is none.")
    recording = str(analysis.recording_id)
    found = told(owner)
    analyses.erase(recording=analysis.recording)
    assert told(owner) == [("recording.deleted", {"recording": recording})]  # the rest went with it
    assert [event for event, _ in found] == [
        "analysis.timeline_published",
        "analysis.succeeded",
        "analysis.failed",
    ]
    assert [data["status"] for _, data in found] == ["queued", "succeeded", "failed"]
    assert [data["analysis"] for _, data in found] == [str(analysis.pk), str(analysis.pk), str(failed.pk)]
    assert {data["recording"] for _, data in found} == {recording}
    assert found[0][1]["urls"] == {
        "analysis": f"/api/v1/analyses/{analysis.pk}/",
        "recording": f"/api/v1/recordings/{recording}/",
        "page": f"/analyses/{analysis.pk}/",
    }


def test_urls_begin_as_the_operator_says(owner: User, settings: Any) -> None:
    settings.PUBLIC_URL = "https://emotrace.example"
    an_endpoint(owner)
    analysis = finished("happy", recording__owner=owner)
    assert told(owner)[0][1]["urls"]["page"] == f"https://emotrace.example/analyses/{analysis.pk}/"


def test_a_worker_that_was_lost_too_often_is_told(owner: User, settings: Any) -> None:
    an_endpoint(owner)
    analysis = AnalysisFactory.create(recording__owner=owner, attempt=settings.MAX_ATTEMPTS - 1)
    claimed(analysis)
    analysis.refresh_from_db()
    silent_for(analysis, settings.LEASE_SECONDS + 1)
    reap()
    assert [(event, data["status"]) for event, data in told(owner)] == [("analysis.failed", "failed")]


def test_nobody_else_is_told(owner: User, stranger: User) -> None:
    an_endpoint(owner, events=["recording.deleted"])
    an_endpoint(owner, enabled=False)
    an_endpoint(stranger)
    finished("happy", recording__owner=owner)
    assert not Delivery.objects.exists()


def test_what_did_not_happen_is_not_told(owner: User) -> None:
    an_endpoint(owner)
    lease = claimed(AnalysisFactory.create(recording__owner=owner))

    with pytest.raises(InterruptedError), transaction.atomic():
        publish_timeline(lease, a_timeline("happy"))
        assert Delivery.objects.count() == 1
        raise InterruptedError
    assert not Delivery.objects.exists()


def test_a_message_is_signed_as_the_standard_says(hook: tuple[Endpoint, str], receiver: Receiver) -> None:
    delivery = tried(hook)
    assert (delivery.status, delivery.response_code, delivery.answer) == (Status.DELIVERED, 200, "thank you")
    assert (delivery.attempts, delivery.error) == (1, "")
    assert delivery.duration_ms is not None
    headers, body = receiver.received[0]
    assert headers["webhook-id"] == delivery.message_id
    assert headers["content-type"] == "application/json"
    payload = Webhook(hook[1]).verify(body, headers)
    assert payload["type"] == "webhook.test"
    assert payload["data"] == {"webhook": str(hook[0].pk)}
    with pytest.raises(WebhookVerificationError):
        Webhook(hook[1]).verify(body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 44).verify(body, headers)


def test_for_a_day_two_secrets_verify(hook: tuple[Endpoint, str], receiver: Receiver) -> None:
    fresh = services.rotate_secret(endpoint=hook[0])
    tried(hook)
    headers, body = receiver.received[0]
    for secret in (fresh, hook[1]):
        Webhook(secret).verify(body, headers)
    Endpoint.objects.update(old_secret_until=timezone.now())
    tried(hook)
    headers, body = receiver.received[1]
    Webhook(fresh).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(hook[1]).verify(body, headers)


def test_what_is_refused_is_sent_again_later_under_the_same_name(
    hook: tuple[Endpoint, str], receiver: Receiver
) -> None:
    receiver.status, receiver.answer = 503, b"later\x00\x1b[0m\xff"
    delivery = tried(hook)
    assert (delivery.status, delivery.response_code) == (Status.PENDING, 503)
    assert delivery.answer == "later\ufffd\ufffd[0m\ufffd"
    assert delivery.error == "The receiver answered 503."
    outbox.deliver(delivery.pk)  # too early
    assert len(receiver.received) == 1
    receiver.status = 204
    receiver.answer = b""
    assert due(delivery).status == Status.DELIVERED
    outbox.deliver(delivery.pk)  # a message that came twice
    assert [headers["webhook-id"] for headers, _ in receiver.received] == [delivery.message_id] * 2
    services.resend(delivery=delivery)
    outbox.deliver(delivery.pk)
    assert receiver.received[2][0]["webhook-id"] == delivery.message_id


def test_the_pauses_grow_to_about_a_day_and_no_two_are_alike() -> None:
    pauses = [outbox.retry_delay(attempt).total_seconds() for attempt in range(1, outbox.MAX_ATTEMPTS)]
    for shorter, longer in pairwise(pauses[:5]):
        assert longer > 2 * shorter
    assert 18 * 3600 < sum(pauses) < 32 * 3600
    assert pauses[0] > TOTAL_TIMEOUT_SECONDS
    assert len({outbox.retry_delay(1) for _ in range(20)}) == 20


def test_after_the_last_attempt_it_has_failed(hook: tuple[Endpoint, str], receiver: Receiver) -> None:
    receiver.status = 500
    delivery = tried(hook)
    for _ in range(outbox.MAX_ATTEMPTS - 1):
        assert delivery.status == Status.PENDING
        due(delivery)
    assert (delivery.status, delivery.attempts) == (Status.FAILED, outbox.MAX_ATTEMPTS)
    due(delivery)
    assert len(receiver.received) == outbox.MAX_ATTEMPTS
    hook[0].refresh_from_db()
    assert hook[0].enabled  # one message is no long failure
    services.resend(delivery=delivery)
    assert due(delivery).attempts == 1


def test_a_receiver_that_takes_nothing_for_days_is_switched_off(hook: tuple[Endpoint, str], receiver: Receiver) -> None:
    receiver.status = 500
    endpoint, waiting = hook[0], services.send_test(endpoint=hook[0])
    Endpoint.objects.update(failing_since=timezone.now() - timedelta(days=4))
    delivery = services.send_test(endpoint=endpoint)
    Delivery.objects.filter(pk=delivery.pk).update(attempts=outbox.MAX_ATTEMPTS - 1)
    due(delivery)
    endpoint.refresh_from_db()
    assert not endpoint.enabled
    assert "Nothing arrived since" in endpoint.note
    assert "answered 500" in endpoint.note
    waiting.refresh_from_db()
    assert (waiting.status, waiting.error) == (Status.FAILED, outbox.DISABLED)


def test_what_arrives_ends_a_failure(hook: tuple[Endpoint, str], receiver: Receiver) -> None:
    receiver.status = 500
    delivery = tried(hook)
    hook[0].refresh_from_db()
    assert hook[0].failing_since is not None
    receiver.status = 200
    due(delivery)
    hook[0].refresh_from_db()
    assert hook[0].failing_since is None


def test_who_answers_gone_is_told_no_more(hook: tuple[Endpoint, str], receiver: Receiver) -> None:
    receiver.status = 410
    assert tried(hook).status == Status.FAILED
    hook[0].refresh_from_db()
    assert not hook[0].enabled
    assert "410" in hook[0].note


def test_a_redirect_is_not_followed(hook: tuple[Endpoint, str], receiver: Receiver) -> None:
    with receiving() as other:
        receiver.status, receiver.headers = 307, {"Location": other.url}
        delivery = tried(hook)
        assert other.received == []
    assert (delivery.response_code, delivery.status) == (307, Status.PENDING)
    assert "not followed" in delivery.error


def test_of_a_long_answer_little_is_read(hook: tuple[Endpoint, str], receiver: Receiver) -> None:
    receiver.answer = b"a" * 50_000_000
    assert tried(hook).answer == "a" * RESPONSE_EXCERPT_BYTES


def drip(handler: Any) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(600):
        handler.wfile.write(b"X-%d: y\r\n" % number)
        handler.wfile.flush()
        time.sleep(0.1)


def silence(handler: Any) -> None:
    time.sleep(60)


def garbage(handler: Any) -> None:
    handler.wfile.write(b"what?\r\n\r\n")


@pytest.mark.parametrize(
    ("behave", "error"), [(drip, "did not answer within"), (silence, "did not answer"), (garbage, "connection failed")]
)
def test_a_receiver_that_plays_for_time_is_left(
    hook: tuple[Endpoint, str], receiver: Receiver, behave: Any, error: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.webhooks.delivery.TOTAL_TIMEOUT_SECONDS", 0.6)
    receiver.behave = behave
    began = time.monotonic()
    delivery = tried(hook)
    assert time.monotonic() - began < 30  # half of what the receiver takes
    assert (delivery.status, delivery.response_code) == (Status.PENDING, None)
    assert error in delivery.error


def test_a_receiver_that_is_not_there_is_tried_later(owner: User, settings: Any) -> None:
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        hook = an_endpoint(owner, f"http://127.0.0.1:{unused.getsockname()[1]}/")
        delivery = tried(hook)
    assert (delivery.status, delivery.attempts) == (Status.PENDING, 1)
    assert "refused" in delivery.error


def test_a_worker_that_dies_in_the_middle_delays_a_message_only(
    hook: tuple[Endpoint, str], receiver: Receiver, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    delivery = services.send_test(endpoint=hook[0])
    with monkeypatch.context() as broken:
        broken.setattr(outbox, "post", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            outbox.deliver(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == (Status.PENDING, 1)
    assert due(delivery).status == Status.DELIVERED


def test_what_is_due_is_sent_by_the_reaper_and_what_is_old_forgotten(
    hook: tuple[Endpoint, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[UUID] = []
    monkeypatch.setattr("webapp.core.queue.enqueue", lambda task, pk, queue: sent.append(pk))
    now = timezone.now()
    waiting, later, spent, old = (services.send_test(endpoint=hook[0]) for _ in range(4))
    Delivery.objects.filter(pk=waiting.pk).update(dispatched_at=now - timedelta(minutes=10))
    Delivery.objects.filter(pk=later.pk).update(next_attempt_at=now + timedelta(minutes=1))
    Delivery.objects.filter(pk=spent.pk).update(attempts=outbox.MAX_ATTEMPTS, dispatched_at=now - timedelta(hours=7))
    Delivery.objects.filter(pk=old.pk).update(status=Status.DELIVERED, created_at=now - timedelta(days=31))
    reap()
    assert sent == [waiting.pk]
    reap()
    assert sent == [waiting.pk]  # once is enough
    spent.refresh_from_db()
    assert spent.status == Status.FAILED
    assert not Delivery.objects.filter(pk=old.pk).exists()


def test_where_the_clock_of_a_worker_is_behind_messages_are_late_and_not_lost(
    hook: tuple[Endpoint, str], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[UUID] = []
    delivery = services.send_test(endpoint=hook[0])
    monkeypatch.setattr("webapp.core.queue.enqueue", lambda task, pk, queue: sent.append(pk))
    with time_machine.travel(timezone.now() - timedelta(minutes=5)):
        outbox.deliver(delivery.pk)
        reap()
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts, sent) == (Status.PENDING, 0, [])
    with time_machine.travel(timezone.now() + outbox.REDISPATCH_AFTER + timedelta(seconds=5)):
        reap()
        assert sent == [delivery.pk]
        outbox.deliver(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == (Status.DELIVERED, 1)


def test_an_unreadable_secret_is_said(hook: tuple[Endpoint, str], receiver: Receiver) -> None:
    Endpoint.objects.update(secret="nonsense")
    assert "SECRET_KEY" in tried(hook).error
    assert receiver.received == []


def test_the_body_is_json_without_anything_private(hook: tuple[Endpoint, str], receiver: Receiver, owner: User) -> None:
    analysis = finished("happy", recording__owner=owner)
    for delivery in Delivery.objects.all():
        outbox.deliver(delivery.pk)
    for _, body in receiver.received:
        assert set(json.loads(body)) == {"type", "timestamp", "data"}
        assert analysis.recording.title.encode() not in body
        assert b"happy" not in body


def test_the_example_of_the_documentation_verifies(hook: tuple[Endpoint, str], receiver: Receiver) -> None:
    text = (paths.PROJECT / "docs" / "api.md").read_text()
    example: dict[str, Any] = {}
    exec(text.split("```python\n")[1].split("```")[0], example)  # noqa: S102
    tried(hook)
    headers, body = receiver.received[0]
    assert example["is_genuine"](hook[1], headers, body)
    assert not example["is_genuine"](hook[1], headers, body + b" ")
    assert not example["is_genuine"](hook[1], headers | {"webhook-timestamp": "1"}, body)
