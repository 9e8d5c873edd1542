"""The page of tokens."""

import re

from django.test import Client
from django.urls import reverse

from webapp.accounts import services
from webapp.accounts.models import Token, User


def test_a_token_is_shown_once_and_works(owner: Client, user: User) -> None:
    page = owner.post("/tokens/", {"name": "notebook"}).content.decode()
    found = re.search(r'id="fresh-token">([^<]+)<', page)
    assert found
    token = services.use_token(secret=found[1])
    assert token is not None
    assert token.user == user
    again = owner.get("/tokens/").content.decode()
    assert "notebook" in again
    assert found[1] not in again


def test_a_token_is_revoked(owner: Client, user: User) -> None:
    token, _ = services.make_token(user=user, name="notebook")
    page = owner.post(reverse("pages:revoke", args=[token.pk]), follow=True).content.decode()
    assert "You have no token yet" in page
    assert not Token.objects.exists()


def test_a_token_needs_a_name(owner: Client) -> None:
    owner.post("/tokens/", {"name": ""})
    assert not Token.objects.exists()
