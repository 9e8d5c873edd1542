"""Uploads hold threads of the web process, but not all of them, and nobody's hold more than a few."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests

from tests.conftest import Start
from tests.integration.processes import eventually
from tests.integration.slow import LENGTH, Sender
from tests.integration.test_nginx import front
from tests.integration.web import Web
from tests.webapp.factories import UserFactory
from webapp.recordings.receiving import AT_ONCE, AT_ONCE_EACH

__all__ = ["front"]


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


def test_who_sends_files_slowly_leaves_room_for_others(base: str, stack: ExitStack) -> None:
    slow = [Sender(base, UserFactory.create(), stack) for _ in range(AT_ONCE // AT_ONCE_EACH)]
    other = Sender(base, UserFactory.create(), stack)
    path, content = other.begin(), bytes(LENGTH)
    for each in slow:
        for _ in range(AT_ONCE_EACH):
            each.half_part()
    assert eventually(lambda: other.part(path, b"").status_code == 503, 60)

    refused = other.part(path, content[: LENGTH // 2])
    assert (refused.status_code, refused.json()["code"], refused.headers["Retry-After"]) == (503, "uploads_busy", "5")
    refused = slow[0].part(slow[0].begin(), content[: LENGTH // 2])
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
