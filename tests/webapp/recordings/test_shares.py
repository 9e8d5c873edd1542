"""Sharing over REST."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.http import Http404
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from tests.webapp import sharing
from tests.webapp.factories import RecordingFactory, finished
from webapp.accounts.models import User
from webapp.analyses.models import Analysis
from webapp.recordings import projects_and_tags
from webapp.recordings.models import Recording, Share
from webapp.recordings.sharing import create_link, share_with_user

SHARES = "/api/v1/shares/"


@pytest.fixture
def analysis(owner: User) -> Analysis:
    return finished("happy", "sad", recording__owner=owner, recording__title="Interview")


def test_a_recording_is_shared_listed_and_revoked(
    api: APIClient, client_of: Any, stranger: User, analysis: Analysis
) -> None:
    wanted = {"recording": str(analysis.recording_id), "username": stranger.username, "note": "review", "consent": True}
    made = api.post(SHARES, wanted)
    assert made.status_code == 201
    share = made.json()
    assert share["path"] is None
    assert (share["username"], share["note"], share["may_download"]) == (stranger.username, "review", False)
    assert api.get(SHARES).json()["results"] == [{k: v for k, v in share.items() if k != "path"}]
    found = client_of(stranger).get("/api/v1/shared/").json()["results"]
    assert [(each["title"], each["owner"]) for each in found] == [("Interview", analysis.recording.owner.username)]
    assert [each["id"] for each in found[0]["analyses"]] == [str(analysis.pk)]
    assert "consent_at" not in found[0]
    assert "files" not in found[0]
    assert api.delete(f"{SHARES}{share['id']}/").status_code == 204
    assert client_of(stranger).get("/api/v1/shared/").json()["results"] == []


def test_a_link_works_without_an_account_and_its_secret_is_not_listed(api: APIClient, analysis: Analysis) -> None:
    made = api.post(SHARES, {"recording": str(analysis.recording_id), "expires_days": 7, "consent": True}).json()
    assert made["username"] is None
    assert Client().get(made["path"], follow=True).status_code == 200
    cache.clear()
    listed = api.get(SHARES).json()["results"][0]
    assert listed["openings"] == 1
    assert listed["last_seen_at"]
    assert "path" not in listed
    assert "digest" not in listed


def test_a_project_is_shared_with_what_is_in_it(
    api: APIClient, client_of: Any, stranger: User, owner: User, analysis: Analysis
) -> None:
    project = projects_and_tags.create_project(owner=owner, name="Pilot")
    wanted = {"project": str(project.pk), "username": stranger.username, "consent": True}
    assert api.post(SHARES, wanted).status_code == 201
    assert client_of(stranger).get("/api/v1/shared/").json()["results"] == []
    projects_and_tags.move_to_project(recordings=[analysis.recording], project=project)
    sharing.with_person(analysis.recording, stranger)
    assert len(client_of(stranger).get("/api/v1/shared/").json()["results"]) == 1  # shared twice, listed once


@pytest.mark.parametrize(
    ("wrong", "status", "code", "field"),
    [
        ({"consent": False}, 400, "sharing_consent_missing", "consent"),
        ({"username": "nobody"}, 400, "share_person", "username"),
        ({"username": None}, 400, "invalid", "username"),
        ({"username": "OWNER"}, 400, "share_person", "username"),
        ({"expires_days": 7}, 400, "invalid", "expires_days"),
        ({"recording": "OTHER"}, 400, "invalid", "recording"),
        ({"project": "OTHER"}, 400, "invalid", "project"),
        ({"note": "x" * 201}, 400, "invalid", "note"),
    ],
)
def test_what_is_wrong_is_named(
    api: APIClient,
    owner: User,
    stranger: User,
    analysis: Analysis,
    wrong: dict[str, Any],
    status: int,
    code: str,
    field: str,
) -> None:
    names = {"OWNER": owner.username, "OTHER": str(RecordingFactory.create(owner=stranger).pk)}
    wanted = {"recording": str(analysis.recording_id), "username": stranger.username, "consent": True}
    answer = api.post(SHARES, wanted | {key: names.get(value, value) for key, value in wrong.items()})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert list(answer.json()["errors"]) == [field]
    assert not Share.objects.exists()


@pytest.mark.parametrize("ends", [{}, {"expires_days": 0}, {"expires_days": 367}, {"expires_at": "2020-01-01T00:00Z"}])
def test_a_link_has_an_end_within_a_year(api: APIClient, analysis: Analysis, ends: dict[str, Any]) -> None:
    answer = api.post(SHARES, {"recording": str(analysis.recording_id), "consent": True} | ends)
    assert answer.status_code == 400
    assert not Share.objects.exists()


def test_with_one_person_once(api: APIClient, stranger: User, analysis: Analysis) -> None:
    wanted = {"recording": str(analysis.recording_id), "username": stranger.username, "consent": True}
    assert api.post(SHARES, wanted).status_code == 201
    answer = api.post(SHARES, wanted)
    assert (answer.status_code, answer.json()["code"]) == (409, "share_exists")


def test_what_is_shared_with_oneself_cannot_be_passed_on(client_of: Any, stranger: User, analysis: Analysis) -> None:
    sharing.with_person(analysis.recording, stranger, may_download=True)
    wanted = {"recording": str(analysis.recording_id), "expires_days": 7, "consent": True}
    assert client_of(stranger).post(SHARES, wanted).status_code == 400
    assert Share.objects.count() == 1


def test_looking_is_noted_now_and_then(client_of: Any, stranger: User, analysis: Analysis) -> None:
    share = sharing.with_person(analysis.recording, stranger)
    address = f"/api/v1/analyses/{analysis.pk}/segments/"
    client_of(stranger).get(address)
    share.refresh_from_db()
    first = share.last_seen_at
    assert first is not None
    client_of(stranger).get(address)
    share.refresh_from_db()
    assert share.last_seen_at == first
    Share.objects.update(last_seen_at=timezone.now() - timedelta(days=1))
    client_of(stranger).get(address)
    share.refresh_from_db()
    assert share.last_seen_at > first


def test_the_database_knows_what_a_share_is(owner: User, stranger: User, analysis: Analysis) -> None:
    share = sharing.with_person(analysis.recording, stranger)
    project = projects_and_tags.create_project(owner=owner, name="Pilot")
    for wrong in ({"project": project}, {"recording": None}, {"person": None}, {"digest": "ab"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Share.objects.filter(pk=share.pk).update(**wrong)


@pytest.mark.parametrize("with_link", [True, False])
def test_what_is_erased_meanwhile_is_not_shared(
    owner: User, stranger: User, analysis: Analysis, with_link: bool
) -> None:
    recording = analysis.recording
    Recording.objects.filter(pk=recording.pk).delete()
    with pytest.raises(Http404):
        if with_link:
            create_link(target=recording, expires_at=timezone.now() + timedelta(days=1), consented=True)
        else:
            share_with_user(target=recording, username=stranger.username, consented=True)
    assert not Share.objects.exists()
