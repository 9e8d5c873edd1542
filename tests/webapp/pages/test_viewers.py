"""Every page for those with whom something is shared: a person with an account, and whoever has a link."""

import io
import logging
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.webapp import sharing
from tests.webapp.pages.conftest import submit
from webapp.accounts.models import User
from webapp.analyses import services
from webapp.analyses.models import Analysis
from webapp.core.minute_limit import LINK_MISSES
from webapp.recordings import projects_and_tags
from webapp.recordings.models import Share

SEEN = {"result": "analysis", "progress": "analysis"}
PLAYED = ("link-result", "link-progress", "link-video")
KEPT = ("link-export", "link-chapters")
LINK = {"link", "link-faces", *PLAYED, *KEPT}


@pytest.fixture
def viewer(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_user("viewer"))
    return client


@pytest.fixture
def things(finished: Analysis, viewer: Client, user: User) -> dict[str, object]:
    """What each address needs, of a recording in a project; both are shared with the viewer."""
    project = projects_and_tags.create_project(owner=user, name="Pilot")
    projects_and_tags.move_to_project(recordings=[finished.recording], project=project)
    for what in (finished.recording, project):
        sharing.with_person(what, User.objects.get(username="viewer"))
    return {"recording": finished.recording_id, "analysis": finished.pk}


def at(secret: str, name: str, analysis: Analysis) -> str:
    more: dict[str, list[Any]] = {"link": [], "link-export": [analysis.pk, "csv"]}
    args = [secret, *more.get(name, [analysis.pk])]
    return reverse(f"pages:{name}", args=args)


@pytest.mark.parametrize("name", SEEN)
def test_a_viewer_sees_until_it_is_revoked(
    viewer: Client, stranger: Client, things: dict[str, Any], owner: Client, name: str
) -> None:
    path = reverse(f"pages:{name}", args=[things[SEEN[name]]])
    assert viewer.get(path).status_code == 200
    assert stranger.get(path).status_code == 404
    for share in Share.objects.all():
        owner.post(reverse("pages:share-revoke", args=[share.pk]))
    assert viewer.get(path).status_code == 404
    assert viewer.get("/shared/").content.decode().count("Interview") == 0
    assert owner.get(path).status_code == 200


def test_a_viewer_has_a_list_of_what_is_shared_and_a_page_without_tools(
    viewer: Client, stranger: Client, things: dict[str, Any], finished: Analysis, owner: Client
) -> None:
    assert f"/analyses/{finished.pk}/" in viewer.get("/shared/").content.decode()
    assert "Nothing is shared with you yet" in stranger.get("/shared/").content.decode()
    assert "Interview" not in viewer.get("/").content.decode()
    page = viewer.get(f"/analyses/{finished.pk}/").content.decode()
    assert "Shared by owner, to look at." in page
    for tool in ("Analyse again", 'id="correction-editor"', ">Delete<", ">Share<", "Downloads", "Compare"):
        assert tool not in page
    assert "Analyse again" in owner.get(f"/analyses/{finished.pk}/").content.decode()
    seen = Share.objects.get(recording=finished.recording)
    assert seen.last_seen_at is not None
    Share.objects.update(may_download=True)
    assert "Downloads" in viewer.get(f"/analyses/{finished.pk}/").content.decode()


@pytest.mark.parametrize("name", sorted(LINK))
def test_a_link_opens_its_own_recording_until_it_ends(
    client: Client, finished: Analysis, user: User, name: str
) -> None:
    cache.clear()
    link, secret = sharing.by_link(finished.recording)
    other = submit(user, "Another")
    sharing.by_link(other.recording)
    expected = {"link": 302, "link-faces": 404} | dict.fromkeys(KEPT, 403)
    answer = client.get(at(secret, name, finished))
    assert answer.status_code == expected.get(name, 200)
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer["X-Robots-Tag"]
    assert "no-store" in answer["Cache-Control"]
    assert not answer.cookies
    assert client.post(at(secret, name, finished)).status_code == 405
    if name != "link":
        assert client.get(at(secret, name, other)).status_code == 404
    Share.objects.update(may_download=True)
    if name in ("link-export", "link-chapters"):
        assert client.get(at(secret, name, finished)).status_code == (200 if name == "link-export" else 422)
    Share.objects.filter(pk=link.pk).update(expires_at=timezone.now())
    gone = client.get(at(secret, name, finished))
    assert gone.status_code == 404
    assert "Nothing is shared here" in gone.content.decode()
    assert gone["Referrer-Policy"] == "no-referrer"
    Share.objects.update(expires_at=timezone.now() + timedelta(days=1))
    services.erase(recording=finished.recording)
    assert client.get(at(secret, name, finished)).content == gone.content


