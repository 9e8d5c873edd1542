"""Requests that are led elsewhere or refused, whoever makes them."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from webapp.accounts.models import User
from webapp.analyses.models import Analysis

ACTIONS: dict[str, Callable[[Analysis], object]] = {
    "reanalyse": lambda analysis: analysis.recording_id,
    "delete": lambda analysis: analysis.recording_id,
    "edit": lambda analysis: analysis.recording_id,
    "cancel": lambda analysis: analysis.pk,
}


@pytest.mark.parametrize("name", ["reanalyse", "cancel"])
def test_a_link_alone_changes_nothing(owner: Client, waiting: Analysis, name: str) -> None:
    assert owner.get(reverse(f"pages:{name}", args=[ACTIONS[name](waiting)])).status_code == 405


@pytest.mark.parametrize("name", ACTIONS)
def test_a_form_from_elsewhere_is_refused(user: User, waiting: Analysis, name: str) -> None:
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(user)
    answer = careful.post(reverse(f"pages:{name}", args=[ACTIONS[name](waiting)]))
    assert answer.status_code == 403
    assert "This page is out of date" in answer.content.decode()


def test_what_is_not_there_is_said_in_words(owner: Client) -> None:
    answer = owner.get("/no/such/page/")
    assert answer.status_code == 404
    assert "Page not found" in answer.content.decode()


def test_logging_in_leads_to_where_one_wanted_to_go(client: Client, user: User) -> None:
    user.set_password("a long enough password")
    user.save()
    sent = {"username": "owner", "password": "a long enough password", "next": "/models/"}
    assert client.post("/login/?next=/models/", sent)["Location"] == "/models/"
    assert client.post("/logout/")["Location"] == "/login/"
    assert client.get("/")["Location"].startswith("/login/")


def test_a_page_whose_session_ended_is_led_to_the_login_as_a_whole(client: Client, waiting: Analysis) -> None:
    path = reverse("pages:progress", args=[waiting.pk])
    answer = client.get(path, headers={"HX-Request": "true"}, follow=True)
    assert answer["HX-Refresh"] == "true"
    assert answer.content == b""


def test_a_wrong_password_is_said_and_the_name_is_kept(client: Client, user: User) -> None:
    page = client.post("/login/", {"username": "owner", "password": "wrong"}).content.decode()
    assert 'role="alert"' in page
    assert 'value="owner"' in page
