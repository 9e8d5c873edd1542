"""The pages of links for participants: the owner's tab, and what a visitor with a link may do."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from tests.webapp import clips, sharing, tus
from tests.webapp.factories import ProjectFactory, StimulusFactory, UserFactory
from webapp.accounts.models import User
from webapp.core import minute_limit
from webapp.core.minute_limit import COLLECTION_BEGINNINGS, LINK_MISSES
from webapp.recordings import uploads
from webapp.recordings.models import Project, Recording
from webapp.storage import media
from webapp.studies import collection
from webapp.studies.models import CollectionLink, CollectionSession, Stimulus

pytestmark = pytest.mark.usefixtures("models")

TEXT = "We study faces."


@pytest.fixture(autouse=True)
def no_counts(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is counted yet, in a minute that does not end."""
    cache.clear()
    monkeypatch.setattr(minute_limit, "time", SimpleNamespace(time=lambda: 0.0))


@pytest.fixture
def owner(db: None) -> User:
    return UserFactory.create()


@pytest.fixture
def stranger(db: None) -> User:
    return UserFactory.create()


@pytest.fixture
def project(owner: User) -> Project:
    project = ProjectFactory.create(owner=owner, name="Adverts")
    StimulusFactory.create(project=project, name="Advert A", length_s=0.3)
    return project


@pytest.fixture
def link(project: Project, owner: User) -> tuple[CollectionLink, str]:
    return collection.create_link(project=project, by=owner, consent_text=TEXT, random_order=False)


def begin(client: Any, secret: str, code: str = "P07") -> CollectionSession:
    answer = client.post(reverse("pages:collection-link", args=[secret]), {"code": code, "agreed": "on"})
    session = CollectionSession.objects.latest("begun_at")
    assert answer["Location"] == reverse("pages:collection-session", args=[secret, session.pk])
    return session


def agree(client: Any, secret: str, key: str, code: str = "") -> CollectionSession:
    """The session that the form with this key leads to."""
    sent = {"code": code, "agreed": "on", "idempotency_key": key}
    answer = client.post(reverse("pages:collection-link", args=[secret]), sent)
    assert answer.status_code == 302
    return CollectionSession.objects.get(pk=answer["Location"].strip("/").split("/")[-1])


def form_key(client: Any, secret: str) -> str:
    page = client.get(reverse("pages:collection-link", args=[secret]))
    return str(page.context["form"]["idempotency_key"].value())


def address(name: str, secret: str, session: CollectionSession) -> str:
    return reverse(f"api:{name}", args=[secret, session.pk])


def send(api: Any, secret: str, session: CollectionSession) -> str:
    """The address of the upload of a whole video."""
    content = clips.video()
    created = api.post(
        address("collection-uploads", secret, session),
        headers={**tus.SPEAKS, "Upload-Length": str(len(content)), "Upload-Metadata": tus.named("recording.mp4")},
    )
    assert created.status_code == 201
    assert tus.send(api, created["Location"], 0, content).status_code == 204
    return str(created["Location"])


def shown(session: CollectionSession) -> dict[str, Any]:
    times = [{"stimulus": pk, "start_s": 0.1, "end_s": 0.4} for pk, _ in session.stimuli]
    return {"shown": times, "dropped_frames": None}


def test_the_tab_says_what_is_missing_first(client: Any, owner: User) -> None:
    project = ProjectFactory.create(owner=owner)
    client.force_login(owner)
    url = reverse("pages:collect", args=[project.pk])
    page = client.get(url).content.decode()
    assert "Nobody has begun yet" in page
    assert "Add the stimuli first" in page
    assert "Make a link" not in page
    assert client.post(url, {"consent_text": TEXT, "random_order": "false"}).status_code == 422


def test_a_link_is_shown_once_and_opens_the_text(client: Any, owner: User, project: Project) -> None:
    client.force_login(owner)
    url = reverse("pages:collect", args=[project.pk])
    made = client.post(url, {"consent_text": TEXT, "random_order": "true"})
    secret = made.context["new_link"].rstrip("/").rpartition("/")[2]
    assert CollectionLink.objects.get().random_order
    assert secret not in client.get(url).content.decode()
    client.logout()
    page = client.get(reverse("pages:collection-link", args=[secret]))
    assert TEXT in page.content.decode()
    assert "Adverts" not in page.content.decode()
    assert page["Referrer-Policy"] == "same-origin"  # with none, a browser sends no origin with the form


