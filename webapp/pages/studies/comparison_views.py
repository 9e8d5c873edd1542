"""Comparisons of conditions: ask, save, look at, delete."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from webapp.core.errors import RequestError
from webapp.pages.requests import AuthenticatedRequest
from webapp.pages.studies.access import open_project, tab_context
from webapp.pages.studies.comparison_context import comparison_context
from webapp.pages.studies.comparison_form import ComparisonForm, SaveForm
from webapp.recordings.models import Project
from webapp.studies import comparisons, selectors
from webapp.studies.comparison_files import FORMATS
from webapp.studies.measure_names import measure_name
from webapp.studies.models import Comparison, Variable
from webapp.studies.statistics.results import ComparisonResult, decode

TAB, TITLE = "compare", "Compare"


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def compare(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Show the form, and what it asks for; with POST, save it under a name."""
    access = open_project(request, pk)
    project = access.project
    saving = request.method == "POST"
    asked = request.POST if saving else request.GET
    form = ComparisonForm(asked if "factor" in asked else None, project=project)
    save_form = SaveForm(request.POST if saving else None)
    context: dict[str, Any] = {
        **tab_context(access, TAB, TITLE),
        "form": form,
        "saved": selectors.comparisons_of(project),
    }
    if form.is_valid():
        try:
            if saving and save_form.is_valid():
                found = comparisons.save(
                    project=project, by=request.user, name=save_form.cleaned_data["name"], question=form.question()
                )
                messages.success(request, f"“{found.name}” is saved as it is now.")
                return redirect("pages:comparison", pk, found.pk)
            result = comparisons.compare(project, form.question())
        except RequestError as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        else:
            if not saving:
                save_form = SaveForm(initial={"name": _default_name(result)})
            asked_fields = [(name, value) for name in form.fields for value in asked.getlist(name)]
            context |= comparison_context(project, result, form.grouping)
            context |= {"save_form": save_form, "asked_fields": asked_fields}
    status = 422 if saving or form.errors else 200
    return render(request, "pages/studies/compare.html", context, status=status)


@require_safe
@login_required
def comparison(request: AuthenticatedRequest, pk: UUID, comparison: UUID) -> HttpResponse:
    """Show a saved comparison."""
    access = open_project(request, pk)
    found = get_object_or_404(selectors.comparisons_of(access.project), pk=comparison)
    groups = selectors.variables_of(access.project).filter(
        kind=Variable.Kind.CATEGORY, unit_of=Variable.Unit.PARTICIPANT
    )
    grouping = next((each for each in groups if str(each.pk) == request.GET.get("group")), None)
    context = {
        **tab_context(access, TAB, found.name),
        **comparison_context(access.project, decode(found.result), grouping),
        "comparison": found,
        "formats": list(FORMATS),
        "groups": groups,
        "grouping": grouping,
    }
    return render(request, "pages/studies/comparison.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete_comparison(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Ask for confirmation, then delete a saved comparison."""
    found: Comparison = selectors.comparison_for(request.user, pk)
    project: Project = found.project
    if request.method == "POST":
        comparisons.delete(comparison=found, by=request.user)
        messages.success(request, f"“{found.name}” is deleted.")
        return redirect("pages:project-compare", project.pk)
    context = {
        "question": f"Delete “{found.name}”?",
        "consequence": "The saved numbers and figures are gone then. Recordings, variables and markers stay.",
        "confirm_label": "Delete the comparison",
        "cancel_url": reverse("pages:comparison", args=[project.pk, found.pk]),
        "cancel_label": "Keep it",
    }
    return render(request, "pages/forms/confirm.html", context)


def _default_name(result: ComparisonResult) -> str:
    first = measure_name(result.measures[0].measure)
    more = f" and {len(result.measures) - 1} more" if len(result.measures) > 1 else ""
    return f"{first}{more} by {result.basis.factor}"[: SaveForm.base_fields["name"].max_length]  # type: ignore[attr-defined]
