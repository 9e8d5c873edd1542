"""Letting others look: whom with, by which links, until when; and what others share with oneself."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from webapp.core.errors import RequestError
from webapp.pages.recordings.rows import rows
from webapp.pages.requests import AuthenticatedRequest
from webapp.pages.sharing.forms import LinkForm, PersonForm
from webapp.recordings import permissions, selectors, sharing
from webapp.recordings.models import Project, Recording, Share

PAGE_SIZE = 25


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def of_recording(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    return _sharing(request, selectors.recording_for(request.user, pk))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def of_project(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    return _sharing(request, selectors.project_for(request.user, pk))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def revoke(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    share = permissions.share_for(request.user, pk)
    back = _address(share.target)
    if request.method == "POST":
        sharing.revoke(share=share)
        messages.success(request, "Sharing has ended. Nobody can see the recording through it any more.")
        return redirect(back)
    who = share.person.get_username() if share.person else "whoever has the link"
    context = {
        "question": f"Stop sharing “{share.target}” with {who}?",
        "consequence": "What is open there ends at once too. You can share it again later, a link as a new one.",
        "yes": "Stop sharing",
        "no": "Keep sharing",
        "back": back,
    }
    return render(request, "pages/confirm.html", context)


@require_safe
@login_required
def shared(request: AuthenticatedRequest) -> HttpResponse:
    page = Paginator(permissions.shared_with(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "pages/shared.html", {"page": page, "rows": rows(page)})


def _sharing(request: AuthenticatedRequest, what: Recording | Project) -> HttpResponse:
    """The list, and two forms; a link is shown in the answer to the request that made it, and never again."""
    sent, is_project = request.POST.get("form"), isinstance(what, Project)
    person = PersonForm(request.POST if sent == "person" else None, prefix="person", is_project=is_project)
    link = LinkForm(request.POST if sent == "link" else None, prefix="link", is_project=is_project)
    fresh = None
    form = person if sent == "person" else link
    if form.is_valid():
        try:
            secret = _share(what, form)
        except RequestError as error:
            form.add_error(error.field, error.message)
        else:
            if secret is None:
                messages.success(request, f"“{what}” is shared with {form.cleaned_data['username']}.")
                return redirect(_address(what))
            fresh = request.build_absolute_uri(reverse("pages:link", args=[secret]))
            link = LinkForm(prefix="link", is_project=is_project)
    context = {
        "what": what,
        "is_project": is_project,
        "shares": permissions.shares_on(what),
        "inherited": _of_its_project(what),
        "person": person,
        "link": link,
        "fresh": fresh,
    }
    return render(request, "pages/sharing.html", context, status=422 if person.errors or link.errors else 200)


def _share(what: Recording | Project, form: PersonForm | LinkForm) -> str | None:
    """Do what a valid form says; the secret, where it is a link."""
    given: dict[str, Any] = {
        "what": what,
        "consented": form.cleaned_data["consent"],
        "note": form.cleaned_data["note"],
        "may_download": form.cleaned_data["may_download"],
    }
    if isinstance(form, PersonForm):
        sharing.share_with_user(username=form.cleaned_data["username"], **given)
        return None
    return sharing.create_link(expires_at=form.ends(), **given)[1]


def _of_its_project(what: Recording | Project) -> list[Share]:
    return list(permissions.shares_on(what.project)) if isinstance(what, Recording) and what.project else []


def _address(what: Recording | Project) -> str:
    return reverse("pages:share-project" if isinstance(what, Project) else "pages:share-recording", args=[what.pk])