def test_a_text_is_needed(client: Any, owner: User, project: Project) -> None:
    client.force_login(owner)
    answer = client.post(reverse("pages:collect", args=[project.pk]), {"consent_text": " ", "random_order": "false"})
    assert (answer.status_code, CollectionLink.objects.exists()) == (422, False)


def test_nobody_begins_without_agreeing(client: Any, link: tuple[CollectionLink, str]) -> None:
    answer = client.post(reverse("pages:collection-link", args=[link[1]]), {"code": "P07"})
    assert answer.status_code == 422
    assert "Nothing is recorded unless" in answer.content.decode()
    assert not CollectionSession.objects.exists()


def test_a_participant_sends_a_recording_without_an_account(
    client: Any, client_of: Any, link: tuple[CollectionLink, str], owner: User
) -> None:
    session, api = begin(client, link[1]), client_of(None)
    page = client.get(reverse("pages:collection-session", args=[link[1], session.pk]))
    assert page["Permissions-Policy"] == "camera=(self), microphone=(self)"
    upload = send(api, link[1], session)
    assert tus.ask(api, upload)["Upload-Offset"] == tus.ask(api, upload)["Upload-Length"]
    done = api.post(address("collection-recording", link[1], session), shown(session))
    assert done.status_code == 201
    recording = Recording.objects.get()
    assert (recording.owner, str(recording.participant)) == (owner, "P07")
    assert "has arrived" in client.get(reverse("pages:collection-session", args=[link[1], session.pk])).content.decode()
    client.force_login(owner)
    tab = client.get(reverse("pages:collect", args=[link[0].project_id])).content.decode()
    assert "finished" in tab
    assert "1 began, 1 finished" in tab


def test_what_does_not_fit_says_so_and_stores_nothing(
    client: Any, client_of: Any, link: tuple[CollectionLink, str]
) -> None:
    session, api = begin(client, link[1]), client_of(None)
    url = address("collection-recording", link[1], session)
    assert api.post(url, shown(session)).json()["code"] == "upload_unknown"
    send(api, link[1], session)
    for wrong in ({}, {"shown": "x"}, {"shown": [{"stimulus": "x"}]}, shown(session) | {"dropped_frames": -1}):
        assert api.post(url, wrong).status_code == 400
    late = {"stimulus": session.stimuli[0][0], "start_s": 5.0, "end_s": 6.0}
    assert api.post(url, shown(session) | {"shown": [late]}).json()["code"] == "shown_stimuli"
    assert not Recording.objects.exists()


def test_a_link_gives_nothing_but_its_own_upload(
    client: Any, client_of: Any, link: tuple[CollectionLink, str], owner: User
) -> None:
    session, api = begin(client, link[1]), client_of(None)
    send(api, link[1], session)
    foreign = uploads.create(owner=owner, length=5, name="a.mp4", metadata="")
    for pk in (foreign.pk, session.pk):
        url = reverse("api:collection-upload", args=[link[1], session.pk, pk])
        assert tus.ask(api, url).status_code == 404
        assert api.delete(url, headers=tus.SPEAKS).status_code == 405
    assert api.get("/api/v1/recordings/").status_code == 401
    other, secret = collection.create_link(project=link[0].project, by=owner, consent_text=TEXT, random_order=False)
    assert other.pk != link[0].pk
    for route in ("collection-uploads", "collection-recording"):
        assert api.post(address(route, secret, session), headers=tus.SPEAKS).status_code == 404
    assert client.get(reverse("pages:collection-session", args=[secret, session.pk])).status_code == 404


def test_a_link_that_is_closed_meanwhile_takes_what_has_begun_for_a_day(
    client: Any, client_of: Any, link: tuple[CollectionLink, str], owner: User
) -> None:
    session, other, api = begin(client, link[1]), begin(client, link[1], "P08"), client_of(None)
    upload = send(api, link[1], session)
    client.force_login(owner)
    closing = reverse("pages:close-collection-link", args=[link[0].pk])
    assert "2 participants began and did not finish" in client.get(closing).content.decode()
    client.post(closing)
    assert (
        "who had begun can send until"
        in client.get(reverse("pages:collect", args=[link[0].project_id])).content.decode()
    )
    client.logout()
    for answer in (
        client.get(reverse("pages:collection-link", args=[link[1]])),
        client.post(reverse("pages:collection-link", args=[link[1]]), {"code": "P09", "agreed": "on"}),
    ):
        assert answer.status_code == 410
        assert "This study takes no more participants" in answer.content.decode()
        assert TEXT not in answer.content.decode()
    assert client.get(reverse("pages:collection-session", args=[link[1], session.pk])).status_code == 200
    assert tus.ask(api, upload).status_code == 200
    assert api.post(address("collection-recording", link[1], session), shown(session)).status_code == 201
    CollectionLink.objects.update(closed_at=timezone.now() - timedelta(days=2))
    page = client.get(reverse("pages:collection-session", args=[link[1], other.pk]))
    assert page.status_code == 410
    assert "This study has ended" in page.content.decode()
    refused = api.post(address("collection-recording", link[1], other), shown(other))
    assert (refused.status_code, refused.json()["code"]) == (410, "collection_closed")


