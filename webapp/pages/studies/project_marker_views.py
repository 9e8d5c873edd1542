"""Markers and stimuli of a project: how many there are, import for many recordings, stimuli with their length."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from webapp.core.errors import RequestError
from webapp.pages.requests import AuthenticatedRequest
from webapp.pages.studies.access import open_project, tab_context
from webapp.pages.studies.forms import StimulusForm
from webapp.pages.timeline.forms import MarkerImportForm, import_message
from webapp.recordings.selectors import project_for
from webapp.studies import selectors, stimuli
from webapp.studies.models import Marker
from webapp.studies.permissions import ProjectAccess

PAGE_SIZE = 50


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def marker_list(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """List the stimuli, and how many markers each recording has; add a stimulus."""
    access = open_project(request, pk)
    form = StimulusForm(request.POST or None)
    if form.is_valid():
        try:
            created = stimuli.create_stimulus(project=access.project, by=request.user, **form.cleaned_data)
        except RequestError as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        else:
            messages.success(request, f"The stimulus “{created}” is added.")
            return redirect("pages:project-markers", pk)
    return _page(request, access, stimulus_form=form)


@require_POST
@login_required
def import_project_markers(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Add the markers of a file whose rows name recordings."""
    project = project_for(request.user, pk)
    form = MarkerImportForm(request.POST, request.FILES)
    added = form.import_into(project, by=request.user)
    if added is not None:
        messages.success(request, import_message(added))
        return redirect("pages:project-markers", pk)
    return _page(request, open_project(request, pk), import_form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete_stimulus(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Ask for confirmation, then delete a stimulus."""
    found = selectors.stimulus_for(request.user, pk)
    if request.method == "POST":
        stimuli.delete_stimulus(stimulus=found, by=request.user)
        messages.success(request, f"The stimulus “{found}” is deleted.")
        return redirect("pages:project-markers", found.project_id)
    count = found.markers.count()
    context = {
        "question": f"Delete the stimulus “{found}”?",
        "consequence": f"Its length{' and its video are' if found.file else ' is'} lost. {count} "
        f"marker{pluralize(count)} stay{pluralize(count, 's,')}, with its name.",
        "confirm_label": "Delete",
        "cancel_label": "Keep",
        "cancel_url": reverse("pages:project-markers", args=[found.project_id]),
    }
    return render(request, "pages/forms/confirm.html", context)


def _page(request: AuthenticatedRequest, access: ProjectAccess, **bound: forms.Form) -> HttpResponse:
    counts = {f"{kind}_count": Count("markers", filter=Q(markers__kind=kind)) for kind in Marker.Kind.values}
    recordings = access.project.recordings.order_by("created_at", "pk").select_related("participant")
    page = Paginator(recordings.annotate(**counts), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        **tab_context(access, "markers", "Markers"),
        "stimuli": selectors.stimuli_of(access.project),
        "page": page,
        "kinds": Marker.Kind.choices,
        "rows": [(each, [getattr(each, f"{kind}_count") for kind in Marker.Kind.values]) for each in page],
        "stimulus_form": StimulusForm(),
        "import_form": MarkerImportForm(),
        **bound,
    }
    refused = any(form.is_bound for form in bound.values())
    return render(request, "pages/studies/markers.html", context, status=422 if refused else 200)
