"""Who is answered what: every route of the URL configuration, every method, by everybody, as access_matrix.txt says."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.db import connection, transaction
from django.urls import Resolver404, resolve
from django.utils import timezone
from rest_framework.test import APIClient

from tests.webapp import clips, sharing, tus
from tests.webapp.factories import (
    DURATION_S,
    ComparisonFactory,
    MarkerFactory,
    ParticipantFactory,
    StimulusFactory,
    UserFactory,
    VariableFactory,
    an_endpoint,
    finished,
    with_files,
)
from tests.webapp.routes import calls
from tests.webapp.studies.study_values import MEASURE, basis, simulated
from webapp.accounts.models import User
from webapp.accounts.services import create_token
from webapp.analyses.models import FaceTrack
from webapp.api.throttling import FixedWindowThrottle
from webapp.audit.models import Entry
from webapp.recordings import projects_and_tags, uploads
from webapp.recordings.models import Share
from webapp.storage import media
from webapp.studies import collection
from webapp.studies.models import Stimulus
from webapp.studies.statistics.compare import compare
from webapp.studies.statistics.results import encode
from webapp.webhooks import services as webhooks

TABLE = Path(__file__).with_name("access_matrix.txt")
PEOPLE = ("anonymous", "stranger", "viewer", "keeper", "owner", "staff")
FORM = "application/x-www-form-urlencoded"
CODES = {401: {"not_authenticated"}, 403: {"view_only"}, 404: {"not_found", "nothing_to_export"}}
READING = {"GET", "HEAD"}
INLINE_STYLES = {"api/docs/"}  # Swagger UI sets its own
INLINE = re.compile(r" style=|<style|<script>| on\w+=\"")
OWN_MEDIA = ("/api/", "/recordings/")  # a player asks for it in parts; by a link, nothing is kept at all
KEPT = [
    model
    for model in apps.get_models(include_auto_created=True)
    if model.__module__.startswith("webapp.") and model is not Entry
]
EXAMPLES = {"token": "0", "link": "x", "ended": "x", "collection": "x", "closed": "x"}
BY_LINK = ("/link/{link}/", "/collect/{collection}/", "/collect/{closed}/", "/api/v1/collection/{collection}/")


@dataclass(frozen=True)
class Row:
    number: int
    methods: tuple[str, ...]
    path: str
    answers: dict[str, int]

    @property
    def route(self) -> str:
        example = re.sub(r"{(\w+)}", lambda match: EXAMPLES.get(match[1], str(UUID(int=0))), self.path)
        return str(resolve(example).route)


def table() -> list[Row]:
    rows = []
    for number, line in enumerate(TABLE.read_text().splitlines(), 1):
        if line and not line.startswith("#"):
            methods, path, *answers = line.split()
            rows.append(Row(number, tuple(methods.split(",")), path, dict(zip(PEOPLE, map(int, answers), strict=True))))
    return rows


@pytest.fixture
def people(db: None, owner: User, stranger: User) -> dict[str, Any]:
    viewer, keeper = UserFactory.create(), UserFactory.create()
    staff = UserFactory.create(is_staff=True, is_superuser=True)
    found = {"stranger": stranger, "viewer": viewer, "keeper": keeper, "owner": owner, "staff": staff}
    return {"anonymous": AnonymousUser(), **found}


@pytest.fixture
def things(people: dict[str, Any], models: Path, settings: Any) -> dict[str, object]:
    """Everything that a person can have here, shared with one to look at and with another to keep."""
    owner = people["owner"]
    settings.SENDS_MAIL = True
    analysis = finished("happy", "sad", recording__owner=owner)
    project = projects_and_tags.create_project(owner=owner, name="Pilot")
    projects_and_tags.update_recording(recording=analysis.recording, project=project, tags=["left-handed"])
    with_files(analysis.recording, video=clips.video(DURATION_S))
    FaceTrack.objects.create(analysis=analysis, step_s=0.24, times_s=[], boxes=[])
    share = sharing.with_person(analysis.recording, people["viewer"])
    sharing.with_person(project, people["keeper"], may_download=True)
    link, ended = sharing.by_link(analysis.recording), sharing.by_link(analysis.recording)
    Share.objects.filter(pk=ended[0].pk).update(expires_at=timezone.now() - timedelta(days=1))
    webhook = an_endpoint(owner)[0]
    stimulus = StimulusFactory.create(project=project)
    with media.scratch_dir() as place:
        (place / "advert.mp4").write_bytes(clips.video())
        Stimulus.objects.update(medium="video", file=media.save(place / "advert.mp4", stimulus.pk, ".mp4"))
    picture = StimulusFactory.create(project=project, medium="picture", file=_stored_picture())
    by_participants = {"project": project, "by": owner, "consent_text": "We study faces.", "random_order": False}
    collection_link, collection_secret = collection.create_link(**by_participants)
    closed, closed_secret = collection.create_link(**by_participants)
    collection.close_link(link=closed, by=owner)
    session = collection.begin_session(link=collection_link, code="guest", agreed=True)
    return {
        "collection_link": collection_link.pk,
        "collection": collection_secret,
        "closed": closed_secret,
        "session": session.pk,
        "sent": collection.begin_upload(session=session, length=5, name="a.webm", metadata="").pk,
        "participant": ParticipantFactory.create(project=project).pk,
        "variable": VariableFactory.create(project=project).pk,
        "stimulus": stimulus.pk,
        "picture": picture.pk,
        "marker": MarkerFactory.create(recording=analysis.recording, kind="stimulus", stimulus=stimulus).pk,
        "recording": analysis.recording_id,
        "analysis": analysis.pk,
        "project": project.pk,
        "tag": owner.tags.get().pk,
        "share": share.pk,
        "link": link[1],
        "ended": ended[1],
        "upload": uploads.create(owner=owner, length=5, name="a.mp4", metadata="").pk,
        "token": create_token(user=owner, name="notebook")[0].pk,
        "webhook": webhook.pk,
        "comparison": ComparisonFactory.create(
            project=project, result=encode(compare(simulated(5, effect=1.0), [MEASURE], basis()))
        ).pk,
        "delivery": webhooks.send_test(endpoint=webhook).pk,
    }


def _stored_picture() -> str:
    with media.scratch_dir() as place:
        (place / "picture.png").write_bytes(clips.picture())
        return media.save(place / "picture.png", uuid4(), ".png")


def test_every_call_has_a_row_and_every_row_a_call() -> None:
    rows: dict[tuple[str, str], Row] = {}
    known = calls()
    for row in table():
        try:
            rows |= {(method, row.route): row for method in row.methods}
        except Resolver404:
            rows["nowhere", row.path] = row
    missing = sorted(known - set(rows), key=lambda call: (call[1], call[0]))
    wanted = "\n".join(f"{method} /{route} {' ? ' * len(PEOPLE)}" for method, route in missing)
    assert not missing, f"Add to {TABLE.name}, with what {', '.join(PEOPLE)} are to be answered:\n{wanted}"
    gone = [f"line {rows[call].number}: {call[0]} {rows[call].path}" for call in set(rows) - known]
    assert not gone, f"There is no such call any more, remove from {TABLE.name}: {gone}"


def test_what_belongs_to_somebody_is_not_there_for_strangers() -> None:
    """Of the table itself: whoever adds a row cannot allow what nothing allows."""
    for row in table():
        if set(re.findall(r"{(\w+)}", row.path)) - {"link"} and not row.path.startswith(BY_LINK):
            assert {row.answers["stranger"], row.answers["staff"]} == {404}, row
            assert row.answers["anonymous"] in (302, 401, 404), row
            assert READING & set(row.methods) or row.answers["viewer"] == row.answers["keeper"] == 404, row


@pytest.mark.parametrize("who", PEOPLE)
def test_everybody_is_answered_as_the_table_says(who: str, people: dict[str, Any], things: dict[str, object]) -> None:
    client = APIClient()
    if who != "anonymous":
        client.force_login(people[who])
    session = client.cookies.output(header="")
    before, wrong = kept(), []
    for row in table():
        for method in row.methods:
            cache.clear()  # nobody is held up for having asked often
            client.cookies = SimpleCookie(session)
            with transaction.atomic():
                written = rows_written()
                answer = asked(client, method, row.path, things)
                found = faults(answer, row, row.answers[who])
                if who != "owner" and method not in READING and rows_written() != written:
                    found += changed(before, kept(), may_add=answer.status_code < 400)
                transaction.set_rollback(True)
            wrong += [f"line {row.number}, {method} {row.path}, {who}: {fault}" for fault in found]
    assert not wrong, "\n".join(["", *wrong])


def asked(client: APIClient, method: str, path: str, things: dict[str, object]) -> Any:
    address = path.format(**things)
    more: dict[str, Any] = {}
    if method not in (*READING, "DELETE"):
        more = {"format": "json"}
        if not path.startswith("/api/"):
            more = {"data": f"recording={things['recording']}&sure=1", "content_type": FORM}
    return getattr(client, method.lower())(address, headers=tus.SPEAKS, **more)


def faults(answer: Any, row: Row, expected: int) -> list[str]:
    """What is not as it should be in an answer, whoever asked."""
    found = [] if answer.status_code == expected else [f"{answer.status_code} in place of {expected}"]
    if answer["X-Content-Type-Options"] != "nosniff":
        found.append("no nosniff")
    cached, medium = answer.get("Cache-Control", ""), "Accept-Ranges" in answer
    if cached != "private, no-cache" if medium and row.path.startswith(OWN_MEDIA) else "no-store" not in cached:
        found.append(f"Cache-Control: {cached}")
    codes = CODES.get(answer.status_code) if row.path.startswith("/api/v1/") else None
    if codes and answer.content and answer.json()["code"] not in codes:
        found.append(f"the code {answer.json()['code']}")
    if answer.get("Content-Type", "").startswith("text/html"):
        policy, page = answer["Content-Security-Policy"], answer.content.decode()
        if "default-src 'self'" not in policy or ("unsafe" in policy and row.route not in INLINE_STYLES):
            found.append(f"the policy {policy}")
        if (inline := INLINE.search(page)) and row.route not in INLINE_STYLES:
            found.append(f"{inline.group()} on the page")
    return found


def rows_written() -> int:
    """How many rows this transaction has written so far, those of what was rolled back too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_xact_user_tables")
        return int(cursor.fetchone()[0])


