"""Pages for participants, who have no account: the address holds the secret of a project's link.

Every request checks the link again. Nothing of the project is shown but the text, and then the stimuli.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_http_methods, require_safe

from webapp.core.errors import STATUSES, RequestError
from webapp.core.minute_limit import COLLECTION_BEGINNINGS, LINK_MISSES
from webapp.pages.requests import may_record
from webapp.pages.studies.forms import CollectionConsentForm
from webapp.recordings.consent import STUDY_TEXT
from webapp.storage.range_response import serve
from webapp.studies import collection, selectors
from webapp.studies.models import CollectionLink

LinkView = Callable[Concatenate[HttpRequest, CollectionLink, ...], HttpResponseBase]


def _with_link(view: LinkView) -> Callable[..., HttpResponseBase]:
    """Decorate a view that gets the link of the secret, which may be closed; an unknown one answers 404."""

    @wraps(view)
    def page(request: HttpRequest, secret: str, **more: Any) -> HttpResponseBase:
        response = _respond(view, request, secret, **more)
        add_never_cache_headers(response)
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return page


@require_http_methods(["GET", "HEAD", "POST"])
@_with_link
def begin(request: HttpRequest, link: CollectionLink, secret: str) -> HttpResponse:
    """Show the text; begin a recording for whoever agrees to it. A closed link shows what is not sent yet."""
    if link.closed_at:
        closed = {"by_link": True, "ends_at": link.sending_ends_at}
        return render(request, "pages/studies/collection_closed.html", closed, status=410)
    form = CollectionConsentForm(request.POST or None)
    if form.is_valid():
        if COLLECTION_BEGINNINGS.reached(request):
            return render(request, "429.html", {"by_link": True}, status=429)
        COLLECTION_BEGINNINGS.count(request)
        session = collection.begin_session(link=link, **form.cleaned_data)
        return redirect("pages:collection-session", secret, session.pk)
    context = {"form": form, "link": link, "agreement": STUDY_TEXT, "by_link": True}
    return render(request, "pages/studies/collection_consent.html", context, status=422 if form.is_bound else 200)


@may_record
@require_safe
@_with_link
def record(request: HttpRequest, link: CollectionLink, secret: str, pk: UUID) -> HttpResponse:
    """Check the camera, show the stimuli, record and send."""
    session = selectors.session_by_link(link, pk)
    stimuli = [
        {
            "id": str(stimulus.pk),
            "name": stimulus.name,
            "length_s": stimulus.length_s,
            "medium": stimulus.medium,
            "file": reverse("pages:collection-stimulus", args=[secret, pk, stimulus.pk]) if stimulus.file else None,
        }
        for stimulus in selectors.session_stimuli(session)
    ]
    context = {"session": session, "secret": secret, "stimuli": stimuli, "by_link": True}
    return render(request, "pages/studies/collection_session.html", context)


@require_safe
@_with_link
def stimulus(request: HttpRequest, link: CollectionLink, pk: UUID, stimulus: UUID, **_: str) -> HttpResponseBase:
    """Stream the video or the picture of a stimulus."""
    session = selectors.session_by_link(link, pk)
    for each in selectors.session_stimuli(session):
        if each.pk == stimulus and each.file:
            return serve(request, each.key, each.content_type)
    raise Http404


def _respond(view: LinkView, request: HttpRequest, secret: str, **more: Any) -> HttpResponseBase:
    if LINK_MISSES.reached(request):
        return render(request, "429.html", {"by_link": True}, status=429)
    link = selectors.collection_link_by_secret(secret)
    if link is None:
        LINK_MISSES.count(request)
        return _not_found(request)
    try:
        return view(request, link, secret=secret, **more)
    except Http404:
        return _not_found(request)
    except RequestError as error:
        context = {"by_link": True, "message": error.message}
        return render(request, "pages/sharing/link_unavailable.html", context, status=STATUSES[error.code])


def _not_found(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/studies/collection_not_found.html", {"by_link": True}, status=404)
