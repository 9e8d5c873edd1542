"""Sharing recordings and projects with people and by links, and the list of what others share."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models.functions import Lower
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from webapp.core.errors import RequestError
from webapp.pages.recordings.rows import recording_rows
from webapp.pages.requests import AuthenticatedRequest
from webapp.pages.sharing.forms import LinkShareForm, UserShareForm
from webapp.recordings import permissions, selectors, sharing
from webapp.recordings.models import Project, Recording, Share
from webapp.studies.permissions import project_access

PAGE_SIZE = 25


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def share_recording(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """List and create the shares of a recording."""
    return _shares_page(request, selectors.recording_for(request.user, pk))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def share_project(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """List and create the shares of a project."""
    return _shares_page(request, selectors.project_for(request.user, pk))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def revoke(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Ask for confirmation, then revoke a share."""
    share = permissions.share_for(request.user, pk)
    back = _shares_url(share.target)
    if request.method == "POST":
        sharing.revoke(share=share)
        messages.success(request, "Sharing has ended. The recording cannot be seen through this share any more.")
        return redirect(back)
    who = share.person.get_username() if share.person else "everyone with the link"
    context = {
        "question": f"Stop sharing “{share.target}” with {who}?",
        "consequence": "Open pages stop working at once. You can share it again later; a link will be a new one.",
        "confirm_label": "Stop sharing",
        "cancel_label": "Keep sharing",
        "cancel_url": back,
    }
    return render(request, "pages/forms/confirm.html", context)


@require_safe
@login_required
def shared_with_me(request: AuthenticatedRequest) -> HttpResponse:
    """List the projects and recordings that others share with the user, or the recordings of one `project`."""
    recordings = permissions.shared_with(request.user)
    context: dict[str, Any] = {"projects": permissions.projects_shared_with(request.user).order_by(Lower("name"))}
    if "project" in request.GET:
        access = project_access(request.user, _uuid_or_404(request.GET["project"]))
        context = {"project": access.project, "own": access.own, "may_download": access.may_download}
        recordings = recordings.filter(project=access.project)
    page = Paginator(recordings, PAGE_SIZE).get_page(request.GET.get("page"))
    context |= {"page": page, "rows": recording_rows(page)}
    return render(request, "pages/sharing/shared_with_me.html", context)


def _shares_page(request: AuthenticatedRequest, target: Recording | Project) -> HttpResponse:
    """List the shares, with a form for each kind. A link is shown only in the response to its creation."""
    sent_form, is_project = request.POST.get("form"), isinstance(target, Project)
    user_form = UserShareForm(request.POST if sent_form == "person" else None, prefix="person", is_project=is_project)
    link_form = LinkShareForm(request.POST if sent_form == "link" else None, prefix="link", is_project=is_project)
    new_link = None
    form = user_form if sent_form == "person" else link_form
    if form.is_valid():
        try:
            secret = _create_share(target, form)
        except RequestError as error:
            form.add_error(error.field, error.message)
        else:
            if secret is None:
                messages.success(request, f"“{target}” is shared with {form.cleaned_data['username']}.")
                return redirect(_shares_url(target))
            new_link = request.build_absolute_uri(reverse("pages:link", args=[secret]))
            link_form = LinkShareForm(prefix="link", is_project=is_project)
    context = {
        "target": target,
        "is_project": is_project,
        "shares": permissions.shares_on(target),
        "project_shares": _project_shares(target),
        "user_form": user_form,
        "link_form": link_form,
        "new_link": new_link,
    }
    return render(
        request, "pages/sharing/shares.html", context, status=422 if user_form.errors or link_form.errors else 200
    )


def _create_share(target: Recording | Project, form: UserShareForm | LinkShareForm) -> str | None:
    """Create the share of a valid form; return the secret of a link."""
    values: dict[str, Any] = {
        "target": target,
        "consented": form.cleaned_data["consent"],
        "note": form.cleaned_data["note"],
        "may_download": form.cleaned_data["may_download"],
    }
    if isinstance(form, UserShareForm):
        sharing.share_with_user(username=form.cleaned_data["username"], **values)
        return None
    return sharing.create_link(expires_at=form.expires_at(), **values)[1]


def _uuid_or_404(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


def _project_shares(target: Recording | Project) -> list[Share]:
    return list(permissions.shares_on(target.project)) if isinstance(target, Recording) and target.project else []


def _shares_url(target: Recording | Project) -> str:
    name = "pages:share-project" if isinstance(target, Project) else "pages:share-recording"
    return reverse(name, args=[target.pk])
