"""Projects and tags: the lists of both, a new one, another name, the end of one."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from inference.export import WRITERS
from webapp.analyses.downloads.archive import analyses_archive, zip_response
from webapp.analyses.selectors import analyses_of, analyses_to_export
from webapp.core.errors import RequestError, WebCode
from webapp.pages.recordings.forms import ProjectForm, TagForm
from webapp.pages.requests import AuthenticatedRequest
from webapp.recordings import organization, retention, selectors
from webapp.recordings.models import retention_days_of

Form = ProjectForm | TagForm


@require_safe
@login_required
def projects(request: AuthenticatedRequest) -> HttpResponse:
    context = {"projects": selectors.projects_of(request.user), "tags": selectors.tags_of(request.user)}
    return render(request, "pages/projects.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new_project(request: AuthenticatedRequest) -> HttpResponse:
    form = ProjectForm(request.POST or None)
    words = {"heading": "New project", "button": "Make the project", "said": "The project is made."}
    return _change(request, form, lambda sent: organization.create_project(owner=request.user, **sent), words)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def project(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    project = selectors.project_for(request.user, pk)
    form = ProjectForm(request.POST or None, instance=project)
    words = {"heading": "Change the project", "button": "Save", "said": "The project has been saved."}
    return _change(
        request,
        form,
        lambda sent: organization.update_project(project=project, erase_due=form.erase_due, **sent),
        words,
    )


@require_safe
@login_required
def project_zip(request: AuthenticatedRequest, pk: UUID) -> HttpResponseBase:
    """Every file of a project's timelines, corrected ones before later ones; the videos not counted."""
    project = selectors.project_for(request.user, pk)
    timelines = analyses_to_export(analyses_of(request.user).filter(recording__project=project))
    if not timelines:
        messages.error(request, f"No recording in “{project.name}” has a timeline yet. Come back when one is ready.")
        return redirect("pages:projects")
    return zip_response(analyses_archive(request.user, timelines, list(WRITERS), with_video=False), project.name)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete_project(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    project = selectors.project_for(request.user, pk)
    if request.method == "POST":
        organization.delete_project(project=project)
        messages.success(request, f"The project “{project.name}” is deleted. Its recordings are in no project now.")
        return redirect("pages:projects")
    lost = retention.count_expired(recordings=project.recordings.all(), days=retention_days_of(None))
    return render(request, "pages/delete_project.html", {"project": project, "lost": lost})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new_tag(request: AuthenticatedRequest) -> HttpResponse:
    form = TagForm(request.POST or None)
    words = {"heading": "New tag", "button": "Make the tag", "said": "The tag is made."}
    return _change(request, form, lambda sent: organization.create_tag(owner=request.user, **sent), words)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def tag(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    tag = selectors.tag_for(request.user, pk)
    form = TagForm(request.POST or None, instance=tag)
    words = {"heading": "Rename the tag", "button": "Save", "said": "The tag has its new name wherever it is."}
    return _change(request, form, lambda sent: organization.update_tag(tag=tag, **sent), words)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete_tag(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    tag = selectors.tag_for(request.user, pk)
    if request.method == "POST":
        organization.delete_tag(tag=tag)
        messages.success(request, f"The tag “{tag.name}” has been deleted.")
        return redirect("pages:projects")
    return render(request, "pages/delete_tag.html", {"tag": tag})


def _change(
    request: AuthenticatedRequest, form: Form, do: Callable[[dict[str, Any]], object], words: dict[str, str]
) -> HttpResponse:
    """Do it with what a valid form says; show the form otherwise, with what is wrong at its field."""
    if form.is_valid():
        try:
            do(form.cleaned_data)
        except RequestError as error:
            if error.code is WebCode.RETENTION_ERASES and isinstance(form, ProjectForm):
                form.ask(error)
            else:
                form.add_error(error.field, error.message)
        else:
            messages.success(request, words["said"])
            return redirect("pages:projects")
    return render(request, "pages/fields.html", {"form": form, **words}, status=422 if form.is_bound else 200)
