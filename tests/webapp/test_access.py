"""What the table of all calls does not say: how access ends, what lists leave out, and requests from other sites."""

from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from tests.webapp import sharing, tus
from tests.webapp.factories import RecordingFactory, UserFactory, an_endpoint, finished
from webapp.accounts.models import User
from webapp.accounts.services import create_token
from webapp.analyses.models import Analysis, FaceTrack
from webapp.recordings import projects_and_tags, uploads
from webapp.recordings.models import Recording, Share, Upload

pytestmark = pytest.mark.usefixtures("models")

SEEN = ["", "segments/", "windows/", "faces/", "corrections/", "video/", "export/csv/"]


@pytest.fixture
def viewer(db: None) -> User:
    """Somebody with whom the recording is shared."""
    return UserFactory.create()


@pytest.fixture
def analysis(owner: User, viewer: User) -> Analysis:
    analysis = finished("happy", "sad", recording__owner=owner)
    project = projects_and_tags.create_project(owner=owner, name="Pilot")
    projects_and_tags.update_recording(recording=analysis.recording, project=project, tags=["left-handed"])
    an_endpoint(owner)
    FaceTrack.objects.create(analysis=analysis, step_s=0.24, times_s=[], boxes=[])
    sharing.with_person(analysis.recording, viewer, may_download=True)
    return analysis


@pytest.mark.parametrize("end", ["revoked", "expired", "the owner's end", "moved out", "another's"])
def test_what_is_no_longer_shared_is_not_there(
    client_of: Any, viewer: User, stranger: User, analysis: Analysis, end: str
) -> None:
    client = client_of(viewer)

    def answers() -> set[int]:
        return {client.get(f"/api/v1/analyses/{analysis.pk}/{path}").status_code for path in SEEN}

    assert answers() == {200}
    share = Share.objects.get()
    if end == "revoked":
        Share.objects.filter(pk=share.pk).update(person=stranger)
    elif end == "moved out":
        Share.objects.update(recording=None, project=analysis.recording.project)
        Recording.objects.update(project=None)
    elif end == "the owner's end":
        User.objects.filter(pk=analysis.recording.owner_id).update(is_active=False)
    elif end == "another's":
        Share.objects.update(recording=RecordingFactory.create(owner=analysis.recording.owner))
    else:
        Share.objects.update(expires_at=timezone.now())
    assert answers() == {404}


def test_a_program_keeps_what_it_fetches(viewer: User, analysis: Analysis) -> None:
    Share.objects.update(may_download=False)
    _, secret = create_token(user=viewer, name="notebook")
    headers = {"Authorization": f"Token {secret}"}
    answer = APIClient().get(f"/api/v1/analyses/{analysis.pk}/video/", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "view_only")
    Share.objects.update(may_download=True)
    assert APIClient().get(f"/api/v1/analyses/{analysis.pk}/video/", headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["recordings/", "analyses/", "segments/", "projects/", "tags/", "exports/", "shares/"])
def test_lists_of_ones_own_hold_nothing_that_is_shared(
    client_of: Any, viewer: User, analysis: Analysis, path: str
) -> None:
    answer = client_of(viewer).get(f"/api/v1/{path}?recording={analysis.recording_id}")
    assert answer.json()["results"] == [] if path != "exports/" else answer.status_code == 404


@pytest.mark.parametrize("path", ["recordings/", "analyses/", "segments/", "projects/", "tags/", "webhooks/"])
def test_lists_show_ones_own_alone(
    api: APIClient, client_of: Any, stranger: User, analysis: Analysis, path: str
) -> None:
    assert api.get(f"/api/v1/{path}").json()["results"] != []
    assert client_of(stranger).get(f"/api/v1/{path}").json()["results"] == []


@pytest.mark.parametrize("path", ["analyses/", "segments/"])
def test_a_filter_finds_nothing_of_somebody_else(client_of: Any, stranger: User, analysis: Analysis, path: str) -> None:
    answer = client_of(stranger).get(f"/api/v1/{path}?recording={analysis.recording_id}")
    assert answer.json()["results"] == []


def test_another_sites_form_can_do_nothing_with_a_session(owner: User, analysis: Analysis) -> None:
    upload = uploads.create(owner=owner, length=5, name="a.mp4", metadata="")
    browser = APIClient(enforce_csrf_checks=True)
    browser.force_login(owner)
    for method, path in {
        ("post", f"analyses/{analysis.pk}/cancel/"),
        ("post", f"recordings/{analysis.recording_id}/analyses/"),
        ("post", "uploads/"),
        ("patch", f"uploads/{upload.pk}/"),
        ("delete", f"uploads/{upload.pk}/"),
    }:
        answer = getattr(browser, method)(f"/api/v1/{path}", headers={**tus.SPEAKS, "Upload-Length": "5"})
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied"), path
    disguised = {**tus.SPEAKS, "X-HTTP-Method-Override": "DELETE"}
    assert browser.post(f"/api/v1/uploads/{upload.pk}/", headers=disguised).status_code == 403
    assert Upload.objects.get() == upload
    assert Analysis.objects.count() == 1
