"""Pages that cannot be shown: what failed on our side is said, and looks like ours."""

import errno
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.urls import reverse

from webapp.accounts.models import User
from webapp.recordings import selectors


@pytest.fixture
def browser(user: User) -> Client:
    browser = Client(raise_request_exception=False)
    browser.force_login(user)
    return browser


def raising(error: Exception) -> Any:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (OperationalError("the connection was lost"), 503, "cannot reach its database"),
        (ZeroDivisionError("secret"), 500, "Your recordings are safe"),
    ],
)
def test_it_says_what_failed(
    browser: Client, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, words: str
) -> None:
    monkeypatch.setattr(selectors, "projects_of", raising(error))
    answer = browser.get(reverse("pages:projects"))
    page = answer.content.decode()
    assert answer.status_code == status
    assert words in page and "Something went wrong on our side" in page
    assert str(error) not in page


@pytest.mark.parametrize("query", ["SELECT pg_sleep(5)", "DO $$ BEGIN RAISE lock_not_available; END $$"])
def test_what_takes_the_database_too_long_is_said(browser: Client, monkeypatch: pytest.MonkeyPatch, query: str) -> None:
    def ask(_: User) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '100ms'")
            cursor.execute(query)

    monkeypatch.setattr(selectors, "projects_of", ask)
    answer = browser.get(reverse("pages:projects"))
    assert answer.status_code == 503
    assert "The database took too long" in answer.content.decode()


def test_a_form_whose_file_finds_no_room(browser: Client, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(TemporaryFileUploadHandler, "receive_data_chunk", raising(full))
    answer = browser.post(reverse("pages:upload"), {"video": SimpleUploadedFile("a.mp4", b"x")})
    assert answer.status_code == 507
    assert "has no room for this" in answer.content.decode()
