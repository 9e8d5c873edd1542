"""The page of tokens."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from webapp.accounts import services
from webapp.accounts.models import Scope, Token, User

PASSWORD = "an-old-password-of-mine"
WANTED = {"name": "notebook", "scopes": ["read", "write"], "expires": "30"}


def test_a_token_is_shown_once_and_works(owner: Client, user: User) -> None:
    page = owner.post("/tokens/", WANTED).content.decode()
    found = re.search(r'id="fresh-token">([^<]+)<', page)
    assert found
    token = services.use_token(secret=found[1])
    assert token is not None
    assert (token.user, token.scopes) == (user, ["read", "write"])
    assert token.expires_at is not None
    assert (token.expires_at - timezone.now()).days == 29
    again = owner.get("/tokens/").content.decode()
    assert "notebook" in again
    assert found[1] not in again


def test_a_session_alone_makes_none(owner: Client, user: User) -> None:
    user.set_password(PASSWORD)
    user.save()
    owner.force_login(user)
    assert owner.get("/tokens/").status_code == 200
    answer = owner.post("/tokens/", WANTED)
    assert answer["Location"].startswith("/account/again/")
    assert "Incorrect password" in owner.post(answer["Location"], {"password": "a guess"}).content.decode()
    assert not Token.objects.exists()
    page = owner.post(answer["Location"], {"password": PASSWORD, "next": "/tokens/"}).content.decode()
    assert 'id="fresh-token"' in page
    assert 'action="/tokens/"' in page
    assert Token.objects.get().scopes == WANTED["scopes"]
    owner.post("/tokens/", WANTED)
    assert Token.objects.count() == 2, "once is enough for some minutes"


def test_a_token_makes_none(user: User) -> None:
    _, secret = services.create_token(user=user, name="notebook", scopes=list(Scope))
    headers = {"Authorization": f"Token {secret}"}
    page = Client(headers=headers).post("/tokens/", WANTED)
    assert page["Location"].startswith("/login/")
    answer = Client(headers=headers).post(
        "/api/v1/auth/token/", {"name": "more", "scopes": list(Scope), "expires_days": None}, "application/json"
    )
    assert (answer.status_code, set(answer.json()["errors"])) == (400, {"username", "password"})
    assert Token.objects.count() == 1


def test_the_form_proposes_ninety_days_without_the_account(owner: Client) -> None:
    page = owner.get("/tokens/").content.decode()
    assert '<option value="90" selected>' in page
    ticked = re.findall(r'name="scopes" value="(\w+)"[^>]* checked', page)
    assert ticked == ["read", "write"]


def test_a_token_may_last_for_ever(owner: Client) -> None:
    owner.post("/tokens/", WANTED | {"expires": "never"})
    assert Token.objects.get().expires_at is None
    assert "does not expire" in owner.get("/tokens/").content.decode()


def test_one_that_has_expired_is_marked(owner: Client, user: User) -> None:
    services.create_token(user=user, name="old")
    Token.objects.update(expires_at=timezone.now() - timedelta(days=1))
    page = owner.get("/tokens/").content.decode()
    assert "expired" in page
    assert "never used" in page


def test_a_token_is_revoked_after_a_question(owner: Client, user: User) -> None:
    token, _ = services.create_token(user=user, name="notebook")
    address = reverse("pages:revoke-token", args=[token.pk])
    assert "Revoke “notebook”?" in owner.get(address).content.decode()
    assert Token.objects.exists()
    page = owner.post(address, follow=True).content.decode()
    assert "You have no token yet" in page
    assert not Token.objects.exists()
    assert owner.get(address).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": ""}, "Enter a name"),
        ({"scopes": []}, "Choose at least one scope"),
        ({"scopes": ["everything"]}, "not one of the available choices"),
        ({"expires": "12"}, "not one of the available choices"),
    ],
)
def test_what_is_missing_is_said_and_the_rest_is_kept(owner: Client, wrong: dict[str, Any], words: str) -> None:
    answer = owner.post("/tokens/", WANTED | wrong)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    if "name" not in wrong:
        assert 'value="notebook"' in page
    assert not Token.objects.exists()
