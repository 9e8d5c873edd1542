"""A body that is refused is refused before it is read."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from tests.webapp import tus
from webapp.accounts.models import User

MULTIPART = "multipart/form-data; boundary=b"
BODY = b'--b\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\n' + b"x" * 100 + b"\r\n--b--\r\n"


@pytest.fixture(autouse=True)
def unread(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads a body fails."""
    settings.BODY_BYTES = 50
    monkeypatch.setattr("django.core.handlers.wsgi.LimitedStream.read", lambda *_: 1 / 0)


@pytest.mark.parametrize("path", ["/login/", "/tags/new/", "/recordings/chosen/move/"])
def test_a_large_form_is_refused(db: None, owner: User, path: str) -> None:
    for client in (Client(enforce_csrf_checks=True), Client(enforce_csrf_checks=True)):
        answer = client.post(path, BODY, content_type=MULTIPART)
        assert answer.status_code == 413
        assert "This request was refused" in answer.content.decode()
        client.force_login(owner)


@pytest.mark.parametrize("path", ["auth/token/", "tags/", "uploads/"])
def test_large_json_is_refused(api: APIClient, path: str) -> None:
    answer = api.post(f"/api/v1/{path}", {"name": "x" * 50}, headers=tus.SPEAKS)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_nobody_known_sends_a_form_with_files(db: None) -> None:
    answer = Client(enforce_csrf_checks=True).post(reverse("pages:upload"), BODY, content_type=MULTIPART)
    assert (answer.status_code, answer["Location"]) == (302, "/login/?next=/recordings/new/")


@pytest.mark.parametrize(("method", "path"), [("POST", "recordings/"), ("POST", "uploads/"), ("PATCH", "uploads/{}/")])
def test_nobody_known_sends_files_over_rest(db: None, method: str, path: str, settings: Any) -> None:
    settings.BODY_BYTES = 1000
    address = "/api/v1/" + path.format("00000000-0000-0000-0000-000000000000")
    answer = APIClient().generic(method, address, BODY, content_type=MULTIPART, headers=tus.SPEAKS)  # type: ignore[arg-type]
    assert answer.status_code == 401
