"""The tab of markers: the stimuli of a project, how many markers its recordings have, import for many of them."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST, require_safe

from webapp.pages.requests import AuthenticatedRequest, receive_files
from webapp.pages.studies.access import open_project, tab_context
from webapp.pages.studies.stimulus_forms import StimulusForm
from webapp.pages.timeline.forms import MarkerImportForm, import_message
from webapp.recordings.models import Project
from webapp.recordings.selectors import project_for
from webapp.studies import selectors
from webapp.studies.models import Marker
from webapp.studies.permissions import ProjectAccess

PAGE_SIZE = 50


@require_safe
@login_required
def marker_list(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """List the stimuli, and how many markers each recording has."""
    return markers_page(request, open_project(request, pk))


@csrf_exempt  # the token is in the form, which is read only after the checks below
@require_POST
@login_required
def import_project_markers(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Add the markers of a file whose rows name recordings."""
    project = project_for(request.user, pk)
    return receive_files(request) or _import(request, project)


@csrf_protect
def _import(request: AuthenticatedRequest, project: Project) -> HttpResponse:
    form = MarkerImportForm(request.POST, request.FILES)
    imported = form.import_into(project, by=request.user)
    if imported is not None:
        messages.success(request, import_message(imported))
        return redirect("pages:project-markers", project.pk)
    return markers_page(request, open_project(request, project.pk), import_form=form)


def markers_page(request: AuthenticatedRequest, access: ProjectAccess, **bound: forms.Form) -> HttpResponse:
    """The tab, with the forms that are refused."""
    counts = {f"{kind}_count": Count("markers", filter=Q(markers__kind=kind)) for kind in Marker.Kind.values}
    recordings = access.project.recordings.order_by("created_at", "pk").select_related("participant")
    page = Paginator(recordings.annotate(**counts), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        **tab_context(access, "markers", "Markers"),
        "stimuli": selectors.stimuli_of(access.project),
        "moved": request.GET.get("moved"),
        "direction": request.GET.get("direction"),
        "page": page,
        "kinds": Marker.Kind.choices,
        "rows": [(each, [getattr(each, f"{kind}_count") for kind in Marker.Kind.values]) for each in page],
        "stimulus_form": StimulusForm(),
        "import_form": MarkerImportForm(),
        **bound,
    }
    refused = any(form.is_bound for form in bound.values())
    return render(request, "pages/studies/markers.html", context, status=422 if refused else 200)
