"""HTTP responses with files of a study: its table, codebook, BIDS tree and saved comparisons."""

from typing import TypeVar

from django.http import HttpResponse, StreamingHttpResponse

from inference.errors import Code, InputError
from webapp.accounts.models import User
from webapp.analyses.downloads.responses import INERT
from webapp.audit.models import Action
from webapp.audit.services import record_throttled
from webapp.core.file_names import content_disposition, safe_name
from webapp.recordings.models import Project
from webapp.studies.bids import bids_archive
from webapp.studies.comparison_files import FORMATS
from webapp.studies.models import Comparison
from webapp.studies.permissions import ProjectAccess
from webapp.studies.statistics.results import decode
from webapp.studies.table.codebook import codebook
from webapp.studies.table.columns import Unit
from webapp.studies.table.files import CONTENT_TYPES, Table

Response = TypeVar("Response", HttpResponse, StreamingHttpResponse)


def table(access: ProjectAccess, unit: Unit, format: str, model: str = "") -> StreamingHttpResponse:
    """The table in CSV or Parquet, streamed. Raises RequestError(VIEW_ONLY)."""
    access.require_download()
    _record(access)
    found = Table(access.project, unit, own=access.own, model=model)
    response = StreamingHttpResponse(found.write(format), content_type=CONTENT_TYPES[format])
    return _named(response, access.project, f"-{unit}s.{format}")


def codebook_file(access: ProjectAccess) -> HttpResponse:
    """The codebook of the table as CSV. Raises RequestError(VIEW_ONLY)."""
    access.require_download()
    columns = Table(access.project, Unit.RECORDING, own=access.own).columns
    return _named(HttpResponse(codebook(columns), content_type=CONTENT_TYPES["csv"]), access.project, "-codebook.csv")


def bids(access: ProjectAccess, model: str = "") -> StreamingHttpResponse:
    """The BIDS derivatives tree as a zip file, streamed. Raises RequestError(VIEW_ONLY)."""
    access.require_download()
    _record(access)
    response = StreamingHttpResponse(bids_archive(access.project, model=model), content_type="application/zip")
    return _named(response, access.project, "-bids.zip")


def comparison(access: ProjectAccess, saved: Comparison, format: str) -> HttpResponse:
    """A saved comparison in one of FORMATS. Raises RequestError(VIEW_ONLY), InputError(UNKNOWN_FORMAT)."""
    access.require_download()
    if format not in FORMATS:
        raise InputError(Code.UNKNOWN_FORMAT, f"There is no format {format}. Choose from: {', '.join(FORMATS)}.")
    _record(access)
    file = FORMATS[format]
    response = HttpResponse(file.write(saved.name, decode(saved.result)), content_type=file.content_type)
    response["Content-Security-Policy"] = INERT
    return _named(response, saved, f".{format}")


def _record(access: ProjectAccess) -> None:
    viewer = access.viewer
    by, link = (viewer.pk, None) if isinstance(viewer, User) else (None, viewer.pk)
    record_throttled(Action.STUDY_EXPORTED, by=by, owner=access.project.owner_id, target=access.project, link=link)


def _named(response: Response, what: Project | Comparison, suffix: str) -> Response:
    """The response as a download that is named after a project or comparison."""
    name, fallback = safe_name(what.name, "study"), f"study-{str(what.pk)[:8]}"
    ascii_name = name if name.isascii() else fallback
    response["Content-Disposition"] = content_disposition(f"{name}{suffix}", f"{ascii_name}{suffix}")
    return response
