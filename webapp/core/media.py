"""Private files: where they lie, and how they are handed out.

MEDIA_ROOT/incoming holds what is being received or made; MEDIA_ROOT/recordings/ID everything of one recording,
under random names. No web server looks in there: each file passes through a view that knows whose it is.
"""

import fcntl
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, http_date

CHUNK_BYTES = 256 * 1024


def root() -> Path:
    return Path(settings.MEDIA_ROOT)


def incoming() -> Path:
    return root() / "incoming"


def folder(recording_id: object) -> Path:
    """The directory of all that belongs to a recording."""
    return root() / "recordings" / str(recording_id)


@contextmanager
def workplace() -> Iterator[Path]:
    """A fresh private directory on the file system of the media. It is gone afterwards, whatever happens."""
    place = incoming() / secrets.token_hex(16)
    place.mkdir(mode=0o700, parents=True)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def alone(path: Path) -> Iterator[BinaryIO]:
    """Open a file to read and write while nobody else does so, in whatever process.

    Raises BlockingIOError where somebody does, FileNotFoundError where there is no such file.
    """
    with path.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield file


def keep(path: Path, recording_id: object, suffix: str) -> str:
    """Move a finished file to its recording, under a random name; the name to store, relative to MEDIA_ROOT."""
    place = folder(recording_id)
    place.parent.mkdir(mode=0o700, exist_ok=True)
    place.mkdir(mode=0o700, exist_ok=True)
    path.chmod(0o600)
    return name(path.rename(place / f"{secrets.token_hex(16)}{suffix}"))


def forget(recording_id: object) -> None:
    """Remove every file of a recording."""
    shutil.rmtree(folder(recording_id), ignore_errors=True)


def name(path: Path) -> str:
    """What rows call a file: its path from MEDIA_ROOT."""
    return str(path.relative_to(root()))


def unfinished() -> Iterator[Path]:
    """Files and directories of what is being received or made."""
    return incoming().iterdir()


def kept() -> Iterator[Path]:
    """Every kept file, and the directories that hold none any more."""
    for place in (root() / "recordings").glob("*"):
        inside = list(place.iterdir())
        yield from inside or [place]


def remove(path: Path) -> None:
    """Remove a file or a whole directory, if it is still there."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def unchanged_for(path: Path, seconds: float) -> bool:
    """Whether nothing in `path`, a file or a directory, was written to in the last `seconds`."""
    try:
        newest = max(each.stat().st_mtime for each in (path, *path.rglob("*")))
    except FileNotFoundError:  # somebody is at work in there
        return False
    return time.time() - newest > seconds


def serve(request: HttpRequest, path: Path, content_type: str, download_name: str | None = None) -> HttpResponseBase:
    """Answer with a file, or with the one part of it that the request's Range asks for (RFC 9110, section 14).

    With `download_name` a browser saves the file; without, it may play it. Where nginx stands in front and hands
    the file out itself, parts and conditions are its own.
    """
    response: HttpResponseBase
    if settings.MEDIA_INTERNAL:
        response = HttpResponse(headers={"X-Accel-Redirect": settings.MEDIA_INTERNAL + quote(name(path))})
    else:
        response = _answer(request, path)
    response["Cache-Control"] = "private, no-cache"
    response["X-Content-Type-Options"] = "nosniff"
    if response.status_code in (200, 206):
        response["Content-Type"] = content_type
        response["Content-Disposition"] = (
            content_disposition_header(as_attachment=download_name is not None, filename=download_name or "")
            or "inline"
        )
    return response


def _answer(request: HttpRequest, path: Path) -> HttpResponseBase:
    stat = path.stat()
    # A name of ours never gets other contents; size and time tell apart what an operator put back.
    etag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
    response = get_conditional_response(request, etag, int(stat.st_mtime)) or _body(request, path, stat.st_size, etag)
    response["ETag"] = etag
    response["Last-Modified"] = http_date(stat.st_mtime)
    response["Accept-Ranges"] = "bytes"
    return response


def _body(request: HttpRequest, path: Path, size: int, etag: str) -> HttpResponseBase:
    part = _part(request.headers.get("Range", ""), size) if _still_the_same(request, path, etag) else None
    if part is None:
        return FileResponse(path.open("rb"))
    start, stop = part
    if start >= stop:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    response = StreamingHttpResponse(_chunks(path, start, stop), status=206)
    response["Content-Length"] = str(stop - start)
    response["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return response


def _part(header: str, size: int) -> tuple[int, int] | None:
    """First byte and one past the last that a Range header asks for; equal where there are none.

    None where the whole file is the answer: no range, several, or one that is not understood.
    """
    match = re.fullmatch(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*", header)
    if match is None or match.group(0).strip("bytes= ") == "-":
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    if last and int(last) < int(first):
        return None
    return min(int(first), size), min(int(last) + 1, size) if last else size


def _still_the_same(request: HttpRequest, path: Path, etag: str) -> bool:
    """Whether a range is meant for this file: If-Range names what the client has the other parts of."""
    condition = request.headers.get("If-Range")
    if condition is None or condition == etag:
        return True
    try:
        return parsedate_to_datetime(condition).timestamp() == int(path.stat().st_mtime)
    except (TypeError, ValueError):
        return False


def _chunks(path: Path, start: int, stop: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        left = stop - start
        while left > 0 and (chunk := file.read(min(CHUNK_BYTES, left))):
            left -= len(chunk)
            yield chunk
