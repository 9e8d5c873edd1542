"""Pages for visitors with a shared link, who have no account: the addresses of pages, data and media hold a secret.

Every request checks the link again, each part of a video too.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_safe

from inference.errors import InputError
from webapp.analyses import permissions
from webapp.analyses.downloads import responses
from webapp.core.errors import STATUSES, RequestError
from webapp.core.minute_limit import LINK_MISSES
from webapp.pages.recordings.rows import recording_rows
from webapp.pages.timeline.result_context import ResultUrls, result_context
from webapp.pages.timeline.views import progress_response
from webapp.recordings import sharing
from webapp.recordings.models import Share
from webapp.recordings.permissions import link_for, shared_with

PAGE_SIZE = 25

LinkView = Callable[Concatenate[HttpRequest, Share, ...], HttpResponseBase]


def with_link(view: LinkView) -> Callable[..., HttpResponseBase]:
    """Decorate a view that gets the link of the secret; an unknown secret answers 404. Responses are never indexed."""

    @require_safe
    @wraps(view)
    def page(request: HttpRequest, secret: str, **more: Any) -> HttpResponseBase:
        response = _respond(view, request, secret, **more)
        add_never_cache_headers(response)
        response["Referrer-Policy"] = "no-referrer"
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return page


@with_link
def open_link(request: HttpRequest, link: Share, secret: str) -> HttpResponseBase:
    """Redirect to the latest analysis of a recording, or list the recordings of a project."""
    if request.method == "GET" and "page" not in request.GET:
        sharing.record_link_opened(link=link)
    page = Paginator(shared_with(link), PAGE_SIZE).get_page(request.GET.get("page"))
    rows = recording_rows(page)
    if link.project is not None:
        context = {"link": link, "secret": secret, "page": page, "rows": rows, "by_link": True}
        return render(request, "pages/sharing/link_project.html", context)
    if not rows:  # revoked in this moment
        raise Http404
    return redirect("pages:link-result", secret, rows[0].analysis.pk)


@with_link
def result(request: HttpRequest, link: Share, secret: str, pk: UUID) -> HttpResponseBase:
    """Show the result of an analysis."""
    access = permissions.access_for(link, pk)
    urls = ResultUrls(access.analysis, secret)
    context = result_context(access, urls, request.GET.get("segments"), relative="relative" in request.GET) | {
        "siblings": urls.pages_of(access.siblings()),
        "link": link,
        "secret": secret,
        "by_link": True,
    }
    return render(request, "pages/timeline/result.html", context)


@with_link
def progress(request: HttpRequest, link: Share, secret: str, pk: UUID) -> HttpResponseBase:
    """Answer a poll for the progress."""
    access = permissions.access_for(link, pk)
    return progress_response(request, access, ResultUrls(access.analysis, secret), by_link=True)


@with_link
def video(request: HttpRequest, link: Share, secret: str, pk: UUID) -> HttpResponseBase:
    """Stream the labelled video."""
    return responses.video(request, permissions.access_for(link, pk))


@with_link
def faces(request: HttpRequest, link: Share, secret: str, pk: UUID) -> HttpResponseBase:
    """Return the positions of faces."""
    return JsonResponse(responses.faces(permissions.access_for(link, pk).analysis))


@with_link
def chapters(request: HttpRequest, link: Share, secret: str, pk: UUID) -> HttpResponseBase:
    """Download the video with chapters."""
    return responses.chapters(request, permissions.access_for(link, pk))


@with_link
def export(request: HttpRequest, link: Share, secret: str, pk: UUID, format: str) -> HttpResponseBase:
    """Download the timeline in a format."""
    return responses.export(permissions.access_for(link, pk), format)


def _respond(view: LinkView, request: HttpRequest, secret: str, **more: Any) -> HttpResponseBase:
    if LINK_MISSES.reached(request):
        return render(request, "429.html", {"by_link": True}, status=429)
    link = link_for(secret)
    if link is None:
        LINK_MISSES.count(request)
        return _not_found(request)
    try:
        return view(request, link, secret=secret, **more)
    except Http404:
        return _not_found(request)
    except (RequestError, InputError) as error:
        return _error_page(request, error)


def _not_found(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/sharing/link_not_found.html", {"by_link": True}, status=404)


def _error_page(request: HttpRequest, error: RequestError | InputError) -> HttpResponse:
    context = {"by_link": True, "message": error.message}
    return render(request, "pages/sharing/link_unavailable.html", context, status=STATUSES[error.code])
