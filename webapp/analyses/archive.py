"""Several analyses as one zip file that is written while it is sent: it never lies anywhere as a whole.

Each analysis has a folder of its own; manifest.csv, the last entry, says whose each file is.
"""

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import IO
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.text import slugify

from inference.errors import Code, InputError
from inference.export import WRITERS
from inference.export.eaf import VIDEO
from inference.export.table import safe
from webapp.accounts.models import User
from webapp.analyses import selectors
from webapp.analyses.models import Analysis

MANIFEST = "manifest.csv"
COLUMNS = ("file", "bytes", "sha256", "title", "recording", "analysis", "model_name", "model_version", "timeline_at")
SLUG_CHARACTERS = 60
CHUNK_BYTES = 256 * 1024
_READABLE = 0o644 << 16  # the rights of an entry, where zip files keep them


class _Pieces(io.RawIOBase):
    """Where the zip file is written to: holds what nobody has taken yet."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = memoryview(data)  # type: ignore[arg-type]
        self._waiting += piece
        return piece.nbytes

    def take(self) -> Iterator[bytes]:
        """What is waiting, if anything is."""
        if self._waiting:
            yield bytes(self._waiting)
            self._waiting.clear()


def check(formats: Sequence[str]) -> None:
    """Raises InputError(UNKNOWN_FORMAT) for what is none of `inference.export.WRITERS`."""
    for name in formats:
        if name not in WRITERS:
            raise InputError(Code.UNKNOWN_FORMAT, f"There is no format {name}. Choose from: {', '.join(WRITERS)}.")


def archive(user: User, analyses: Sequence[UUID], formats: Sequence[str], *, with_video: bool) -> Iterator[bytes]:
    """The zip file of these analyses of the user, in pieces. What is erased before its turn comes is left out."""
    pieces = _Pieces()
    manifest = []
    with ZipFile(pieces, "w") as file:
        for number, pk in enumerate(analyses, 1):
            analysis = selectors.analyses_of(user).filter(pk=pk).first()
            if analysis is None or analysis.timeline_at is None:
                continue
            folder = f"{number:03}-{slugify(analysis.recording.title)[:SLUG_CHARACTERS] or 'recording'}"
            for name, content, method in _files(analysis, formats, with_video=with_video):
                info, digest = _entry(f"{folder}/{name}", analysis.timeline_at, method), hashlib.sha256()
                info.file_size = content.seek(0, io.SEEK_END)  # old programs read no entry that says it may be huge
                content.seek(0)
                with file.open(info, "w") as entry:
                    while chunk := content.read(CHUNK_BYTES):
                        entry.write(chunk)
                        digest.update(chunk)
                        yield from pieces.take()
                manifest.append([info.filename, str(info.file_size), digest.hexdigest(), *_whose(analysis)])
        file.writestr(_entry(MANIFEST, timezone.now(), ZIP_DEFLATED), _table(manifest))
    yield from pieces.take()


def as_download(pieces: Iterator[bytes]) -> StreamingHttpResponse:
    """The answer that a browser saves as a zip file of today."""
    response = StreamingHttpResponse(pieces, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="emotrace-{timezone.now():%Y-%m-%d}.zip"'
    return response


def _files(analysis: Analysis, formats: Sequence[str], *, with_video: bool) -> Iterator[tuple[str, IO[bytes], int]]:
    """The name, content and compression of each file. Videos lie where the ELAN files look for them."""
    timeline = selectors.published_timeline(analysis)
    for name in formats:
        content = WRITERS[name].write(timeline, analysis.recording.title)
        yield f"timeline.{WRITERS[name].extension}", io.BytesIO(content), ZIP_DEFLATED
    video = selectors.labelled_video(analysis)
    if with_video and video is not None:
        with suppress(FileNotFoundError), video.path.open("rb") as content_of_video:
            yield VIDEO, content_of_video, ZIP_STORED


def _entry(path: str, at: datetime, method: int) -> ZipInfo:
    entry = ZipInfo(path, (at.year, at.month, at.day, at.hour, at.minute, at.second))
    entry.compress_type, entry.external_attr = method, _READABLE
    return entry


def _whose(analysis: Analysis) -> list[str]:
    assert analysis.timeline_at is not None
    recording = analysis.recording
    model = (analysis.model_name, analysis.model_version)
    return [safe(recording.title), str(recording.pk), str(analysis.pk), *model, analysis.timeline_at.isoformat()]


def _table(rows: list[list[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([COLUMNS, *rows])
    return text.getvalue()
