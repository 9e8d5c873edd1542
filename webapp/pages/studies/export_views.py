"""Files of a project: tables, codebook, BIDS derivatives."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from webapp.analyses.models import CorrectedTimeline, Segment, WindowScore
from webapp.pages.requests import AuthenticatedRequest
from webapp.pages.studies.access import open_project, tab_context
from webapp.recordings.models import Project
from webapp.studies.models import Marker
from webapp.studies.table.columns import Unit
from webapp.studies.table.files import CONTENT_TYPES, Table
from webapp.studies.table.recordings import chosen_analyses

DESCRIPTIONS = {
    Unit.RECORDING: "The measures over each whole recording. The one to begin with.",
    Unit.MARKER: "The measures over each stimulus, event and baseline that is marked.",
    Unit.SEGMENT: "The stretches with one label, as on the timeline.",
    Unit.WINDOW: "The probabilities of every window that a network scored, which all measures are made of.",
}


@dataclass(frozen=True)
class TableChoice:
    """A table that can be downloaded, with its number of rows of the model; people's corrections add theirs."""

    unit: Unit
    description: str
    rows: int


@require_safe
@login_required
def export(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Show what can be downloaded, and how large it is."""
    access = open_project(request, pk)
    project = access.project
    rows = _count_rows(project)
    context = {
        **tab_context(access, "export", "Export"),
        "tables": [TableChoice(unit, DESCRIPTIONS[unit], rows[unit]) for unit in Unit],
        "columns": len(Table(project, Unit.RECORDING, own=access.own).columns),
        "corrected": CorrectedTimeline.objects.filter(analysis__in=chosen_analyses(project).values("pk"))
        .exclude(segments=[])
        .count(),
        "formats": list(CONTENT_TYPES),
    }
    return render(request, "pages/studies/export.html", context)


def _count_rows(project: Project) -> dict[Unit, int]:
    chosen = chosen_analyses(project).order_by()
    analyses, recordings = chosen.values("pk"), chosen.values("recording")
    return {
        Unit.RECORDING: chosen.count(),
        Unit.MARKER: Marker.objects.filter(~Q(kind=Marker.Kind.EXCLUDE), recording__in=recordings).count(),
        Unit.SEGMENT: Segment.objects.filter(analysis__in=analyses).count(),
        Unit.WINDOW: WindowScore.objects.filter(analysis__in=analyses).count(),
    }
