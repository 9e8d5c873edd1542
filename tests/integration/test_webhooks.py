"""A webhook with the real worker: what happens in one process is told by another."""

from typing import Any

import pytest
import redis
from standardwebhooks.webhooks import Webhook

from tests.conftest import Start
from tests.integration.processes import eventually
from tests.webapp.factories import AnalysisFactory, an_endpoint, claimed
from tests.webapp.receiver import receiving
from webapp.webhooks.models import Delivery


def test_the_worker_tells(process: Start, django_user_model: Any) -> None:
    owner = django_user_model.objects.create_user(username="researcher")
    with receiving() as receiver:
        _, secret = an_endpoint(owner, receiver.url)
        process("worker", EMOTRACE_WEBHOOKS_ALLOW_PRIVATE="1")
        analysis = AnalysisFactory.create(recording__owner=owner)
        claimed(analysis).fail("no_picture", "There is none.")
        assert eventually(lambda: receiver.received != []), Delivery.objects.values_list(
            "status", "attempts", "error"
        ).get()
        headers, body = receiver.received[0]
        told = Webhook(secret).verify(body, headers)
        assert (told["type"], told["data"]["analysis"]) == ("analysis.failed", str(analysis.pk))
        assert eventually(lambda: Delivery.objects.get().status == Delivery.Status.DELIVERED)


def test_without_the_operators_word_the_worker_tells_nobody_at_home(process: Start, django_user_model: Any) -> None:
    owner = django_user_model.objects.create_user(username="researcher")
    with receiving() as receiver:
        an_endpoint(owner, receiver.url)
        process("worker")
        claimed(AnalysisFactory.create(recording__owner=owner)).fail("no_picture", "There is none.")
        assert eventually(lambda: Delivery.objects.get().error != "")
        assert receiver.received == []


@pytest.mark.extended
def test_a_lost_message_is_found_by_the_reaper(process: Start, django_user_model: Any, settings: Any) -> None:
    owner = django_user_model.objects.create_user(username="researcher")
    with receiving() as receiver:
        an_endpoint(owner, receiver.url)
        claimed(AnalysisFactory.create(recording__owner=owner)).fail("no_picture", "There is none.")
        redis.Redis.from_url(settings.REDIS_URL).delete(settings.WEBHOOK_QUEUE)
        Delivery.objects.update(dispatched_at="2026-01-01T00:00:00Z")
        process("reaper")
        process("worker", EMOTRACE_WEBHOOKS_ALLOW_PRIVATE="1")
        assert eventually(lambda: receiver.received != [])
