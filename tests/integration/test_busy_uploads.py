"""Uploads hold threads of the web process, but not all of them, and nobody's hold more than a few."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from emotrace_client import Client

from tests.conftest import Start
from tests.integration.processes import eventually
from tests.integration.rest import SAMPLES
from tests.integration.slow import LENGTH, Sender
from tests.integration.test_nginx import front
from tests.integration.web import Web
from tests.webapp.factories import UserFactory
from webapp.accounts.services import create_token
from webapp.recordings.upload_slots import MAX_CONCURRENT, MAX_CONCURRENT_PER_USER

__all__ = ["front"]

CLIP = SAMPLES / "interview.mp4"


@pytest.fixture(autouse=True)
def silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers have more patience with those who are silent than a test lasts."""
    monkeypatch.setenv("EMOTRACE_UPLOAD_SILENT_SECONDS", "900")


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture(params=["web", "nginx"])
def base(request: Any, process: Start) -> str:
    """The web process alone, and with nginx before it."""
    if request.param == "nginx":
        return str(request.getfixturevalue("front").base)
    return Web(process).base


def taken(base: str, stack: ExitStack) -> Sender:
    """One of those who send as many files as the server takes, none of which comes to an end."""
    slow = [Sender(base, UserFactory.create(), stack) for _ in range(MAX_CONCURRENT // MAX_CONCURRENT_PER_USER)]
    for each in slow:
        for _ in range(MAX_CONCURRENT_PER_USER):
            each.half_part()
    probe = Sender(base, UserFactory.create(), stack)
    path = probe.begin()
    assert eventually(lambda: probe.part(path, b"").status_code == 503, 60)
    return slow[0]


@pytest.mark.extended
def test_who_sends_files_slowly_leaves_room_for_others(base: str, stack: ExitStack) -> None:
    other = Sender(base, UserFactory.create(), stack)
    path, content = other.begin(), bytes(LENGTH)
    slow = taken(base, stack)

    refused = other.part(path, content[: LENGTH // 2])
    assert (refused.status_code, refused.json()["code"], refused.headers["Retry-After"]) == (503, "uploads_busy", "5")
    refused = slow.part(slow.begin(), content[: LENGTH // 2])
    assert (refused.status_code, refused.json()["code"], refused.headers["Retry-After"]) == (
        429,
        "too_many_uploads",
        "5",
    )
    form = {"consent": "true", "video_upload": "0" * 32}
    answer = other.session.post(f"{base}/api/v1/recordings/", data=form, timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (400, "upload_unknown")
    assert requests.get(f"{base}/login/", timeout=60).ok
    assert requests.get(f"{base}/healthz", timeout=60).ok

    stack.close()
    assert eventually(lambda: other.part(path, content).status_code == 204, 60)


def test_the_client_waits_as_long_as_it_is_told_to(
    process: Start, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    web, waited = Web(process), []
    secret = create_token(user=UserFactory.create(), name="test")[1]
    taken(web.base, stack)

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        stack.close()
        time.sleep(seconds)

    monkeypatch.setattr("emotrace_client.transport.time", SimpleNamespace(monotonic=time.monotonic, sleep=sleep))
    with Client(web.base, secret) as client:
        assert client.upload(CLIP, consent=True).title == "interview"
    assert waited[0] == 5