def test_unknown_links_look_like_ended_ones_and_are_not_tried_for_long(client: Client, finished: Analysis) -> None:
    cache.clear()
    _, secret = sharing.by_link(finished.recording)
    answers = [client.get(reverse("pages:link", args=[f"wrong-{number}"])) for number in range(LINK_MISSES.limit)]
    assert {answer.status_code for answer in answers} == {404}
    assert "Nothing is shared here" in answers[0].content.decode()
    assert client.get(reverse("pages:link", args=["another"])).status_code == 429
    assert client.get(reverse("pages:link", args=[secret])).status_code == 429
    cache.clear()
    assert client.get(reverse("pages:link", args=[secret])).status_code == 302


def test_the_log_holds_no_secret(finished: Analysis, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    _, secret = sharing.by_link(finished.recording)
    lines = io.StringIO()
    handler = next(each for each in logging.getLogger().handlers if each.filters)
    assert isinstance(handler, logging.StreamHandler)
    monkeypatch.setattr(handler, "stream", lines)
    monkeypatch.setattr("webapp.analyses.downloads.responses.faces", lambda _: 1 / 0)
    assert Client(raise_request_exception=False).get(at(secret, "link-faces", finished)).status_code == 500
    assert "link/<str:secret>/analyses/" in lines.getvalue()
    assert secret not in lines.getvalue()


def test_each_part_of_a_video_asks_again(client: Client, finished: Analysis) -> None:
    cache.clear()
    link, secret = sharing.by_link(finished.recording)
    answer = client.get(at(secret, "link-video", finished), headers={"Range": "bytes=0-9"})
    assert (answer.status_code, answer["Content-Disposition"]) == (206, 'inline; filename="Interview.mp4"')
    link.delete()
    assert client.get(at(secret, "link-video", finished), headers={"Range": "bytes=10-19"}).status_code == 404


@pytest.mark.parametrize("may_download", [False, True])
def test_the_original_is_for_its_owner_alone(
    viewer: Client, things: dict[str, Any], owner: Client, finished: Analysis, user: User, may_download: bool
) -> None:
    """It may tell where, when and by whom it was made; the labelled video does not."""
    cache.clear()
    Share.objects.update(may_download=may_download)
    waiting = submit(user, "Waiting")
    original = reverse("pages:original", args=[finished.recording_id])
    assert original in owner.get(f"/analyses/{finished.pk}/").content.decode()
    assert viewer.get(original).status_code == 404
    sharing.with_person(waiting.recording, User.objects.get(username="viewer"), may_download=may_download)
    for analysis in (finished, waiting):
        _, secret = sharing.by_link(analysis.recording, may_download=may_download)
        for page in (
            viewer.get(f"/analyses/{analysis.pk}/"),
            viewer.get(f"/analyses/{analysis.pk}/live/"),
            Client().get(at(secret, "link-result", analysis)),
            Client().get(at(secret, "link-progress", analysis)),
        ):
            assert page.status_code == 200
            assert str(analysis.recording_id) not in page.content.decode()
            assert "riginal video" not in page.content.decode()
        assert Client().get(f"/link/{secret}/analyses/{analysis.pk}/original/").status_code == 404


def test_a_link_to_a_project_shows_what_is_in_it(client: Client, finished: Analysis, user: User) -> None:
    cache.clear()
    project = projects_and_tags.create_project(owner=user, name="Pilot")
    link, secret = sharing.by_link(project)
    address = reverse("pages:link", args=[secret])
    assert "This project has no recordings" in client.get(address).content.decode()
    projects_and_tags.move_to_project(recordings=[finished.recording], project=project)
    page = client.get(address).content.decode()
    assert at(secret, "link-result", finished) in page
    shown = client.get(at(secret, "link-result", finished)).content.decode()
    assert 'name="robots" content="noindex' in shown
    for tool in ("Log out", "Analyse again", 'id="correction-editor"', "/api/", "/models/", 'href="/"'):
        assert tool not in shown
    link.refresh_from_db()
    assert link.openings == 2
    projects_and_tags.delete_project(project=project)
    assert client.get(address).status_code == 404


def test_a_link_of_somebody_logged_in_shows_nothing_of_theirs(
    stranger: Client, owner: Client, finished: Analysis
) -> None:
    cache.clear()
    _, secret = sharing.by_link(finished.recording)
    for somebody in (stranger, owner):
        page = somebody.get(at(secret, "link-result", finished)).content.decode()
        assert "Log out" not in page
        assert "Analyse again" not in page
