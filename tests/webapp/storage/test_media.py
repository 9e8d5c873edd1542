"""Handing out private files: whole, in parts, or not again where the client has them (RFC 9110)."""

import os
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, RequestFactory

from tests.webapp.factories import finished
from tests.webapp.sharing import by_link
from webapp.accounts.models import User
from webapp.core.file_names import content_disposition
from webapp.storage import media
from webapp.storage.range_response import serve

CONTENT = bytes(range(256)) * 4
SIZE = len(CONTENT)


@pytest.fixture
def path(media_root: Path) -> Path:
    path = media_root / "video.bin"
    path.write_bytes(CONTENT)
    return path


def ask(path: Path, **headers: str) -> Any:
    return serve(RequestFactory().get("/", headers=headers), path.name, "video/mp4")


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_a_file_comes_whole_and_unguessed(path: Path) -> None:
    answer = ask(path)
    assert (answer.status_code, body(answer)) == (200, CONTENT)
    assert answer["Content-Type"] == "video/mp4"
    assert answer["Content-Length"] == str(SIZE)
    assert answer["Accept-Ranges"] == "bytes"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"] == "inline"
    assert answer["Cache-Control"] == "private, no-cache"


def test_a_file_can_be_saved_under_any_name(path: Path) -> None:
    disposition = content_disposition("Änna.mp4", "Anna.mp4")
    answer = serve(RequestFactory().get("/"), path.name, "video/mp4", disposition)
    assert answer["Content-Disposition"] == "attachment; filename=\"Anna.mp4\"; filename*=UTF-8''%C3%84nna.mp4"


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, SIZE),
        ("bytes=-10", SIZE - 10, SIZE),
        ("bytes=0-0", 0, 1),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE),
        ("bytes=1000-999999", 1000, SIZE),
        ("bytes=-999999", 0, SIZE),
    ],
)
def test_a_range_is_answered_with_that_part(path: Path, asked: str, start: int, stop: int) -> None:
    answer = ask(path, Range=asked)
    assert (answer.status_code, body(answer)) == (206, CONTENT[start:stop])
    assert answer["Content-Range"] == f"bytes {start}-{stop - 1}/{SIZE}"
    assert answer["Content-Length"] == str(stop - start)
    assert answer["Content-Type"] == "video/mp4"


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", "bytes=999999-", "bytes=-0"])
def test_a_range_behind_the_end_cannot_be_had(path: Path, asked: str) -> None:
    answer = ask(path, Range=asked)
    assert (answer.status_code, body(answer)) == (416, b"")
    assert answer["Content-Range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize("asked", ["bytes=", "bytes=-", "bytes=a-b", "bytes=5-2", "bytes=0-1,3-4", "items=0-1", "0-1"])
def test_what_is_no_single_range_is_answered_with_the_whole(path: Path, asked: str) -> None:
    answer = ask(path, Range=asked)
    assert (answer.status_code, body(answer)) == (200, CONTENT)


def test_an_empty_file_has_no_parts(path: Path) -> None:
    path.write_bytes(b"")
    assert body(ask(path)) == b""
    assert ask(path, Range="bytes=0-").status_code == 416


def test_a_part_of_another_version_is_not_mixed_in(path: Path) -> None:
    first = ask(path)
    assert ask(path, Range="bytes=0-9", **{"If-Range": first["ETag"]}).status_code == 206
    assert ask(path, Range="bytes=0-9", **{"If-Range": first["Last-Modified"]}).status_code == 206
    os.utime(path, (1, 1))
    for condition in (first["ETag"], first["Last-Modified"], "nonsense", f"W/{first['ETag']}"):
        answer = ask(path, Range="bytes=0-9", **{"If-Range": condition})
        assert (answer.status_code, body(answer)) == (200, CONTENT)


def test_what_the_client_has_is_not_sent_again(path: Path) -> None:
    first = ask(path)
    again = ask(path, **{"If-None-Match": first["ETag"]})
    assert (again.status_code, body(again)) == (304, b"")
    assert again["ETag"] == first["ETag"]
    os.utime(path, (1, 1))
    assert ask(path, **{"If-None-Match": first["ETag"]}).status_code == 200


def test_a_workplace_is_gone_afterwards(media_root: Path) -> None:
    with pytest.raises(ZeroDivisionError), media.scratch_dir() as place:
        (place / "half.mp4").write_bytes(b"half")
        assert place.stat().st_mode & 0o077 == 0
        raise ZeroDivisionError
    assert list((media_root / "incoming").iterdir()) == []


UP = ["..", "%2e%2e", "..%2f..", "%252e%252e%252f", "..%5c..", "..\\..", "%00", "..%c0%af..", "%2fetc%2fpasswd"]


@pytest.mark.parametrize("up", UP)
def test_no_name_in_an_address_leads_out_of_its_place(client: Client, up: str, owner: User, models: Path) -> None:
    """Each address that takes a word takes it for a name, and a name that is none is not there."""
    (models.parent / "MODEL_CARD.md").write_text("outside")
    analysis = finished("happy", recording__owner=owner)
    _, secret = by_link(analysis.recording, may_download=True)
    client.force_login(owner)
    for address in (
        f"/api/v1/analyses/{analysis.pk}/export/{up}/",
        f"/models/{up}/1/",
        f"/models/intermediate-attention-8/{up}/",
        f"/recordings/chosen/{up}/",
        f"/link/{up}/",
        f"/link/{secret}/analyses/{analysis.pk}/export/{up}/",
        f"/media/{up}/{analysis.artifacts.get().file.name}",
        f"/static/{up}/{up}/settings.py",
    ):
        method = client.post if "chosen" in address else client.get
        answer = method(address)
        assert answer.status_code == (400 if up == "%00" else 404), address  # NUL is refused before it is looked up
        assert b"outside" not in answer.content
