"""Logging in and changing the password."""

import logging
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from webapp.accounts.first_password import sign_in_hint
from webapp.accounts.models import User
from webapp.local.bootstrap import prepare_installation

OLD, NEW = "an-old-password-of-mine", "a-new-password-of-mine"


@pytest.fixture
def person(user: User) -> Client:
    user.set_password(OLD)
    user.save()
    client = Client()
    client.post("/login/", {"username": "owner", "password": OLD})
    return client


def change(client: Client, old: str, new: str, again: str | None = None) -> str:
    fields = {"old_password": old, "new_password1": new, "new_password2": again or new}
    return client.post("/password/", fields, follow=True).content.decode()


def test_the_password_is_changed_and_other_sessions_end(person: Client) -> None:
    elsewhere = Client()
    elsewhere.post("/login/", {"username": "owner", "password": OLD})
    assert elsewhere.get("/").status_code == 200
    assert "Your password has been changed." in change(person, OLD, NEW)
    assert person.get("/").status_code == 200
    assert elsewhere.get("/")["Location"].startswith("/login/")
    assert Client().post("/login/", {"username": "owner", "password": OLD}).status_code == 200
    assert Client().post("/login/", {"username": "owner", "password": NEW}).status_code == 302


@pytest.mark.parametrize(
    ("old", "new", "again", "said"),
    [
        ("wrong", NEW, NEW, "old password was entered incorrectly"),
        (OLD, "short", "short", "too short"),
        (OLD, NEW, "another-password-of-mine", "match"),
    ],
)
def test_what_is_wrong_with_a_new_password_is_said(person: Client, old: str, new: str, again: str, said: str) -> None:
    assert said in change(person, old, new, again)
    assert person.get("/").status_code == 200
    assert Client().post("/login/", {"username": "owner", "password": OLD}).status_code == 302


def test_after_many_wrong_passwords_a_page_says_so(user: User, caplog: pytest.LogCaptureFixture) -> None:
    client = Client()
    with caplog.at_level(logging.CRITICAL):
        answers = [client.post("/login/", {"username": "owner", "password": str(number)}) for number in range(11)]
    assert answers[0].status_code == 200
    assert answers[-1].status_code == 429
    page = answers[-1].content.decode()
    assert "Too many wrong passwords" in page
    assert 'href="/login/"' in page


@pytest.fixture
def temporary(person: Client, user: User) -> Client:
    """Logged in with the password of the first start."""
    User.objects.update(password_is_temporary=True)
    return person


@pytest.mark.parametrize("path", ["/", "/tokens/", "/models/", "/api/v1/recordings/", "/api/docs/"])
def test_a_temporary_password_leads_to_ones_own(temporary: Client, path: str) -> None:
    assert temporary.get(path)["Location"] == "/password/"


def test_ones_own_password_opens_the_pages(temporary: Client) -> None:
    assert "Choose your password" in temporary.get("/password/").content.decode()
    assert "This is the present password" in change(temporary, OLD, OLD)
    assert "Your password has been changed." in change(temporary, OLD, NEW)
    assert temporary.get("/").status_code == 200


def test_one_may_log_out_without_choosing_a_password(temporary: Client) -> None:
    assert temporary.post("/logout/")["Location"] == "/login/"


@pytest.mark.django_db(transaction=True)  # it closes the connections
def test_the_first_administrators_password_is_temporary_and_kept_until_it_is_changed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept = tmp_path / "first-password.txt"
    monkeypatch.setattr("webapp.accounts.first_password.password_file", lambda: kept)
    prepare_installation()
    admin = User.objects.get(username="admin")
    assert admin.password_is_temporary and admin.check_password(kept.read_text().strip())
    assert kept.stat().st_mode & 0o777 == 0o600
    prepare_installation()
    assert kept.read_text().strip() in sign_in_hint()
    admin.set_password(NEW)
    admin.save()
    assert not kept.exists() and sign_in_hint() == ""


def test_the_file_of_the_first_password_goes_at_the_first_login(
    client: Client, django_user_model: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept = tmp_path / "first-password.txt"
    kept.write_text("secret")
    monkeypatch.setattr("webapp.accounts.first_password.password_file", lambda: kept)
    for name in ("somebody", "admin"):
        assert kept.exists()
        client.force_login(django_user_model.objects.create_user(username=name, password="x"))
    assert not kept.exists()
