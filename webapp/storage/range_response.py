"""Private files as answers: whole, in parts, or not again where the client has them."""

import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import http_date

from webapp.core.errors import not_there
from webapp.storage import media


def serve(request: HttpRequest, kept: str, content_type: str, disposition: str = "inline") -> HttpResponseBase:
    """Answer with a file, or with the one part of it that the request's Range asks for (RFC 9110, section 14).

    `disposition` is the Content-Disposition. Where nginx stands in front and hands a file out itself, parts and
    conditions are its own; sealed ones, and those of a bucket, pass through here.
    Raises RequestError(STORAGE_UNAVAILABLE | MEDIA_KEY | MEDIA_DAMAGED).
    """
    response: HttpResponseBase
    if settings.MEDIA_INTERNAL and media.lies(kept):
        response = HttpResponse(headers={"X-Accel-Redirect": settings.MEDIA_INTERNAL + quote(kept)})
    else:
        response = _answer(request, kept)
    response["Cache-Control"] = "private, no-cache"
    response["X-Content-Type-Options"] = "nosniff"
    if response.status_code in (200, 206):
        response["Content-Type"] = content_type
        response["Content-Disposition"] = disposition
    return response


def _answer(request: HttpRequest, kept: str) -> HttpResponseBase:
    try:
        size, modified = media.store().about(kept)
    except FileNotFoundError as error:
        raise not_there() from error
    # A name of ours never gets other contents; size and time tell apart what an operator put back.
    etag = f'"{int(modified.timestamp() * 1e6):x}-{size:x}"'
    seconds = int(modified.timestamp())
    response = get_conditional_response(request, etag, seconds) or _body(request, kept, size, (etag, seconds))
    response["ETag"] = etag
    response["Last-Modified"] = http_date(seconds)
    response["Accept-Ranges"] = "bytes"
    return response


def _body(request: HttpRequest, kept: str, size: int, version: tuple[str, int]) -> HttpResponseBase:
    part = _part(request.headers.get("Range", ""), size) if _still_the_same(request, *version) else None
    start, stop = part or (0, size)
    if part and start >= stop:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    response = StreamingHttpResponse(_Pieces(kept, start, stop), status=206 if part else 200)
    response["Content-Length"] = str(stop - start)
    if part:
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


def _still_the_same(request: HttpRequest, etag: str, seconds: int) -> bool:
    """Whether a range is meant for this file: If-Range names what the client has the other parts of."""
    condition = request.headers.get("If-Range")
    if condition is None or condition == etag:
        return True
    try:
        return parsedate_to_datetime(condition).timestamp() == seconds
    except (TypeError, ValueError):
        return False


class _Pieces:
    """A part of a file. The first piece is read at once: what cannot be read is an error and no broken answer."""

    def __init__(self, kept: str, start: int, stop: int) -> None:
        self._file, self._left = media.store().open(kept), stop - start
        try:
            self._file.seek(start)
            self._next = self._read()
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[bytes]:
        while self._next:
            yield self._next
            self._next = self._read()

    def close(self) -> None:
        self._file.close()

    def _read(self) -> bytes:
        piece = self._file.read(min(media.CHUNK_BYTES, self._left))
        self._left -= len(piece)
        return piece
