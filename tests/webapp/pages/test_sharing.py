"""The page on which an owner shares."""

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from webapp.accounts.models import User
from webapp.accounts.services import digest
from webapp.analyses.models import Analysis
from webapp.recordings import consent, projects_and_tags
from webapp.recordings.models import Share

PERSON = {"form": "person", "person-username": "stranger", "person-note": "For the review", "person-consent": "on"}
LINK = {"form": "link", "link-expires": "7", "link-note": "For the journal", "link-consent": "on"}


@pytest.fixture
def address(waiting: Analysis) -> str:
    cache.clear()
    return reverse("pages:share-recording", args=[waiting.recording_id])


def test_it_is_shared_with_a_person(owner: Client, stranger: Client, address: str) -> None:
    assert "It is not shared" in owner.get(address).content.decode()
    page = owner.post(address, PERSON, follow=True).content.decode()
    assert "“Interview” is shared with stranger." in page
    assert "For the review" in page
    assert "not seen yet" in page
    share = Share.objects.get()
    assert (share.person, share.may_download) == (User.objects.get(username="stranger"), False)
    assert share.consent_version == consent.SHARING_VERSION
    stranger.get(reverse("pages:result", args=[share.target.analyses.get().pk]))  # type: ignore[union-attr]
    assert "last seen" in owner.get(address).content.decode()


def test_a_link_is_shown_once_and_its_digest_kept(owner: Client, client: Client, address: str) -> None:
    page = owner.post(address, LINK | {"link-may_download": "on"}).content.decode()
    found = re.search(r'id="fresh-link">http://testserver(/link/([^<]+)/)<', page)
    assert found
    share = Share.objects.get()
    assert share.digest == digest(found[2])
    assert share.expires_at is not None
    assert timedelta(days=6) < share.expires_at - timezone.now() <= timedelta(days=7)
    assert share.may_download
    assert client.get(found[1], follow=True).status_code == 200
    again = owner.get(address).content.decode()
    assert found[2] not in again
    assert "opened 1 time" in again
    owner.post(reverse("pages:share-revoke", args=[share.pk]))
    assert client.get(found[1]).status_code == 404


def test_a_link_lasts_to_the_end_of_a_chosen_day(owner: Client, address: str) -> None:
    day = timezone.now().date() + timedelta(days=3)
    owner.post(address, LINK | {"link-expires": "date", "link-day": day.isoformat()})
    ends = Share.objects.get().expires_at
    assert ends is not None
    assert ends.isoformat() == f"{day}T23:59:59.999999+00:00"


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (PERSON | {"person-username": "nobody"}, "Nobody here is called “nobody”"),
        (PERSON | {"person-username": "owner"}, "This is you"),
        (PERSON | {"person-username": ""}, "Enter the user name"),
        (PERSON | {"person-consent": ""}, "Nothing can be shared without this agreement"),
        (LINK | {"link-consent": ""}, "Nothing can be shared without this agreement"),
        (LINK | {"link-expires": "date"}, "Choose the last day"),
        (LINK | {"link-expires": "date", "link-day": "soon"}, "This is not a date"),
        (LINK | {"link-expires": "date", "link-day": "2020-01-01"}, "within the next 366 days"),
        (LINK | {"link-expires": "date", "link-day": "9999-12-31"}, "within the next 366 days"),
        (LINK | {"link-expires": "never"}, "not one of the available choices"),
    ],
)
def test_what_is_wrong_is_said_and_the_rest_is_kept(
    owner: Client, stranger: Client, address: str, sent: dict[str, str], words: str
) -> None:
    answer = owner.post(address, sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert f'value="{sent.get("person-note") or sent["link-note"]}"' in page
    assert not Share.objects.exists()


def test_the_same_person_twice_is_said(owner: Client, stranger: Client, address: str) -> None:
    owner.post(address, PERSON)
    assert "shared with “stranger” already" in owner.post(address, PERSON).content.decode()
    assert Share.objects.count() == 1


def test_revoking_asks_first_and_is_for_owners_alone(owner: Client, stranger: Client, address: str) -> None:
    owner.post(address, PERSON)
    revoke = reverse("pages:share-revoke", args=[Share.objects.get().pk])
    assert "Stop sharing “Interview” with stranger?" in owner.get(revoke).content.decode()
    assert stranger.post(revoke).status_code == 404
    assert Share.objects.exists()
    page = owner.post(revoke, follow=True).content.decode()
    assert "It is not shared" in page


def test_a_project_is_shared_and_its_recordings_say_so(
    owner: Client, stranger: Client, waiting: Analysis, user: User
) -> None:
    project = projects_and_tags.create_project(owner=user, name="Pilot")
    projects_and_tags.move_to_project(recordings=[waiting.recording], project=project)
    page = owner.post(reverse("pages:share-project", args=[project.pk]), PERSON, follow=True).content.decode()
    assert "also of those that you add later" in page
    assert "also in those that come into it later" in page
    assert "Pilot (shared with others)" in owner.get("/recordings/new/").content.decode()
    assert "Interview" in stranger.get("/shared/").content.decode()
    page = owner.get(reverse("pages:share-recording", args=[waiting.recording_id])).content.decode()
    assert "is shared too, in 1 way" in page
