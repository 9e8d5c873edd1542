"""The tus protocol, rule by rule: what is kept, and what is refused without keeping anything."""

import base64
import hashlib
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from rest_framework.test import APIClient

from tests.webapp import clips, tus
from webapp.accounts.models import User
from webapp.accounts.services import create_token
from webapp.recordings.models import Upload

CONTENT = bytes(range(256)) * 40


def kept() -> bytes:
    """The bytes that count of the only upload."""
    transfer = Upload.objects.get()
    return transfer.path.read_bytes()[: transfer.offset]


def is_refused(answer: Any, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.json()
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["Tus-Resumable"] == "1.0.0"
    assert answer.json()["status"] == status
    assert len(answer.json()["detail"]) > 20


@pytest.fixture
def address(api: APIClient) -> str:
    """An upload that has just begun."""
    return str(tus.begin(api, len(CONTENT))["Location"])


def test_the_server_says_what_it_speaks_to_whoever_does_not_yet(api: APIClient) -> None:
    answer = api.options(tus.URL)
    assert answer.status_code == 204
    assert answer["Tus-Version"] == answer["Tus-Resumable"] == "1.0.0"
    assert set(answer["Tus-Extension"].split(",")) == {"creation", "termination", "checksum", "expiration"}
    assert set(answer["Tus-Checksum-Algorithm"].split(",")) == {"sha1", "sha256"}
    assert int(answer["Tus-Max-Size"]) == 4 * 1024**3


def test_a_file_comes_in_parts(api: APIClient, media_root: Path) -> None:
    begun = tus.begin(api, len(CONTENT))
    assert (begun.status_code, begun.content) == (201, b"")
    place = begun["Location"]
    assert place.startswith(tus.URL)
    for start, end in ((0, 1), (1, 5000), (5000, len(CONTENT))):
        answer = tus.send(api, place, start, CONTENT[start:end])
        assert (answer.status_code, answer["Upload-Offset"]) == (204, str(end))
        assert tus.ask(api, place)["Upload-Offset"] == str(end)
    assert kept() == CONTENT
    (file,) = clips.everything_in(media_root)
    assert file.is_relative_to(media_root / "incoming")
    assert file.stat().st_mode & 0o077 == 0


def test_head_tells_where_to_go_on(api: APIClient, address: str) -> None:
    tus.send(api, address, 0, CONTENT[:100])
    answer = tus.ask(api, address)
    assert (answer.status_code, answer.content) == (200, b"")
    assert (answer["Upload-Offset"], answer["Upload-Length"]) == ("100", str(len(CONTENT)))
    assert answer["Upload-Metadata"] == tus.named("interview.mp4")
    assert answer["Cache-Control"] == "no-store"
    assert answer["Tus-Resumable"] == "1.0.0"


def test_an_upload_of_nothing_is_finished_at_once(api: APIClient) -> None:
    address = tus.begin(api, 0)["Location"]
    assert tus.ask(api, address)["Upload-Offset"] == "0"
    assert Upload.objects.get().finished


def test_metadata_may_be_left_out_or_have_no_values(api: APIClient) -> None:
    headers = {**tus.SPEAKS, "Upload-Length": "5"}
    assert "Upload-Metadata" not in tus.ask(api, api.post(tus.URL, headers=headers)["Location"])
    assert tus.begin(api, 5, **{"Upload-Metadata": "is_confidential,filename YS5tcDQ="}).status_code == 201
    assert sorted(Upload.objects.values_list("name", flat=True)) == ["", "a.mp4"]


def test_each_part_puts_the_end_off(api: APIClient, address: str, settings: Any) -> None:
    Upload.objects.update(expires_at=timezone.now() + timedelta(seconds=60))
    answer = tus.send(api, address, 0, CONTENT[:10])
    left = parsedate_to_datetime(answer["Upload-Expires"]) - timezone.now()
    assert left.total_seconds() == pytest.approx(settings.UPLOAD_TTL_SECONDS, abs=60)


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Upload-Length": ""}, 400, "upload_length"),
        ({"Upload-Length": "-5"}, 400, "upload_length"),
        ({"Upload-Length": "many"}, 400, "upload_length"),
        ({"Upload-Length": "1e3"}, 400, "upload_length"),
        ({"Upload-Length": "٣"}, 400, "upload_length"),
        ({"Upload-Length": "9" * 30}, 400, "upload_length"),
        ({"Upload-Length": str(4 * 1024**3 + 1)}, 413, "too_large"),
        ({"Upload-Defer-Length": "1"}, 400, "upload_length_deferred"),
        ({"Upload-Metadata": "filename not-base64!"}, 400, "upload_metadata"),
        ({"Upload-Metadata": "filename YS5tcDQ=,filename YS5tcDQ="}, 400, "upload_metadata"),
        ({"Upload-Metadata": ",filename YS5tcDQ="}, 400, "upload_metadata"),
        ({"Upload-Metadata": "filename /w=="}, 400, "upload_metadata"),
        ({"Upload-Metadata": "fil\xe9 YS5tcDQ="}, 400, "upload_metadata"),
        ({"Upload-Metadata": "x " + "A" * 4096}, 400, "upload_metadata"),
        ({"Tus-Resumable": ""}, 412, "tus_version"),
        ({"Tus-Resumable": "0.2.2"}, 412, "tus_version"),
    ],
)
def test_what_cannot_begin_leaves_nothing(
    api: APIClient, media_root: Path, headers: dict[str, str], status: int, code: str
) -> None:
    answer = tus.begin(api, 100, **headers)
    is_refused(answer, status, code)
    assert not Upload.objects.exists()
    assert clips.everything_in(media_root) == []
    if status == 412:
        assert answer["Tus-Version"] == "1.0.0"


