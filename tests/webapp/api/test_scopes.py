"""What a token may do: every call with every scope, and the end of a token's time."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.cache import cache
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework.views import APIView

from tests.webapp import tus
from webapp.accounts.models import Scope, Token, User
from webapp.accounts.services import create_token
from webapp.api import urls
from webapp.api.views.base import NotFoundView

NEEDS = {
    "recordings/": {"get": "read", "post": "write"},
    "recordings/<uuid:pk>/": {"get": "read", "patch": "write", "delete": "write"},
    "recordings/<uuid:pk>/analyses/": {"post": "write"},
    "uploads/": {"post": "write", "options": "write"},
    "uploads/<uuid:pk>/": {"head": "write", "patch": "write", "delete": "write", "options": "write"},
    "uploads/<uuid:pk>/eeg/": {"get": "write"},
    "analyses/": {"get": "read"},
    "analyses/<uuid:pk>/": {"get": "read"},
    "analyses/<uuid:pk>/cancel/": {"post": "write"},
    "analyses/<uuid:pk>/segments/": {"get": "read"},
    "analyses/<uuid:pk>/windows/": {"get": "read"},
    "analyses/<uuid:pk>/video/": {"get": "read"},
    "analyses/<uuid:pk>/chapters/": {"get": "read"},
    "analyses/<uuid:pk>/export/<str:format>/": {"get": "read"},
    "analyses/<uuid:pk>/faces/": {"get": "read"},
    "analyses/<uuid:pk>/baseline/": {"get": "read", "put": "write", "delete": "write"},
    "analyses/<uuid:pk>/corrections/carry-over/": {"post": "write"},
    "analyses/<uuid:pk>/corrections/": {"get": "read", "put": "write", "delete": "write"},
    "exports/": {"get": "read"},
    "segments/": {"get": "read"},
    "models/": {"get": "read"},
    "account/": {"get": "read"},
    "account/delete/": {"post": "account"},
    "projects/": {"get": "read", "post": "write"},
    "projects/<uuid:pk>/": {"get": "read", "patch": "write", "delete": "write"},
    "projects/<uuid:pk>/participants/": {"get": "read", "post": "write"},
    "projects/<uuid:pk>/variables/": {"get": "read", "post": "write"},
    "projects/<uuid:pk>/values/": {"get": "read", "put": "write"},
    "projects/<uuid:pk>/name-pattern/": {"post": "write"},
    "projects/<uuid:pk>/stimuli/": {"get": "read", "post": "write"},
    "projects/<uuid:pk>/stimuli/<uuid:stimulus>/video/": {"get": "read"},
    "projects/<uuid:pk>/stimuli/<uuid:stimulus>/picture/": {"get": "read"},
    "projects/<uuid:pk>/markers/": {"get": "read", "post": "write"},
    "participants/<uuid:pk>/": {"patch": "write", "delete": "write"},
    "participants/<uuid:pk>/merge/": {"post": "write"},
    "variables/<uuid:pk>/": {"patch": "write", "delete": "write"},
    "stimuli/<uuid:pk>/": {"patch": "write", "delete": "write"},
    "markers/<uuid:pk>/": {"patch": "write", "delete": "write"},
    "recordings/<uuid:pk>/markers/": {"get": "read", "post": "write", "put": "write"},
    "recordings/<uuid:pk>/markers/import/": {"post": "write"},
    "recordings/<uuid:pk>/transcript/import/": {"post": "write"},
    "projects/<uuid:pk>/markers/import/": {"post": "write"},
    "recordings/<uuid:pk>/transcript/": {"get": "read", "put": "write", "delete": "write"},
    "projects/<uuid:pk>/table/": {"get": "read"},
    "projects/<uuid:pk>/codebook/": {"get": "read"},
    "projects/<uuid:pk>/bids/": {"get": "read"},
    "projects/<uuid:pk>/comparisons/": {"get": "read", "post": "write"},
    "projects/<uuid:pk>/comparisons/<uuid:comparison>/": {"get": "read", "delete": "write"},
    "projects/<uuid:pk>/comparisons/<uuid:comparison>/<str:format>/": {"get": "read"},
    "tags/": {"get": "read", "post": "write"},
    "tags/<uuid:pk>/": {"get": "read", "patch": "write", "delete": "write"},
    "shares/": {"get": "account", "post": "account"},
    "shares/<uuid:pk>/": {"delete": "account"},
    "shared/": {"get": "read"},
    "webhooks/": {"get": "account", "post": "account"},
    "webhooks/<uuid:pk>/": {"get": "account", "patch": "account", "delete": "account"},
    "webhooks/<uuid:pk>/secret/": {"post": "account"},
    "webhooks/<uuid:pk>/test/": {"post": "account"},
    "webhooks/<uuid:pk>/deliveries/": {"get": "account"},
    "webhooks/<uuid:pk>/deliveries/<uuid:delivery>/again/": {"post": "account"},
}
OPEN = {"auth/token/"}
BY_LINK = "collection/"  # the secret in the address authorises these
METHODS = ("get", "head", "post", "put", "patch", "delete", "options")


def calls() -> list[tuple[str, str]]:
    """Every route with every method that its view answers itself."""
    found = []
    for each in urls.urlpatterns:
        view = each.callback.cls  # type: ignore[attr-defined]
        if view is NotFoundView or str(each.pattern) in OPEN or str(each.pattern).startswith(BY_LINK):
            continue
        allowed = [name for name in METHODS if name in view.http_method_names]
        own = [name for name in allowed if getattr(view, name, None) not in (None, getattr(APIView, name, None))]
        found += [(str(each.pattern), name) for name in own]
    return found


@pytest.fixture
def person(db: None) -> User:
    cache.clear()
    return User.objects.create_user(username="anna")


def ask(person: User, scopes: list[str], route: str, method: str) -> Any:
    _, secret = create_token(user=person, name="test", scopes=scopes)
    address = re.sub(r"<uuid:\w+>", str(UUID(int=0)), route).replace("<str:format>", "csv")
    return getattr(APIClient(), method)(
        f"/api/v1/{address}", headers={"Authorization": f"Token {secret}", **tus.SPEAKS}
    )


def test_the_table_has_every_call() -> None:
    assert {(route, method) for route, methods in NEEDS.items() for method in methods} == set(calls())


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize(("route", "method"), calls())
def test_a_call_needs_its_scope_and_no_other(person: User, route: str, method: str, scope: Scope) -> None:
    needed = NEEDS[route][method]
    alone = ask(person, [scope], route, method)
    if scope == needed:
        assert alone.status_code != 403
        return
    assert alone.status_code == 403
    if method != "head":
        assert (alone.json()["code"], alone.json()["scope"]) == ("scope_missing", needed)
        assert needed in alone.json()["detail"]
    assert ask(person, [scope, needed], route, method).status_code != 403


@pytest.mark.parametrize("meant", ["DELETE", "PATCH"])
def test_a_method_that_is_meant_needs_the_scope_of_that_method(person: User, meant: str) -> None:
    _, secret = create_token(user=person, name="test", scopes=["read"])
    answer = APIClient().post(
        f"/api/v1/uploads/{UUID(int=0)}/",
        headers={"Authorization": f"Token {secret}", "X-HTTP-Method-Override": meant, **tus.SPEAKS},
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


def test_a_browser_may_do_everything(client: Any, person: User) -> None:
    client.force_login(person)
    assert client.get("/api/v1/recordings/").status_code == 200
    assert client.post(f"/api/v1/analyses/{UUID(int=0)}/cancel/").status_code == 404


def test_a_token_that_has_expired_says_so(person: User) -> None:
    token, secret = create_token(user=person, name="test", expires_days=30)
    assert token.expires_at is not None
    assert timedelta(days=29) < token.expires_at - timezone.now() <= timedelta(days=30)

    def asked() -> Any:
        return APIClient().get("/api/v1/recordings/", headers={"Authorization": f"Token {secret}"})

    assert asked().status_code == 200
    Token.objects.update(expires_at=timezone.now(), last_used_at=None)
    answer = asked()
    assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")
    assert answer["WWW-Authenticate"] == "Token"
    assert Token.objects.get().last_used_at is None


PASSWORD = "a long enough password"


def asked_for(person: User, **more: Any) -> Any:
    person.set_password(PASSWORD)
    person.save()
    return APIClient().post("/api/v1/auth/token/", {"username": "anna", "password": PASSWORD, **more}, format="json")


def test_a_token_is_made_as_it_was_asked_for(person: User) -> None:
    made = asked_for(person, name="notebook", scopes=["write", "read", "read"], expires_days=7).json()
    assert (made["name"], made["scopes"]) == ("notebook", ["read", "write"])
    token = Token.objects.get()
    assert (token.name, token.scopes) == ("notebook", ["read", "write"])
    assert token.expires_at is not None
    assert timedelta(days=6) < token.expires_at - timezone.now() <= timedelta(days=7)


def test_a_token_lasts_ninety_days_or_for_ever(person: User) -> None:
    asked_for(person)
    limited = Token.objects.get()
    assert limited.expires_at is not None
    assert (limited.expires_at - timezone.now()).days == 89
    assert asked_for(person, expires_days=None).json()["expires_at"] is None


@pytest.mark.parametrize(
    "wrong", [{"scopes": ["everything"]}, {"scopes": []}, {"expires_days": 0}, {"name": ""}, {"expires_days": "soon"}]
)
def test_a_wish_that_makes_no_sense_is_named(person: User, wrong: dict[str, Any]) -> None:
    answer = asked_for(person, **wrong)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, list(wrong))
    assert not Token.objects.exists()
