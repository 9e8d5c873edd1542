"""The tab of a project on which its owner makes links for participants and sees who has finished."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from webapp.core.errors import RequestError
from webapp.pages.requests import AuthenticatedRequest
from webapp.pages.studies.access import open_project, tab_context
from webapp.pages.studies.forms import CollectionLinkForm
from webapp.studies import collection, selectors
from webapp.studies.models import SENDING_HOURS

PAGE_SIZE = 100


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def collect(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """List the links and who began by them; make a link, which is shown only in the response to that."""
    access = open_project(request, pk)
    form, new_link = CollectionLinkForm(request.POST or None), None
    if form.is_valid():
        try:
            _, secret = collection.create_link(project=access.project, by=request.user, **form.cleaned_data)
        except RequestError as error:
            form.add_error(None, error.message)
        else:
            new_link = request.build_absolute_uri(reverse("pages:collection-link", args=[secret]))
            form = CollectionLinkForm()
    context = {
        **tab_context(access, "collect", "Collect"),
        "form": form,
        "new_link": new_link,
        "links": selectors.collection_links_of(access.project),
        "stimuli": selectors.stimuli_of(access.project),
        "page": Paginator(selectors.sessions_of(access.project), PAGE_SIZE).get_page(request.GET.get("page")),
    }
    return render(request, "pages/studies/collect.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def close_link(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Ask for confirmation, then close a link."""
    link = selectors.collection_link_for(request.user, pk)
    back = reverse("pages:collect", args=[link.project_id])
    if request.method == "POST":
        collection.close_link(link=link, by=request.user)
        messages.success(
            request,
            f"The link is closed. Nobody can begin by it; whoever has begun can send for {SENDING_HOURS} hours.",
        )
        return redirect(back)
    unfinished = link.sessions.filter(recording=None).count()
    context = {
        "question": "Close this link for participants?",
        "consequence": "Nobody can begin by it any more, and it cannot be opened again. What was recorded stays. "
        f"{unfinished} participant{pluralize(unfinished)} began and did not finish: whoever of them is recording can "
        f"finish and send for {SENDING_HOURS} hours.",
        "confirm_label": "Close the link",
        "cancel_label": "Keep it open",
        "cancel_url": back,
    }
    return render(request, "pages/forms/confirm.html", context)
