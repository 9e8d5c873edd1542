"""Files of a project: tables, codebook, BIDS derivatives."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from webapp.analyses.models import CorrectedTimeline
from webapp.pages.requests import AuthenticatedRequest
from webapp.pages.studies.access import open_project, tab_context
from webapp.studies.table.codebook import codebook
from webapp.studies.table.columns import Unit
from webapp.studies.table.file_sizes import file_sizes
from webapp.studies.table.files import CONTENT_TYPES, Table
from webapp.studies.table.recordings import chosen_analyses

DESCRIPTIONS = {
    Unit.RECORDING: "The measures over each whole recording. The one to begin with.",
    Unit.MARKER: "The measures over each stimulus, event and baseline that is marked.",
    Unit.SEGMENT: "The stretches with one label, as on the timeline.",
    Unit.WINDOW: "The probabilities of every window, which all measures are made of.",
}


@dataclass(frozen=True)
class Download:
    """A file that can be downloaded in a format, with about how many bytes it has."""

    format: str
    bytes: int


@dataclass(frozen=True)
class TableChoice:
    """A table that can be downloaded, with its number of rows of the model; people's corrections add theirs."""

    unit: Unit
    description: str
    rows: int
    downloads: list[Download]


@require_safe
@login_required
def export(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Show what can be downloaded, and how large it is."""
    access = open_project(request, pk)
    project = access.project
    columns = Table(project, Unit.RECORDING, own=access.own).columns
    sizes = file_sizes(project, len(columns))
    context = {
        **tab_context(access, "export", "Export"),
        "tables": [
            TableChoice(
                unit,
                DESCRIPTIONS[unit],
                sizes.rows[unit],
                [Download(format, sizes.table_bytes(unit, format)) for format in CONTENT_TYPES],
            )
            for unit in Unit
        ],
        "columns": len(columns),
        "codebook_bytes": len(codebook(columns)),
        "bids_bytes": sizes.bids_bytes(),
        "corrected": CorrectedTimeline.objects.filter(analysis__in=chosen_analyses(project).values("pk"))
        .exclude(segments=[])
        .count(),
    }
    return render(request, "pages/studies/export.html", context)
