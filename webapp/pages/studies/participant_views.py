"""Participants of a project: list, add, edit, merge, delete; the participant and the values of a recording."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from webapp.core.errors import RequestError
from webapp.pages.requests import AuthenticatedRequest
from webapp.pages.studies.access import open_project, tab_context
from webapp.pages.studies.forms import MergeForm, ParticipantForm, RecordingValuesForm, ValuesForm
from webapp.recordings.models import Project, Recording
from webapp.recordings.selectors import recording_for
from webapp.studies import participants, selectors, values
from webapp.studies.models import Variable

PAGE_SIZE = 100
MAX_SUGGESTIONS = 500  # codes that a field offers
Unit = Variable.Unit


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def participant_list(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """List the participants with their values; add one."""
    access = open_project(request, pk)
    project = access.project
    form = ParticipantForm(request.POST or None)
    if form.is_valid():
        try:
            created = participants.create_participant(project=project, by=request.user, **form.cleaned_data)
        except RequestError as error:
            form.add_error(error.field, error.message)
        else:
            messages.success(request, f"Participant {created} is added.")
            return redirect("pages:participants", pk)
    page = Paginator(selectors.participants_of(project), PAGE_SIZE).get_page(request.GET.get("page"))
    variables = list(selectors.variables_of(project).filter(unit_of=Unit.PARTICIPANT))
    found = selectors.values_by_participant(project) if variables else {}
    context = {
        **tab_context(access, "participants", "Participants"),
        "page": page,
        "variables": variables,
        "rows": [(each, [found.get(each.pk, {}).get(variable.name) for variable in variables]) for each in page],
        "without": project.recordings.filter(participant=None).count(),
        "form": form,
    }
    return render(request, "pages/studies/participants.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def participant(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Change the code and the values of a participant."""
    found = selectors.participant_for(request.user, pk)
    project = found.project
    variables = list(selectors.variables_of(project).filter(unit_of=Unit.PARTICIPANT))
    stored = selectors.values_by_participant(project).get(pk, {}) if variables else {}
    form = ValuesForm(request.POST or None, variables=variables, values=stored, initial={"code": found.code})
    if form.is_valid():
        code = form.cleaned_data["code"]
        try:
            with transaction.atomic():
                participants.rename_participant(participant=found, by=request.user, code=code)
                _set_values(request, project, form, code)
        except RequestError as error:
            _add_error(form, error)
        else:
            messages.success(request, f"Participant {code} is saved.")
            return redirect("pages:participants", project.pk)
    context = {"form": form, "heading": f"Participant {found}", "button": "Save", "cancel_url": _list_url(project)}
    return _form_page(request, context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def merge_participant(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Ask for another participant, who then has the recordings and values of this one."""
    found = selectors.participant_for(request.user, pk)
    form = MergeForm(request.POST or None, participant=found)
    if form.is_valid():
        into = form.cleaned_data["into"]
        try:
            participants.merge_participants(participant=found, into=into, by=request.user)
        except RequestError as error:
            form.add_error("into", error.message)
        else:
            messages.success(request, f"{into} has the recordings and values of {found} now.")
            return redirect("pages:participants", found.project_id)
    count = found.recordings.count()
    context = {
        "form": form,
        "heading": f"Merge participant {found}",
        "description": f"The other participant gets {count} recording{pluralize(count)} and the values of {found}. "
        f"The code {found} is deleted, which cannot be undone.",
        "button": "Merge",
        "danger": True,
        "cancel_url": _list_url(found.project),
    }
    return _form_page(request, context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete_participant(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Ask for confirmation, then delete a participant."""
    found = selectors.participant_for(request.user, pk)
    if request.method == "POST":
        participants.delete_participant(participant=found, by=request.user)
        messages.success(request, f"Participant {found} is deleted.")
        return redirect("pages:participants", found.project_id)
    count, lost = found.recordings.count(), found.variable_values.count()
    context = {
        "question": f"Delete participant {found}?",
        "consequence": f"The code and {lost} value{pluralize(lost)} of variables are lost. {count} "
        f"recording{pluralize(count)} stay{pluralize(count, 's,')}, without a participant.",
        "confirm_label": "Delete",
        "cancel_label": "Keep",
        "cancel_url": _list_url(found.project),
    }
    return render(request, "pages/forms/confirm.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def recording_values(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Change the participant and the values of a recording, which has to be in a project."""
    recording = recording_for(request.user, pk)
    project = recording.project
    if project is None:
        messages.error(request, f"“{recording}” is in no project, and participants are of a project: choose one first.")
        return redirect("pages:edit", pk)
    variables = list(selectors.variables_of(project).filter(unit_of=Unit.RECORDING))
    stored = selectors.values_by_recording(project).get(pk, {}) if variables else {}
    initial = {"code": recording.participant.code if recording.participant else ""}
    form = RecordingValuesForm(request.POST or None, variables=variables, values=stored, initial=initial)
    if form.is_valid():
        try:
            with transaction.atomic():
                codes = {pk: form.cleaned_data["code"]}
                participants.assign_recordings(project=project, by=request.user, codes=codes)
                _set_values(request, project, form, str(pk))
        except RequestError as error:
            _add_error(form, error)
        else:
            messages.success(request, f"“{recording}” is saved.")
            return redirect(f"{reverse('pages:recordings')}?project={project.pk}")
    context = {
        "form": form,
        "heading": f"Participant and variables of “{recording}”",
        "button": "Save",
        "cancel_url": _back_url(recording),
        "suggestions": selectors.participants_of(project).values_list("code", flat=True)[:MAX_SUGGESTIONS],
    }
    return _form_page(request, context)


def _set_values(request: AuthenticatedRequest, project: Project, form: ValuesForm, unit: str) -> None:
    if table := form.table(unit):
        values.set_values(project=project, by=request.user, table=table)


def _add_error(form: ValuesForm, error: RequestError) -> None:
    form.add_error("code" if error.field == "code" else None, error.message)


def _form_page(request: AuthenticatedRequest, context: dict[str, Any]) -> HttpResponse:
    return render(request, "pages/studies/form.html", context, status=422 if context["form"].is_bound else 200)


def _list_url(project: Project) -> str:
    return reverse("pages:participants", args=[project.pk])


def _back_url(recording: Recording) -> str:
    return f"{reverse('pages:recordings')}?project={recording.project_id}"