def kept() -> dict[str, set[Any]]:
    """Every row of every model of ours."""
    return {model._meta.label: set(map(str, model._default_manager.values_list())) for model in KEPT}


def changed(before: dict[str, set[Any]], after: dict[str, set[Any]], *, may_add: bool) -> list[str]:
    return [
        f"{label} is changed"
        for label, rows in before.items()
        if rows - after[label] or (after[label] - rows and not may_add)
    ]


TEXTS = {"NUL": "\0", "a lone surrogate": "\ud800", "a long text": "x" * 5000, "a number": "9" * 400}
JSON = {name: json.dumps(text) for name, text in TEXTS.items()} | {
    "a deep list": "[" * 5000 + "]" * 5000,
    "a deep object": '{"a":' * 1000 + "1" + "}" * 1000,
    "a list": "[[{}, null]]",
    "an object": '{"\\ud800": {"\\u0000": "\\ud800"}}',
    "a huge number": "9" * 400,
}
FIELDS = re.findall(
    r"\w+",
    "title name note tags description purpose purpose_note project retention_days model consent recording username "
    "password login code scopes expires_days url events active revision segments source video_upload eeg_trial "
    "eeg_sfreq person expires_at may_download email key search tag label status created_after created_before "
    "delete_before cursor page page_size ordering formats video min_confidence recordings filters mode have networks "
    "first_name last_name add remove number new_project oldpassword password1 password2 new_password1 new_password2 "
    "expires sure at next kinds labels over group below face_share "
    "code into kind unit_of levels position table preview pattern length_s start_s end_s markers "
    "anchor lines participant said video_upload unit format measures factor paired baseline reader stimulus covariate "
    "save consent_text random_order agreed shown dropped_frames direction medium file picture moved",
)
HEADERS = ("Upload-Metadata", "Upload-Length", "Upload-Checksum", "Idempotency-Key", "Range", "If-Range", "Accept")


