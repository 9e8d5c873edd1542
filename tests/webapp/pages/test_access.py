"""Who sees which page."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from webapp.accounts import services as accounts
from webapp.accounts.models import Token, User
from webapp.analyses.models import Analysis
from webapp.recordings.models import Recording

OWN: dict[str, Callable[[Analysis], object]] = {
    "original": lambda analysis: analysis.recording_id,
    "delete": lambda analysis: analysis.recording_id,
    "edit": lambda analysis: analysis.recording_id,
    "compare": lambda analysis: analysis.recording_id,
    "result": lambda analysis: analysis.pk,
    "live": lambda analysis: analysis.pk,
}
ACTIONS: dict[str, Callable[[Analysis], object]] = {
    "again": lambda analysis: analysis.recording_id,
    "delete": lambda analysis: analysis.recording_id,
    "edit": lambda analysis: analysis.recording_id,
    "cancel": lambda analysis: analysis.pk,
}


@pytest.mark.parametrize(
    "name",
    ["recordings", "upload", "projects", "models", "tokens", "webhooks", "password", "account", "export", "erase"],
)
def test_the_anonymous_are_led_to_the_login(client: Client, db: None, name: str) -> None:
    path = reverse(f"pages:{name}")
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer["Location"] == f"/login/?next={path}"


@pytest.mark.parametrize("name", OWN)
def test_an_object_is_shown_to_nobody_but_its_owner(
    client: Client, stranger: Client, owner: Client, finished: Analysis, name: str
) -> None:
    path = reverse(f"pages:{name}", args=[OWN[name](finished)])
    assert client.get(path)["Location"].startswith("/login/")
    assert stranger.get(path).status_code == 404
    assert owner.get(path).status_code == 200


@pytest.mark.parametrize("name", ACTIONS)
def test_nobody_but_the_owner_acts_on_an_object(client: Client, stranger: Client, waiting: Analysis, name: str) -> None:
    path = reverse(f"pages:{name}", args=[ACTIONS[name](waiting)])
    assert client.post(path)["Location"].startswith("/login/")
    assert stranger.post(path).status_code == 404
    waiting.refresh_from_db()
    assert waiting.status == Analysis.Status.QUEUED
    assert Recording.objects.get().analyses.count() == 1


@pytest.mark.parametrize("name", ["again", "cancel"])
def test_a_link_alone_changes_nothing(owner: Client, waiting: Analysis, name: str) -> None:
    assert owner.get(reverse(f"pages:{name}", args=[ACTIONS[name](waiting)])).status_code == 405


@pytest.mark.parametrize("name", ACTIONS)
def test_a_form_from_elsewhere_is_refused(user: User, waiting: Analysis, name: str) -> None:
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(user)
    answer = careful.post(reverse(f"pages:{name}", args=[ACTIONS[name](waiting)]))
    assert answer.status_code == 403
    assert "too old to be sent" in answer.content.decode()


def test_a_token_is_not_revoked_by_a_stranger(user: User, stranger: Client) -> None:
    token, _ = accounts.make_token(user=user, name="notebook")
    stranger.post(reverse("pages:revoke", args=[token.pk]))
    assert Token.objects.filter(pk=token.pk).exists()


def test_what_is_not_there_is_said_in_words(owner: Client) -> None:
    answer = owner.get("/no/such/page/")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()


def test_logging_in_leads_to_where_one_wanted_to_go(client: Client, user: User) -> None:
    user.set_password("a long enough password")
    user.save()
    sent = {"username": "owner", "password": "a long enough password", "next": "/models/"}
    assert client.post("/login/?next=/models/", sent)["Location"] == "/models/"
    assert client.post("/logout/")["Location"] == "/login/"
    assert client.get("/")["Location"].startswith("/login/")


def test_a_page_whose_session_ended_is_led_to_the_login_as_a_whole(client: Client, waiting: Analysis) -> None:
    path = reverse("pages:live", args=[waiting.pk])
    answer = client.get(path, headers={"HX-Request": "true"}, follow=True)
    assert answer["HX-Refresh"] == "true"
    assert answer.content == b""


def test_a_wrong_password_is_said_and_the_name_is_kept(client: Client, user: User) -> None:
    page = client.post("/login/", {"username": "owner", "password": "wrong"}).content.decode()
    assert 'role="alert"' in page
    assert 'value="owner"' in page


@pytest.mark.parametrize(
    "name", ["recordings", "upload", "projects", "models", "tokens", "webhooks", "account", "erase"]
)
def test_pages_carry_no_inline_script_or_style(owner: Client, finished: Analysis, name: str) -> None:
    for path in (reverse(f"pages:{name}"), reverse("pages:result", args=[finished.pk])):
        answer = owner.get(path)
        page = answer.content.decode()
        assert "default-src 'self'" in answer["Content-Security-Policy"]
        assert " style=" not in page
        assert "<style" not in page
        assert "<script>" not in page
        assert "http://" not in page.replace("http://www.w3.org", "")
