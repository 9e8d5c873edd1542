"""What the names of recordings say: a pattern, with a preview of what it assigns, for a project and for an upload."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import pluralize
from django.views.decorators.http import require_http_methods, require_POST

from webapp.core.errors import RequestError
from webapp.pages.requests import AuthenticatedRequest
from webapp.pages.studies.access import open_project, tab_context
from webapp.pages.studies.forms import NamePatternForm
from webapp.recordings.selectors import project_for
from webapp.studies import name_assignment, name_pattern
from webapp.studies.name_assignment import NamePlan, NameSource
from webapp.studies.name_pattern import Assignment, Misfit

MAX_SHOWN = 200  # names of a preview


@dataclass(frozen=True)
class NameRow:
    """A name with the text of each field, or the reason why the pattern does not fit it."""

    name: str
    cells: list[str]
    reason: str


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def name_project(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Show what the names of a project's recordings would assign; assign it once the form is sent with `apply`."""
    project = project_for(request.user, pk)
    form = NamePatternForm(request.POST or None)
    context: dict[str, Any] = {}
    if form.is_valid():
        asked = {"project": project, "pattern": form.cleaned_data["pattern"]}
        source = NameSource(form.cleaned_data["source"])
        try:
            if "apply" in request.POST:
                plan = name_assignment.assign_by_name(by=request.user, source=source, **asked)
                count = len(_fitting(plan))
                messages.success(request, f"{count} recording{pluralize(count)} named their participants and values.")
                return redirect("pages:variables", pk)
            plan = name_assignment.plan_assignment(source=source, **asked)
            context = _preview(form.cleaned_data["pattern"], plan.names) | {"plan": plan, "count": len(_fitting(plan))}
        except RequestError as error:
            form.add_error("pattern", error.message)
    context |= {**tab_context(open_project(request, pk), "participants", "Name pattern"), "form": form}
    refused = form.is_bound and (not form.is_valid() or context["plan"].problems)
    live = "HX-Request" in request.headers  # htmx shows no refusals
    return render(request, "pages/studies/name_pattern.html", context, status=422 if refused and not live else 200)


@require_POST
@login_required
def preview_names(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Show what a pattern says of the names of files that are to be uploaded."""
    project_for(request.user, pk)
    pattern, names = request.POST.get("pattern", ""), request.POST.getlist("name")[:MAX_SHOWN]
    try:
        context = _preview(pattern, name_pattern.assign(pattern, names))
    except RequestError as error:
        context = {"error": error.message}
    return render(request, "pages/studies/_name_preview.html", context)


def _preview(pattern: str, names: Sequence[Assignment | Misfit]) -> dict[str, Any]:
    fields = name_pattern.fields_of(pattern)
    rows = [
        NameRow(each.name, [], each.reason)
        if isinstance(each, Misfit)
        else NameRow(each.name, [each.values[field] for field in fields], "")
        for each in names[:MAX_SHOWN]
    ]
    return {"fields": fields, "rows": rows, "hidden_count": len(names) - len(rows)}


def _fitting(plan: NamePlan) -> list[Assignment]:
    return [each for each in plan.names if isinstance(each, Assignment)]
