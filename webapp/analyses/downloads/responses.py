"""What is made of an analysis as answers to whoever may have it: video, chapters, files for other tools."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from inference.errors import Code, InputError
from inference.export import WRITERS, report
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

# A file that a browser could show as a page of ours runs nothing, sends nothing and fetches nothing.
INERT = f"sandbox; {report.POLICY}"
VIDEO_TYPES = {".mp4": "video/mp4", ".mkv": "video/matroska"}
DECIMALS = 3


def original(request: HttpRequest, recording: Recording) -> HttpResponseBase:
    """The video as it was sent, for its owner alone: it may tell where, when and by whom it was made.

    A player plays it, a browser that is led to it saves it. Raises Http404.
    """
    file = recording.file(MediaFile.Kind.VIDEO)
    if file is None:
        raise Http404
    record_download(Action.ORIGINAL_FETCHED, viewer=recording.owner, thing=recording)
    return serve(request, file.key, "video/mp4", _named(recording, f"-original{media.suffix(file.key)}"))


def video(request: HttpRequest, seen: AnalysisAccess) -> HttpResponseBase:
    """The labelled video, to play. Raises RequestError(NOT_READY)."""
    made = selectors.labelled_video(seen.analysis)
    if made is None:
        raise RequestError(WebCode.NOT_READY, "There is no labelled video yet. Ask again when the analysis succeeded.")
    record_download(Action.VIDEO_FETCHED, viewer=seen.viewer, thing=seen.analysis)
    return serve(request, made.key, "video/mp4", _named(seen.analysis.recording, ".mp4", attachment=False))


def chapters(request: HttpRequest, seen: AnalysisAccess) -> HttpResponseBase:
    """The original with chapters, to keep. Raises RequestError(VIEW_ONLY | NOT_READY), InputError(NOT_COPYABLE)."""
    analysis = seen.require_download()
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
    record_download(Action.ORIGINAL_FETCHED, viewer=seen.viewer, thing=analysis)
    made = artifact.key
    suffix = media.suffix(made)
    return serve(request, made, VIDEO_TYPES[suffix], _named(analysis.recording, f"-chapters{suffix}"))


def export(seen: AnalysisAccess, name: str) -> HttpResponse:
    """The timeline in one of the formats, to keep.

    Raises InputError(UNKNOWN_FORMAT), RequestError(VIEW_ONLY | NOT_READY).
    """
    analysis = seen.require_download()
    require_known_formats([name])
    writer = WRITERS[name]
    response = HttpResponse(selectors.export(analysis, name, own=seen.own), content_type=writer.content_type)
    record_download(Action.FILE_EXPORTED, viewer=seen.viewer, thing=analysis)
    response["Content-Disposition"] = _named(analysis.recording, f".{writer.extension}")
    response["Content-Security-Policy"] = INERT
    return response


def faces(analysis: Analysis) -> dict[str, Any]:
    """Where the face was, as JSON has it. Raises RequestError(NOT_READY | FACES_NOT_KEPT)."""
    if analysis.timeline_at is None:
        raise RequestError(WebCode.NOT_READY, "No face is looked for yet. Ask again when there is a timeline.")
    found = selectors.face_track(analysis)
    if found is None:
        raise RequestError(
            WebCode.FACES_NOT_KEPT, "This was read before the places of faces were kept. Have it read again."
        )
    size = {"width": analysis.recording.width, "height": analysis.recording.height}
    return {"step_s": round(found.step_s, DECIMALS), **size, "boxes": found.boxes}


def _named(recording: Recording, suffix: str, *, attachment: bool = True) -> str:
    """The Content-Disposition of a recording's file."""
    name, fallback = (spell(recording.title, recording.pk) for spell in (recording_name, ascii_name))
    return content_disposition(f"{name}{suffix}", f"{fallback}{suffix}", attachment=attachment)
