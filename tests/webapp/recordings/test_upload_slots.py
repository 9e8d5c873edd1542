"""A large body is read once it is known whose it is, that there is room for it, and that a thread can wait for it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse
from rest_framework.test import APIClient

from tests.webapp import tus
from tests.webapp.factories import AnalysisFactory, UserFactory
from webapp.accounts.models import User
from webapp.accounts.services import set_quota
from webapp.core.bodies import TUS_CONTENT_TYPE
from webapp.recordings.upload_slots import MAX_CONCURRENT, MAX_CONCURRENT_PER_USER, upload_slot

HEAD = b'--b\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\n'
BODY = HEAD + b"x" * 2**20 + b"\r\n--b--\r\n"
MULTIPART = "multipart/form-data; boundary=b"
RECORDINGS = "/api/v1/recordings/"

Send = Callable[[User], Any]


def forgetful(user: User) -> APIClient:
    """In a browser, where the token against other sites counts."""
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(user)
    client.cookies["csrftoken"] = "x" * 32
    return client


def send_part(user: User) -> Any:
    api = APIClient()
    api.force_authenticate(user)
    return tus.send(api, tus.begin(api, 100)["Location"], 0, b"x" * 50)


def send_recording(user: User) -> Any:
    return forgetful(user).post(RECORDINGS, BODY, content_type=MULTIPART, headers={"X-CSRFToken": "x" * 32})


def send_form(user: User) -> Any:
    return forgetful(user).post(reverse("pages:upload"), BODY, content_type=MULTIPART)


def send_corrections(user: User) -> Any:
    address = reverse("api:corrections", args=[AnalysisFactory.create(recording__owner=user).pk])
    text = b'{"segments": [], "revision": 0, "more": "%s"}' % (b"x" * 2**20)
    headers = {"X-CSRFToken": "x" * 32}
    return forgetful(user).put(address, text, content_type="application/json", headers=headers)


EVERY = [send_part, send_recording, send_form, send_corrections]


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads a body fails."""
    monkeypatch.setattr("django.core.handlers.wsgi.LimitedStream.read", lambda *_: 1 / 0)


@pytest.fixture
def part() -> Any:
    return RequestFactory().post("/", b"x", content_type=TUS_CONTENT_TYPE)


@pytest.fixture
def busy(db: None, part: Any) -> Iterator[ExitStack]:
    """Others are sending as much as the server takes."""
    with ExitStack() as stack:
        for number in range(MAX_CONCURRENT):
            if number % MAX_CONCURRENT_PER_USER == 0:
                other = UserFactory.create()
            stack.enter_context(upload_slot(owner=other, request=part))
        yield stack


def code_of(answer: Any) -> str:
    return str(answer.json()["code"]) if "json" in answer["Content-Type"] else "page"


@pytest.mark.usefixtures("unread")
@pytest.mark.parametrize("send", EVERY)
def test_a_body_is_not_read_while_others_take_the_threads(owner: User, send: Send, busy: ExitStack) -> None:
    answer = send(owner)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert code_of(answer) in ("uploads_busy", "page")


@pytest.mark.usefixtures("unread")
@pytest.mark.parametrize("send", EVERY)
def test_nobody_takes_all_the_threads(owner: User, send: Send, part: Any) -> None:
    with ExitStack() as stack:
        for _ in range(MAX_CONCURRENT_PER_USER):
            stack.enter_context(upload_slot(owner=owner, request=part))
        answer = send(owner)
    assert (answer.status_code, answer["Retry-After"]) == (429, "5")
    assert code_of(answer) in ("too_many_uploads", "page")


def test_half_of_the_threads_are_left_for_others(settings: Any) -> None:
    assert MAX_CONCURRENT_PER_USER < MAX_CONCURRENT == settings.WEB_THREADS / 2


@pytest.mark.parametrize("send", EVERY)
def test_it_goes_on_once_somebody_is_through(owner: User, send: Send, busy: ExitStack) -> None:
    busy.close()
    assert send(owner).status_code not in (429, 503)


def test_a_place_is_given_back_however_it_ends(owner: User, part: Any) -> None:
    for _ in range(MAX_CONCURRENT + 1):
        with pytest.raises(ZeroDivisionError), upload_slot(owner=owner, request=part):
            _ = 1 / 0


def test_what_comes_whole_needs_no_place(api: APIClient, busy: ExitStack) -> None:
    answer = api.post(RECORDINGS, {"consent": "true", "video_upload": "0" * 32}, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (400, "upload_unknown")


@pytest.mark.usefixtures("unread")
@pytest.mark.parametrize("send", [send_recording, send_form])
def test_a_body_is_not_read_that_there_is_no_room_for(owner: User, send: Send, settings: Any) -> None:
    set_quota(user=owner, bytes=50)
    answer = send(owner)
    assert (answer.status_code, code_of(answer)) in ((413, "quota_bytes"), (413, "page"))
    assert "50" in answer.content.decode() or "0.0 MB" in answer.content.decode()


@pytest.mark.usefixtures("unread")
def test_a_form_is_not_read_of_somebody_who_has_to_choose_a_password_first(owner: User) -> None:
    owner.password_is_temporary = True
    owner.save()
    answer = send_form(owner)
    assert (answer.status_code, answer["Location"]) == (302, reverse("pages:password"))


@pytest.mark.usefixtures("unread")
def test_another_site_cannot_have_a_body_read(owner: User) -> None:
    answer = forgetful(owner).post(RECORDINGS, BODY, content_type=MULTIPART)
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


def test_the_form_is_still_closed_to_other_sites(owner: User) -> None:
    assert send_form(owner).status_code == 403
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    client.cookies["csrftoken"] = "x" * 32
    assert client.post(reverse("pages:upload"), {"csrfmiddlewaretoken": "x" * 32}).status_code == 422


@pytest.mark.parametrize("send", [send_recording, send_form, send_corrections])
def test_a_body_that_breaks_off_is_no_fault_of_the_server(
    owner: User, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ConnectionResetError("The rest of the request did not come")

    monkeypatch.setattr("django.core.handlers.wsgi.LimitedStream.read", broken)
    answer = send(owner)
    assert (answer.status_code, code_of(answer)) in ((408, "request_timeout"), (408, "page"))
