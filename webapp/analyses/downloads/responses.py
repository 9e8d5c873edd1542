"""HTTP responses with files of an analysis: videos, chapters, exports."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from inference.errors import Code, InputError
from inference.export import WRITERS, html_report
from webapp.analyses import selectors
from webapp.analyses.downloads.archive import require_known_formats
from webapp.analyses.models import Analysis
from webapp.analyses.permissions import AnalysisAccess, record_download
from webapp.audit.models import Action
from webapp.core.errors import RequestError, WebCode
from webapp.core.file_names import ascii_name, content_disposition, recording_name
from webapp.recordings.models import MediaFile, Recording
from webapp.storage import media
from webapp.storage.range_response import serve

# An exported page that a browser opens from this origin runs, sends and fetches nothing.
INERT = f"sandbox; {html_report.POLICY}"
VIDEO_TYPES = {".mp4": "video/mp4", ".mkv": "video/matroska"}
DECIMALS = 3


def original(request: HttpRequest, recording: Recording) -> HttpResponseBase:
    """The original video, for its owner only: its metadata may reveal place, time and author.

    Players play it; a browser that opens its URL saves it. Raises Http404.
    """
    file = recording.file(MediaFile.Kind.VIDEO)
    if file is None:
        raise Http404
    record_download(Action.ORIGINAL_FETCHED, viewer=recording.owner, target=recording)
    return serve(request, file.key, "video/mp4", _content_disposition(recording, f"-original{media.suffix(file.key)}"))


def video(request: HttpRequest, access: AnalysisAccess) -> HttpResponseBase:
    """The labelled video, inline. Raises RequestError(NOT_READY)."""
    artifact = selectors.labelled_video(access.analysis)
    if artifact is None:
        raise RequestError(WebCode.NOT_READY, "There is no labelled video yet. Ask again when the analysis succeeded.")
    record_download(Action.VIDEO_FETCHED, viewer=access.viewer, target=access.analysis)
    return serve(
        request, artifact.key, "video/mp4", _content_disposition(access.analysis.recording, ".mp4", attachment=False)
    )


def chapters(request: HttpRequest, access: AnalysisAccess) -> HttpResponseBase:
    """The original with chapters, as attachment.

    Raises RequestError(VIEW_ONLY | NOT_READY), InputError(NOT_COPYABLE).
    """
    analysis = access.require_download()
    artifact = selectors.video_with_chapters(analysis)
    if artifact is None and analysis.status in Analysis.OPEN:
        raise RequestError(WebCode.NOT_READY, "It is made with the labelled video. Ask again in a moment.")
    if artifact is None:
        raise InputError(
            Code.NOT_COPYABLE,
            "There is no video with chapters of this analysis: it did not succeed, an earlier version made it, or "
            "the original's tracks cannot be copied as they are. Have the recording read again, or save it as "
            "H.264 MP4 first.",
        )
    record_download(Action.ORIGINAL_FETCHED, viewer=access.viewer, target=analysis)
    suffix = media.suffix(artifact.key)
    return serve(
        request, artifact.key, VIDEO_TYPES[suffix], _content_disposition(analysis.recording, f"-chapters{suffix}")
    )


def export(access: AnalysisAccess, name: str) -> HttpResponse:
    """The timeline in one of `inference.export.WRITERS`, as attachment.

    Raises InputError(UNKNOWN_FORMAT), RequestError(VIEW_ONLY | NOT_READY).
    """
    analysis = access.require_download()
    require_known_formats([name])
    writer = WRITERS[name]
    response = HttpResponse(selectors.export(analysis, name, own=access.own), content_type=writer.content_type)
    record_download(Action.FILE_EXPORTED, viewer=access.viewer, target=analysis)
    response["Content-Disposition"] = _content_disposition(analysis.recording, f".{writer.extension}")
    response["Content-Security-Policy"] = INERT
    return response


def faces(analysis: Analysis) -> dict[str, Any]:
    """The positions of faces as JSON. Raises RequestError(NOT_READY | FACES_NOT_KEPT)."""
    if analysis.timeline_at is None:
        raise RequestError(WebCode.NOT_READY, "No face is looked for yet. Ask again when there is a timeline.")
    track = selectors.face_track(analysis)
    if track is None:
        raise RequestError(
            WebCode.FACES_NOT_KEPT, "This was read before the places of faces were kept. Have it read again."
        )
    size = {"width": analysis.recording.width, "height": analysis.recording.height}
    return {"step_s": round(track.step_s, DECIMALS), **size, "boxes": track.boxes}


def _content_disposition(recording: Recording, suffix: str, *, attachment: bool = True) -> str:
    """The header of a file that is named after the recording."""
    name, fallback = (make_name(recording.title, recording.pk) for make_name in (recording_name, ascii_name))
    return content_disposition(f"{name}{suffix}", f"{fallback}{suffix}", attachment=attachment)
