"""Variables of a project: list, add, edit, delete; their values from a pasted table."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from webapp.core.errors import RequestError
from webapp.pages.requests import AuthenticatedRequest, receive_form
from webapp.pages.studies.access import open_project, tab_context
from webapp.pages.studies.forms import TableForm, VariableForm
from webapp.recordings.models import Project
from webapp.recordings.selectors import project_for
from webapp.studies import selectors, values, variables
from webapp.studies.models import Variable

PAGE_SIZE = 50
MAX_SHOWN = 200  # rows of a preview


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def variable_list(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """List the variables, and their values of each recording; add one."""
    access = open_project(request, pk)
    form = VariableForm(request.POST or None)
    if form.is_valid():
        try:
            created = variables.create_variable(project=access.project, by=request.user, **form.cleaned_data)
        except RequestError as error:
            form.add_error(error.field, error.message)
        else:
            messages.success(request, f"The variable “{created}” is added.")
            return redirect("pages:variables", pk)
    found = list(selectors.variables_of(access.project).annotate(count=Count("values")))
    page = Paginator(selectors.recordings_of(access.project), PAGE_SIZE).get_page(request.GET.get("page"))
    stored = selectors.values_by_recording(access.project) if found else {}
    context = {
        **tab_context(access, "variables", "Variables"),
        "variables": found,
        "page": page,
        "rows": [
            (recording, [stored.get(recording.pk, {}).get(variable.name) for variable in found]) for recording in page
        ],
        "form": form,
    }
    return render(request, "pages/studies/variables.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def variable(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Change a variable."""
    found = selectors.variable_for(request.user, pk)
    initial = {
        "name": found.name,
        "kind": found.kind,
        "unit_of": found.unit_of,
        "levels": "\n".join(found.levels),
    }
    form = VariableForm(request.POST or None, has_values=found.values.exists(), initial=initial)
    if form.is_valid():
        try:
            variables.update_variable(variable=found, by=request.user, **form.cleaned_data)
        except RequestError as error:
            form.add_error(error.field, error.message)
        else:
            messages.success(request, f"The variable “{found}” is saved.")
            return redirect("pages:variables", found.project_id)
    context = {
        "form": form,
        "heading": f"Variable “{initial['name']}”",
        "button": "Save",
        "cancel_url": reverse("pages:variables", args=[found.project_id]),
    }
    return render(request, "pages/studies/form.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete_variable(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Ask for confirmation, then delete a variable with its values."""
    found = selectors.variable_for(request.user, pk)
    if request.method == "POST":
        variables.delete_variable(variable=found, by=request.user)
        messages.success(request, f"The variable “{found}” is deleted.")
        return redirect("pages:variables", found.project_id)
    count = found.values.count()
    context = {
        "question": f"Delete the variable “{found}”?",
        "consequence": f"It has {count} value{pluralize(count)}, which {pluralize(count, 'is,are')} lost.",
        "confirm_label": "Delete",
        "cancel_label": "Keep",
        "cancel_url": reverse("pages:variables", args=[found.project_id]),
    }
    return render(request, "pages/forms/confirm.html", context)


@csrf_exempt  # the token is in the form, which is read only after the checks below
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def paste_values(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Show what a pasted table would change; change it once the form is sent with `apply`."""
    project = project_for(request.user, pk)
    return receive_form(request) or _paste(request, project)


@csrf_protect
def _paste(request: AuthenticatedRequest, project: Project) -> HttpResponse:
    access = open_project(request, project.pk)
    form = TableForm(request.POST or None)
    plan = None
    if form.is_valid():
        try:
            table = form.value_table()
            if "apply" in request.POST:
                applied = values.set_values(project=project, by=request.user, table=table)
                count = len(applied.changes)
                messages.success(request, f"{count} value{pluralize(count, ' is,s are')} set.")
                back = "participants" if table.unit_of == Variable.Unit.PARTICIPANT else "variables"
                return redirect(f"pages:{back}", project.pk)
            plan = values.plan_values(project=project, table=table)
        except RequestError as error:
            form.add_error("table", error.message)
    context = {
        **tab_context(access, "variables", "Paste a table"),
        "form": form,
        "plan": plan,
        "changes": plan.changes[:MAX_SHOWN] if plan else [],
        "hidden_changes": len(plan.changes) - MAX_SHOWN if plan else 0,
        "problems": plan.problems[:MAX_SHOWN] if plan else [],
        "hidden_problems": len(plan.problems) - MAX_SHOWN if plan else 0,
    }
    refused = form.is_bound and (plan is None or plan.problems)
    return render(request, "pages/studies/paste_values.html", context, status=422 if refused else 200)
