"""Every call: nobody gets in without a name, somebody else's things are not there, the owner's are.

With whom something is shared, they see what the table SEEN says, and nothing else.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from tests.webapp import clips, sharing, tus
from tests.webapp.factories import DURATION_S, RecordingFactory, UserFactory, an_endpoint, finished, with_files
from webapp.accounts.models import User
from webapp.accounts.services import make_token
from webapp.analyses.models import Analysis, FaceTrack
from webapp.api import urls
from webapp.recordings import order, transfers
from webapp.recordings.models import Project, Recording, Share, Tag, Transfer
from webapp.webhooks import services as webhooks
from webapp.webhooks.models import Delivery, Endpoint

pytestmark = pytest.mark.usefixtures("models")

OWN = {
    ("get", "recordings/{recording}/"): 200,
    ("delete", "recordings/{recording}/"): 204,
    ("patch", "recordings/{recording}/"): 200,
    ("post", "recordings/{recording}/analyses/"): 201,
    ("get", "projects/{project}/"): 200,
    ("patch", "projects/{project}/"): 200,
    ("delete", "projects/{project}/"): 204,
    ("get", "tags/{tag}/"): 200,
    ("patch", "tags/{tag}/"): 200,
    ("delete", "tags/{tag}/"): 204,
    ("get", "analyses/{analysis}/"): 200,
    ("post", "analyses/{analysis}/cancel/"): 409,  # it is over
    ("get", "analyses/{analysis}/segments/"): 200,
    ("get", "analyses/{analysis}/windows/"): 200,
    ("get", "analyses/{analysis}/video/"): 200,
    ("get", "analyses/{analysis}/chapters/"): 422,  # it was not made
    ("get", "analyses/{analysis}/faces/"): 200,
    ("get", "analyses/{analysis}/corrections/"): 200,
    ("put", "analyses/{analysis}/corrections/"): 400,  # nothing was sent
    ("delete", "analyses/{analysis}/corrections/"): 400,  # no revision was said
    **{
        ("get", f"analyses/{{analysis}}/export/{name}/"): 200
        for name in ("json", "csv", "vtt", "srt", "eaf", "textgrid", "bids", "html")
    },
    ("patch", "uploads/{upload}/"): 415,  # nothing was sent
    ("delete", "uploads/{upload}/"): 204,
    ("get", "uploads/{upload}/eeg/"): 409,  # it is not complete
    ("get", "webhooks/{webhook}/"): 200,
    ("patch", "webhooks/{webhook}/"): 200,
    ("delete", "webhooks/{webhook}/"): 204,
    ("post", "webhooks/{webhook}/secret/"): 200,
    ("post", "webhooks/{webhook}/test/"): 202,
    ("get", "webhooks/{webhook}/deliveries/"): 200,
    ("post", "webhooks/{webhook}/deliveries/{delivery}/again/"): 202,
    ("delete", "shares/{share}/"): 204,
}
FILES = [("get", f"analyses/{{analysis}}/{name}/") for name in ("chapters", "windows")] + [
    each for each in OWN if "/export/" in each[1]
]
# What is shared is answered like this; all else in OWN is not there.
SEEN = {
    ("get", "analyses/{analysis}/"): 200,
    ("get", "analyses/{analysis}/segments/"): 200,
    ("get", "analyses/{analysis}/faces/"): 200,
    ("get", "analyses/{analysis}/corrections/"): 200,
    ("get", "analyses/{analysis}/video/"): 200,  # a page plays it
    **dict.fromkeys(FILES, 403),
}
SHARED = {
    ("get", "account/"): 200,
    ("get", "recordings/"): 200,
    ("post", "recordings/"): 400,  # nothing was sent
    ("get", "projects/"): 200,
    ("post", "projects/"): 400,  # no name was sent
    ("get", "tags/"): 200,
    ("post", "tags/"): 400,  # no name was sent
    ("get", "analyses/"): 200,
    ("get", "segments/"): 200,
    ("get", "exports/"): 200,
    ("get", "models/"): 200,
    ("post", "uploads/"): 400,  # no length was said
    ("get", "webhooks/"): 200,
    ("post", "webhooks/"): 400,  # no address was said
    ("get", "shares/"): 200,
    ("post", "shares/"): 400,  # nothing was said
    ("get", "shared/"): 200,
}


@pytest.fixture
def viewer(db: None) -> User:
    """Somebody with whom the recording is shared, to look at."""
    return UserFactory.create()


@pytest.fixture
def analysis(owner: User, viewer: User) -> Analysis:
    transfers.create(owner=owner, length=5, name="a.mp4", metadata="")
    analysis = finished("happy", "sad", recording__owner=owner)
    order.change(
        recording=analysis.recording, project=order.make_project(owner=owner, name="Pilot"), tags=["left-handed"]
    )
    with_files(analysis.recording, video=clips.video(DURATION_S))
    webhooks.send_test(endpoint=an_endpoint(owner)[0])
    FaceTrack.objects.create(analysis=analysis, step_s=0.24, times_s=[], boxes=[])
    sharing.with_person(analysis.recording, viewer)
    return analysis


def call(client: APIClient, method: str, path: str, analysis: Analysis) -> Any:
    address = path.format(
        recording=analysis.recording_id,
        analysis=analysis.pk,
        upload=Transfer.objects.get().pk,
        project=Project.objects.get().pk,
        tag=Tag.objects.get().pk,
        webhook=Endpoint.objects.get().pk,
        delivery=Delivery.objects.get().pk,
        share=Share.objects.get(person__isnull=False).pk,
    )
    return getattr(client, method)(f"/api/v1/{address}", headers=tus.SPEAKS)


@pytest.mark.parametrize(("method", "path"), [*OWN, *SHARED])
def test_nobody_is_asked_who_they_are(client_of: Any, analysis: Analysis, method: str, path: str) -> None:
    answer = call(client_of(None), method, path, analysis)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert answer["WWW-Authenticate"] == "Token"
    assert Recording.objects.count() == Analysis.objects.count() == 1


@pytest.mark.parametrize(("method", "path"), OWN)
def test_somebody_elses_is_not_there(
    client_of: Callable[[User], APIClient], stranger: User, analysis: Analysis, method: str, path: str
) -> None:
    answer = call(client_of(stranger), method, path, analysis)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert {kind.objects.count() for kind in (Recording, Analysis, Transfer, Project, Tag, Endpoint, Delivery)} == {1}


@pytest.mark.parametrize(("method", "path"), OWN)
@pytest.mark.parametrize(("whole", "may_download"), [("recording", False), ("project", True)])
def test_what_is_shared_is_seen_and_nothing_else(
    client_of: Any, viewer: User, analysis: Analysis, method: str, path: str, whole: str, may_download: bool
) -> None:
    Share.objects.update(may_download=may_download)
    if whole == "project":
        Share.objects.update(recording=None, project=analysis.recording.project)
    before = _everything()
    answer = call(client_of(viewer), method, path, analysis)
    expected = OWN[method, path] if may_download and (method, path) in SEEN else SEEN.get((method, path), 404)
    assert answer.status_code == expected
    if expected in (403, 404):
        assert answer.json()["code"] == {403: "view_only", 404: "not_found"}[expected]
    assert _everything() == before


@pytest.mark.parametrize(("method", "path"), SEEN)
@pytest.mark.parametrize("end", ["revoked", "expired", "the owner's end", "moved out", "another's"])
def test_what_is_no_longer_shared_is_not_there(
    client_of: Any, viewer: User, stranger: User, analysis: Analysis, method: str, path: str, end: str
) -> None:
    client = client_of(viewer)
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
    assert call(client, method, path, analysis).status_code == 404


def test_a_program_keeps_what_it_fetches(viewer: User, analysis: Analysis) -> None:
    _, secret = make_token(user=viewer, name="notebook")
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


def _everything() -> list[Any]:
    kinds = (Recording, Analysis, Transfer, Project, Tag, Endpoint, Delivery)
    return [list(kind.objects.order_by("pk").values()) for kind in kinds]


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


@pytest.mark.parametrize(("method", "path"), [*OWN, *SHARED])
def test_the_owner_is_served(api: APIClient, analysis: Analysis, method: str, path: str) -> None:
    answer = call(api, method, path, analysis)
    assert answer.status_code == {**OWN, **SHARED}[method, path], getattr(answer, "content", "")


@pytest.mark.parametrize(("method", "path"), [*OWN, *SHARED])
def test_the_owner_is_known_by_a_session_too(
    client: Any, owner: User, analysis: Analysis, method: str, path: str
) -> None:
    client.force_login(owner)
    answer = call(client, method, path, analysis)
    assert answer.status_code == {**OWN, **SHARED}[method, path]


@pytest.mark.parametrize("path", ["analyses/{analysis}/cancel/", "recordings/{recording}/analyses/"])
def test_another_sites_form_can_do_nothing_with_a_session(owner: User, analysis: Analysis, path: str) -> None:
    browser = APIClient(enforce_csrf_checks=True)
    browser.force_login(owner)
    answer = call(browser, "post", path, analysis)
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


def test_every_address_is_tried_here() -> None:
    known = {str(each.pattern) for each in urls.urlpatterns if each.name not in (None, "token")}
    tried = {path for _, path in [*OWN, *SHARED]}
    for path in tried:
        part, _, rest = path.partition("/")
        what = re.sub(r"{(recording|analysis|upload|project|tag|webhook|share)}", "<uuid:pk>", rest)
        what = what.replace("{", "<uuid:").replace("}", ">")
        known.discard(f"{part}/{what}")
        if "export" in what:
            known.discard("analyses/<uuid:pk>/export/<str:format>/")
    assert known == set()
