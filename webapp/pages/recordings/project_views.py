"""Projects and tags: list, create, change, delete."""

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
from webapp.recordings import projects_and_tags, retention, selectors
from webapp.recordings.models import retention_days_of

Form = ProjectForm | TagForm


@require_safe
@login_required
def projects(request: AuthenticatedRequest) -> HttpResponse:
    """List projects and tags."""
    context = {"projects": selectors.projects_of(request.user), "tags": selectors.tags_of(request.user)}
    return render(request, "pages/recordings/projects.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new_project(request: AuthenticatedRequest) -> HttpResponse:
    """Create a project."""
    form = ProjectForm(request.POST or None)
    texts = {"heading": "New project", "button": "Create the project", "success": "The project has been created."}
    return _save(request, form, lambda data: projects_and_tags.create_project(owner=request.user, **data), texts)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def project(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Change a project."""
    project = selectors.project_for(request.user, pk)
    form = ProjectForm(request.POST or None, instance=project)
    texts = {"heading": "Change the project", "button": "Save", "success": "The project has been saved."}
    return _save(
        request,
        form,
        lambda data: projects_and_tags.update_project(project=project, erase_due=form.erase_due, **data),
        texts,
    )


@require_safe
@login_required
def project_zip(request: AuthenticatedRequest, pk: UUID) -> HttpResponseBase:
    """Download one timeline of each recording in all formats, the corrected one where there is one; no videos."""
    project = selectors.project_for(request.user, pk)
    timelines = analyses_to_export(analyses_of(request.user).filter(recording__project=project))
    if not timelines:
        messages.error(request, f"No recording in “{project.name}” has a timeline yet. Come back when one is ready.")
        return redirect("pages:projects")
    return zip_response(analyses_archive(request.user, timelines, list(WRITERS), with_video=False), project.name)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete_project(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Ask for confirmation, then delete a project."""
    project = selectors.project_for(request.user, pk)
    if request.method == "POST":
        projects_and_tags.delete_project(project=project)
        messages.success(request, f"The project “{project.name}” is deleted. Its recordings are in no project now.")
        return redirect("pages:projects")
    expired = retention.count_expired(recordings=project.recordings.all(), days=retention_days_of(None))
    return render(request, "pages/recordings/delete_project.html", {"project": project, "expired": expired})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new_tag(request: AuthenticatedRequest) -> HttpResponse:
    """Create a tag."""
    form = TagForm(request.POST or None)
    texts = {"heading": "New tag", "button": "Create the tag", "success": "The tag has been created."}
    return _save(request, form, lambda data: projects_and_tags.create_tag(owner=request.user, **data), texts)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def tag(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Rename a tag."""
    tag = selectors.tag_for(request.user, pk)
    form = TagForm(request.POST or None, instance=tag)
    texts = {"heading": "Rename the tag", "button": "Save", "success": "The tag has its new name wherever it is."}
    return _save(request, form, lambda data: projects_and_tags.update_tag(tag=tag, **data), texts)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete_tag(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Ask for confirmation, then delete a tag."""
    tag = selectors.tag_for(request.user, pk)
    if request.method == "POST":
        projects_and_tags.delete_tag(tag=tag)
        messages.success(request, f"The tag “{tag.name}” has been deleted.")
        return redirect("pages:projects")
    return render(request, "pages/recordings/delete_tag.html", {"tag": tag})


def _save(
    request: AuthenticatedRequest, form: Form, save: Callable[[dict[str, Any]], object], texts: dict[str, str]
) -> HttpResponse:
    """Save the data of a valid form and redirect; otherwise show the form with its errors."""
    if form.is_valid():
        try:
            save(form.cleaned_data)
        except RequestError as error:
            if error.code is WebCode.RETENTION_ERASES and isinstance(form, ProjectForm):
                form.request_confirmation(error)
            else:
                form.add_error(error.field, error.message)
        else:
            messages.success(request, texts["success"])
            return redirect("pages:projects")
    return render(request, "pages/forms/form.html", {"form": form, **texts}, status=422 if form.is_bound else 200)