def test_the_video_of_a_stimulus_plays_for_participants_only(
    client: Any, link: tuple[CollectionLink, str], owner: User
) -> None:
    stimulus = link[0].project.stimuli.get()
    elsewhere = StimulusFactory.create(project=ProjectFactory.create(owner=owner))
    with media.scratch_dir() as place:
        (place / "advert.mp4").write_bytes(clips.video())
        key = media.save(place / "advert.mp4", stimulus.pk, ".mp4")
    Stimulus.objects.update(medium="video", file=key)
    session = begin(client, link[1])
    video = client.get(reverse("pages:collection-stimulus", args=[link[1], session.pk, stimulus.pk]))
    assert (video.status_code, video["Content-Type"]) == (200, "video/mp4")
    for pk in (elsewhere.pk, session.pk):
        assert client.get(reverse("pages:collection-stimulus", args=[link[1], session.pk, pk])).status_code == 404


def test_wrong_secrets_are_few(client: Any, client_of: Any, link: tuple[CollectionLink, str]) -> None:
    session = begin(client, link[1])
    for number in range(LINK_MISSES.limit):
        assert client.get(reverse("pages:collection-link", args=[f"wrong-{number}"])).status_code == 404
    assert client.get(reverse("pages:collection-link", args=[link[1]])).status_code == 429
    api = client_of(None)
    assert api.post(address("collection-recording", link[1], session), shown(session)).status_code == 429


def test_beginnings_are_few(client: Any, link: tuple[CollectionLink, str]) -> None:
    url = reverse("pages:collection-link", args=[link[1]])
    answers = [
        client.post(url, {"code": "P07", "agreed": "on"}).status_code for _ in range(COLLECTION_BEGINNINGS.limit + 1)
    ]
    assert answers == [302] * COLLECTION_BEGINNINGS.limit + [429]


def test_whom_the_project_is_shared_with_sees_who_finished_and_no_link(
    client: Any, stranger: User, link: tuple[CollectionLink, str]
) -> None:
    begin(client, link[1])
    sharing.with_person(link[0].project, stranger)
    client.force_login(stranger)
    page = client.get(reverse("pages:collect", args=[link[0].project_id])).content.decode()
    assert "P07" in page
    assert "Make a link" not in page
    assert TEXT not in page
    assert (
        client.post(
            reverse("pages:collect", args=[link[0].project_id]), {"consent_text": TEXT, "random_order": "false"}
        ).status_code
        == 404
    )
    assert client.post(reverse("pages:close-collection-link", args=[link[0].pk])).status_code == 404


def test_a_form_that_is_sent_twice_begins_once(client: Any, link: tuple[CollectionLink, str]) -> None:
    page = client.get(reverse("pages:collection-link", args=[link[1]])).content.decode()
    key = form_key(client, link[1])
    assert 'type="hidden" name="idempotency_key"' in page
    assert agree(client, link[1], key) == agree(client, link[1], key)
    assert (CollectionSession.objects.count(), link[0].project.participants.count()) == (1, 1)
    assert agree(client, link[1], form_key(client, link[1])).participant.code == "P002"
    refused = client.post(reverse("pages:collection-link", args=[link[1]]), {"agreed": "on", "idempotency_key": "x"})
    assert (refused.status_code, "This page is out of date" in refused.content.decode()) == (422, True)


def test_a_form_of_someone_else_or_of_what_is_sent_begins_anew(
    client: Any, api: Any, owner: User, project: Project, link: tuple[CollectionLink, str]
) -> None:
    key = form_key(client, link[1])
    first = agree(client, link[1], key, "P07")
    assert agree(client, link[1], key, "p07") == first
    assert agree(client, link[1], key, "P08").participant.code == "P08"
    other = collection.create_link(project=project, by=owner, consent_text=TEXT, random_order=False)
    assert agree(client, other[1], key, "P07").link == other[0]
    send(api, link[1], first)
    assert api.post(address("collection-recording", link[1], first), shown(first)).status_code == 201
    assert agree(client, link[1], key, "P07") != first
