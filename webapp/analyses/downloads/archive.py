"""Several analyses as one zip file, written while it is sent.

Each analysis has a folder; manifest.csv, the last entry, maps every file to its recording and analysis.
"""

import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import IO
from uuid import UUID

from django.db import transaction
from django.http import StreamingHttpResponse
from django.utils import timezone

from inference.errors import Code, InputError
from inference.export import WRITERS, RecordingInfo
from inference.export.eaf import VIDEO
from inference.export.table import to_delimited
from webapp.accounts.models import User
from webapp.analyses import selectors
from webapp.analyses.models import Analysis
from webapp.audit.models import Action
from webapp.audit.services import record
from webapp.core.file_names import content_disposition, safe_name
from webapp.storage import media
from webapp.storage.zip_stream import DEFLATED, STORED, ZipStream

MANIFEST = "manifest.csv"
COLUMNS = (
    *("file", "bytes", "sha256", "title", "recording", "analysis", "model_name", "model_version", "timeline_at"),
    *("purpose", "purpose_note", "consent_version", "consent_text"),
    *("project", "tags", "duration_s", "models"),
)


def require_known_formats(formats: Sequence[str]) -> None:
    """Raises InputError(UNKNOWN_FORMAT) for a name that is not in `inference.export.WRITERS`."""
    for name in formats:
        if name not in WRITERS:
            raise InputError(Code.UNKNOWN_FORMAT, f"There is no format {name}. Choose from: {', '.join(WRITERS)}.")


def analyses_archive(
    user: User, analyses: Sequence[UUID], formats: Sequence[str], *, with_video: bool
) -> Iterator[bytes]:
    """The zip file of these analyses of the user, in chunks. Those that are erased meanwhile are left out."""
    with transaction.atomic():
        for analysis in selectors.analyses_of(user).filter(pk__in=analyses, timeline_at__isnull=False):
            record(Action.FILE_EXPORTED, by=user.pk, owner=user.pk, target=analysis)
    return _stream(user, analyses, formats, with_video=with_video)


def folder_name(number: int, title: str) -> str:
    """The folder of a recording in a zip file."""
    return f"{number:03}-{safe_name(title, 'recording')}"


def zip_response(chunks: Iterator[bytes], label: str = "") -> StreamingHttpResponse:
    """A download of the zip file, named after today and `label`."""
    response = StreamingHttpResponse(chunks, content_type="application/zip")
    name = f"emotrace-{timezone.now():%Y-%m-%d}"
    full = f"{name}-{safe_name(label, '')}" if label else name
    response["Content-Disposition"] = content_disposition(f"{full}.zip", f"{full if full.isascii() else name}.zip")
    return response


def _stream(user: User, analyses: Sequence[UUID], formats: Sequence[str], *, with_video: bool) -> Iterator[bytes]:
    stream, manifest = ZipStream(), []
    for number, pk in enumerate(analyses, 1):
        analysis = selectors.analyses_of(user).filter(pk=pk).first()
        if analysis is None or analysis.timeline_at is None:
            continue
        info = selectors.recording_info(analysis.recording, own=True)
        fields = _manifest_fields(analysis, info)
        for name, content, method in _files(analysis, info, formats, with_video=with_video):
            path = f"{folder_name(number, analysis.recording.title)}/{name}"
            size, digest = yield from stream.add(path, content, analysis.timeline_at, method)
            manifest.append([path, str(size), digest, *fields])
    yield from stream.add(MANIFEST, io.BytesIO(to_delimited([COLUMNS, *manifest]).encode()), timezone.now(), DEFLATED)
    yield from stream.close()


def _files(
    analysis: Analysis, info: RecordingInfo, formats: Sequence[str], *, with_video: bool
) -> Iterator[tuple[str, IO[bytes], int]]:
    """Name, content and compression of each file. Videos are where the ELAN files refer to them."""
    timeline = selectors.published_timeline(analysis)
    for name in formats:
        content = WRITERS[name].write(timeline, info)
        yield f"timeline.{WRITERS[name].extension}", io.BytesIO(content), DEFLATED
    video = selectors.labelled_video(analysis)
    if with_video and video is not None:
        with suppress(FileNotFoundError), media.storage().open(video.key) as video_file:
            yield VIDEO, video_file, STORED


def _manifest_fields(analysis: Analysis, info: RecordingInfo) -> list[str]:
    assert analysis.timeline_at is not None
    recording = analysis.recording
    model = (str(analysis.pk), analysis.model_name, analysis.model_version, analysis.timeline_at.isoformat())
    consent = (recording.purpose, recording.purpose_note, recording.consent_version, recording.consent_text)
    models = "; ".join(f"{used['name']} {used['version']}" for used in analysis.models_used)
    rest = (info.project, ",".join(info.tags), f"{recording.duration_s:.3f}", models)
    return [recording.title, str(recording.pk), *model, *consent, *rest]