@pytest.mark.parametrize(
    ("part", "headers", "status", "code"),
    [
        (CONTENT[100:], {"Upload-Offset": "99"}, 409, "upload_offset"),
        (CONTENT[100:], {"Upload-Offset": "101"}, 409, "upload_offset"),
        (CONTENT[100:], {"Upload-Offset": ""}, 400, "upload_offset_missing"),
        (CONTENT[100:], {"Upload-Offset": "-1"}, 400, "upload_offset_missing"),
        (CONTENT[100:] + b"x", {}, 413, "upload_overrun"),
        (CONTENT[100:], {"Content-Type": "video/mp4"}, 415, "upload_type"),
        (CONTENT[100:], {"Content-Length": ""}, 411, "content_length"),
        (CONTENT[100:], {"Tus-Resumable": "2.0.0"}, 412, "tus_version"),
        (CONTENT[100:], {"Upload-Checksum": "md5 AAAA"}, 400, "upload_checksum"),
        (CONTENT[100:], {"Upload-Checksum": "sha1 AAAA"}, 400, "upload_checksum"),
        (CONTENT[100:], {"Upload-Checksum": "sha1 not-base64!"}, 400, "upload_checksum"),
        (CONTENT[100:], {"Upload-Checksum": "sha1"}, 400, "upload_checksum"),
    ],
)
def test_a_part_that_is_refused_changes_nothing(
    api: APIClient, address: str, part: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    tus.send(api, address, 0, CONTENT[:100])
    content_type = headers.pop("Content-Type", tus.PART)
    is_refused(tus.send(api, address, 100, part, content_type, **headers), status, code)
    assert kept() == CONTENT[:100]
    assert tus.send(api, address, 100, CONTENT[100:]).status_code == 204
    assert kept() == CONTENT


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_part_with_a_checksum_counts_if_it_fits(api: APIClient, address: str, algorithm: str) -> None:
    def checksum(part: bytes) -> str:
        return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, part).digest()).decode()}"

    first, second = CONTENT[:6000], CONTENT[6000:]
    assert tus.send(api, address, 0, first, **{"Upload-Checksum": checksum(first)}).status_code == 204
    answer = tus.send(api, address, 6000, second, **{"Upload-Checksum": checksum(first)})
    is_refused(answer, 460, "upload_corrupted")
    assert (answer.reason_phrase, answer.json()["title"]) == ("Checksum Mismatch", "Checksum Mismatch")
    assert kept() == first
    assert Upload.objects.get().path.stat().st_size == 6000
    assert tus.send(api, address, 6000, second, **{"Upload-Checksum": checksum(second)}).status_code == 204
    assert kept() == CONTENT


def test_what_is_removed_is_gone_with_its_file(
    api: APIClient, address: str, media_root: Path, django_capture_on_commit_callbacks: Any
) -> None:
    tus.send(api, address, 0, CONTENT[:100])
    with django_capture_on_commit_callbacks(execute=True):
        answer = api.delete(address, headers=tus.SPEAKS)
    assert (answer.status_code, answer["Tus-Resumable"]) == (204, "1.0.0")
    assert clips.everything_in(media_root) == []
    assert tus.ask(api, address).status_code == 404
    is_refused(tus.send(api, address, 100, CONTENT[100:]), 404, "not_found")
    is_refused(api.delete(address, headers=tus.SPEAKS), 404, "not_found")


def test_what_has_expired_is_not_there(api: APIClient, address: str) -> None:
    Upload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert tus.ask(api, address).status_code == 404
    is_refused(tus.send(api, address, 0, CONTENT), 404, "not_found")
    assert Upload.objects.get().offset == 0


def test_somebody_elses_upload_is_not_there(
    api: APIClient, address: str, stranger: User, client_of: Any, media_root: Path
) -> None:
    other = client_of(stranger)
    assert tus.ask(other, address).status_code == 404
    is_refused(tus.send(other, address, 0, CONTENT), 404, "not_found")
    is_refused(other.delete(address, headers=tus.SPEAKS), 404, "not_found")
    assert kept() == b""
    assert len(clips.everything_in(media_root)) == 1


def test_a_method_may_be_said_in_a_header(
    api: APIClient, address: str, django_capture_on_commit_callbacks: Any
) -> None:
    def post(method: str, part: bytes = b"", **headers: str) -> Any:
        sent = {**tus.SPEAKS, "X-HTTP-Method-Override": method, **headers}
        return api.post(address, part, content_type=tus.PART, headers=sent)

    assert post("PATCH", CONTENT[:50], **{"Upload-Offset": "0"})["Upload-Offset"] == "50"
    assert kept() == CONTENT[:50]
    assert post("HEAD")["Upload-Offset"] == "50"
    with django_capture_on_commit_callbacks(execute=True):
        assert post("DELETE").status_code == 204
    assert not Upload.objects.exists()
    assert post("GET").status_code == 405


def test_a_session_needs_the_pages_token_and_a_token_needs_none(owner: User, db: None) -> None:
    cache.clear()
    browser = APIClient(enforce_csrf_checks=True)
    browser.force_login(owner)
    for method in ("POST", "GET"):  # whatever the request says it is
        headers = {**tus.SPEAKS, "Upload-Length": "5", "X-HTTP-Method-Override": "POST"}
        is_refused(browser.generic(method, tus.URL, headers=headers), 403, "permission_denied")
    program = APIClient(headers={"Authorization": f"Token {create_token(user=owner, name='test')[1]}"})
    address = tus.begin(program, len(CONTENT))["Location"]
    is_refused(tus.send(browser, address, 0, CONTENT), 403, "permission_denied")
    assert tus.send(program, address, 0, CONTENT).status_code == 204
    assert kept() == CONTENT
