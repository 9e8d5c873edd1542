"""Which pages may use the camera and the microphone."""

from typing import Any

import pytest

from webapp.accounts.models import User

pytestmark = pytest.mark.django_db


def test_only_a_page_that_records_may_use_the_camera(client: Any, owner: User, models: Any) -> None:
    client.force_login(owner)
    assert client.get("/recordings/new/")["Permissions-Policy"] == "camera=(self), microphone=(self)"
    for path in ("/", "/projects/", "/login/", "/api/v1/recordings/", "/nothing/"):
        assert client.get(path)["Permissions-Policy"] == "camera=(), microphone=()", path
