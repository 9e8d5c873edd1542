"""The page on which administrators set what holds for the whole installation."""

from typing import Any

import pytest
from django.test import Client

from tests.webapp.factories import RecordingFactory
from webapp.accounts.models import User
from webapp.analyses.privacy import account_deletion
from webapp.audit.models import Action, Entry
from webapp.webhooks.models import AllowedNetwork


@pytest.fixture
def administrator(client: Client, django_user_model: Any) -> User:
    user: User = django_user_model.objects.create_superuser(username="admin", password="x")
    client.force_login(user)
    return user


def test_an_administrator_allows_networks_and_it_is_noted(client: Client, administrator: User) -> None:
    answer = client.post("/installation/", {"networks": "127.0.0.0/8\nfd00:1::/64", "sure": "on"})
    assert answer.status_code == 302
    assert [each.network for each in AllowedNetwork.objects.order_by("pk")] == ["127.0.0.0/8", "fd00:1::/64"]
    assert Entry.objects.filter(action=Action.WEBHOOK_NETWORKS_CHANGED, actor_id=administrator.pk).count() == 1
    assert "127.0.0.0/8" in client.get("/installation/").content.decode()


@pytest.mark.parametrize(
    "given", [{"networks": "192.168.1.7/24", "sure": "on"}, {"networks": "x", "sure": "on"}, {"networks": "10.0.0.0/8"}]
)
def test_what_is_no_network_or_not_confirmed_changes_nothing(
    client: Client, administrator: User, given: dict[str, str]
) -> None:
    assert client.post("/installation/", given).status_code == 422
    assert not AllowedNetwork.objects.exists()


def test_accounts_that_are_being_deleted_are_listed(
    client: Client, administrator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "None. Accounts with" in client.get("/installation/").content.decode()
    ada = User.objects.create_user("ada")
    RecordingFactory.create_batch(3, owner=ada)
    monkeypatch.setattr(account_deletion, "ERASE_BATCH_SIZE", 1)
    monkeypatch.setattr(account_deletion, "REQUEST_SECONDS", 0)
    account_deletion.delete_account(user=ada)
    page = " ".join(client.get("/installation/").content.decode().split())
    assert ">ada</span>" in page
    assert "2 recordings left, since" in page
    account_deletion.continue_pending()
    assert "None. Accounts with" in client.get("/installation/").content.decode()


def test_others_neither_see_nor_find_it(client: Client, django_user_model: Any) -> None:
    client.force_login(django_user_model.objects.create_user(username="someone", password="x"))
    assert client.get("/installation/").status_code == 403
    assert "/installation/" not in client.get("/").content.decode()