def odd(row: Row, method: str, things: dict[str, object]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Requests that make no sense, by what is odd about them."""
    address = row.path.format(**things)
    for what, text in TEXTS.items():
        fields = "&".join(f"{name}={quote(text, errors='surrogatepass')}" for name in FIELDS)
        if method in READING:
            yield f"{what} in the query", {"path": address, "QUERY_STRING": fields}
        else:
            yield f"{what} in a form", {"path": address, "data": fields, "content_type": FORM}
        if text.isprintable():
            headers = dict.fromkeys(HEADERS, text)
            yield f"{what} in the path", {"path": re.sub(r"{\w+}", text, row.path), "headers": tus.SPEAKS | headers}
    yield "NUL in the path", {"path": f"{address}%00"}
    yield "NUL in a header", {"path": address, "headers": tus.SPEAKS | {"Upload-Metadata": "filename \0"}}
    half = {"path": address, "QUERY_STRING": "&".join(f"{name}=\\ud800" for name in FIELDS)}
    yield "half characters", half | {"content_type": "application/json; charset=unicode_escape", "data": "{}"}
    if row.path.startswith("/api/") and method in ("POST", "PUT", "PATCH"):
        for what, value in JSON.items():
            every = ",".join(f'"{name}": {value}' for name in FIELDS)
            yield f"{what} as JSON", {"path": address, "data": f"{{{every}}}", "content_type": "application/json"}


@pytest.mark.extended
@pytest.mark.parametrize("who", ["anonymous", "owner"])
def test_nothing_that_is_sent_breaks_an_answer(
    who: str, people: dict[str, Any], things: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FixedWindowThrottle, "allow_request", lambda *_: True)
    client = APIClient(raise_request_exception=False)
    if who != "anonymous":
        client.force_login(people[who])
    session = client.cookies.output(header="")
    wrong = []
    for row in table():
        for method in row.methods:
            for what, request in odd(row, method, things):
                client.cookies = SimpleCookie(session)
                with transaction.atomic():
                    answer = client.generic(method, **request)
                    transaction.set_rollback(True)
                if answer.status_code >= 500 and row.path != "/readyz":
                    wrong.append(f"line {row.number}, {method} {row.path}, {what}: {answer.status_code}")
    assert not wrong, "\n".join(["", *wrong])


@pytest.mark.parametrize("value", ['"\\ud800"', "[" * 21 + "]" * 21, "[" * 5000 + "]" * 5000, '{"\\udfff": 1}'])
def test_json_that_cannot_be_worked_with_is_refused(people: dict[str, Any], value: str) -> None:
    client = APIClient()
    client.force_login(people["owner"])
    answer = client.post("/api/v1/projects/", f'{{"name": {value}}}', content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")


@pytest.mark.parametrize("path", ["/api/v1/recordings/", "/"])
@pytest.mark.parametrize("odd", [{"content_type": "text/plain; charset=unicode_escape"}, {"HTTP_RANGE": "\0"}])
def test_what_no_text_can_be_made_of_is_refused(people: dict[str, Any], path: str, odd: dict[str, Any]) -> None:
    client = APIClient()
    client.force_login(people["owner"])
    answer = client.generic("GET", path, **odd)
    assert answer.status_code == 400
    if path != "/":
        assert answer.json()["code"] == "parse_error"
    else:
        assert "This request was refused" in answer.content.decode()


@pytest.mark.parametrize("name", ["x" * 300, "x" * 5000, "a\0b"])
def test_nobody_logs_in_by_a_name_that_cannot_be_one(db: None, name: str) -> None:
    cache.clear()
    client = APIClient(raise_request_exception=False)
    sent = {"username": name, "password": "wrong"}
    assert client.post("/login/", sent, format="multipart").status_code == 200
    for kind in ("json", "multipart"):
        answer = client.post("/api/v1/auth/token/", sent, format=kind)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
