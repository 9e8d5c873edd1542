"""Responses with a private file: whole, by range, or 304 Not Modified."""

import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import http_date

from webapp.core.errors import file_missing
from webapp.storage import media


def serve(request: HttpRequest, key: str, content_type: str, disposition: str = "inline") -> HttpResponseBase:
    """A response with the stored file, or with the single range that the request asks for (RFC 9110, section 14).

    `disposition` is the Content-Disposition header. Behind nginx, plain local files are handed over by
    X-Accel-Redirect, and nginx handles ranges and conditions; encrypted files and a bucket's objects are streamed here.
    Raises RequestError(STORAGE_UNAVAILABLE | MEDIA_KEY | MEDIA_DAMAGED).
    """
    response: HttpResponseBase
    if settings.X_ACCEL_PREFIX and media.local_path(key):
        response = HttpResponse(headers={"X-Accel-Redirect": settings.X_ACCEL_PREFIX + quote(key)})
    else:
        response = _file_response(request, key)
    response["Cache-Control"] = "private, no-cache"
    response["X-Content-Type-Options"] = "nosniff"
    if response.status_code in (200, 206):
        response["Content-Type"] = content_type
        response["Content-Disposition"] = disposition
    return response


def _file_response(request: HttpRequest, key: str) -> HttpResponseBase:
    try:
        size, modified = media.storage().stat(key)
    except FileNotFoundError as error:
        raise file_missing() from error
    # The application never overwrites a file; size and time change where an operator restores one.
    etag = f'"{int(modified.timestamp() * 1e6):x}-{size:x}"'
    seconds = int(modified.timestamp())
    response = get_conditional_response(request, etag, seconds) or _body_response(request, key, size, (etag, seconds))
    response["ETag"] = etag
    response["Last-Modified"] = http_date(seconds)
    response["Accept-Ranges"] = "bytes"
    return response


def _body_response(request: HttpRequest, key: str, size: int, version: tuple[str, int]) -> HttpResponseBase:
    byte_range = _parse_range(request.headers.get("Range", ""), size) if _if_range_matches(request, *version) else None
    start, stop = byte_range or (0, size)
    if byte_range and start >= stop:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    response = StreamingHttpResponse(_RangeReader(key, start, stop), status=206 if byte_range else 200)
    response["Content-Length"] = str(stop - start)
    if byte_range:
        response["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return response


def _parse_range(header: str, size: int) -> tuple[int, int] | None:
    """Start and stop (exclusive) of the requested range in bytes; equal where it is not satisfiable.

    None where the whole file is sent: no range, several ranges, or an invalid one.
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


def _if_range_matches(request: HttpRequest, etag: str, seconds: int) -> bool:
    """Whether If-Range, where it is sent, names the file's current version."""
    condition = request.headers.get("If-Range")
    if condition is None or condition == etag:
        return True
    try:
        return parsedate_to_datetime(condition).timestamp() == seconds
    except (TypeError, ValueError):
        return False


class _RangeReader:
    """Iterates over a range of a file.

    The first chunk is read at once, so that an unreadable file is an error response and no truncated one.
    """

    def __init__(self, key: str, start: int, stop: int) -> None:
        self._file, self._left = media.storage().open(key), stop - start
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
        chunk: bytes = self._file.read(min(media.CHUNK_BYTES, self._left))
        self._left -= len(chunk)
        return chunk
