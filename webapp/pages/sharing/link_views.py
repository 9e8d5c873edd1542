"""What whoever has a link sees, without an account: the secret is in the address of the page, its data and its media.

Each request asks anew whether the link is good, each part of a video too.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate
from uuid import UUID

from django.core.cache import cache
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
from webapp.core.middleware import client_network
from webapp.pages.recordings.rows import rows
from webapp.pages.timeline.result_context import Places, news, result
from webapp.recordings import sharing
from webapp.recordings.models import Share
from webapp.recordings.permissions import link_for, shared_with

PAGE_SIZE = 25
MISSES_A_MINUTE = 20  # of one address: secrets cannot be guessed, and nobody is to try

LinkView = Callable[Concatenate[HttpRequest, Share, ...], HttpResponseBase]


def with_link(view: LinkView) -> Callable[..., HttpResponseBase]:
    """Call the view with the link that has the secret; anything else is not found. The address is told to nobody."""

    @require_safe
    @wraps(view)
    def page(request: HttpRequest, secret: str, **more: Any) -> HttpResponseBase:
        answer = _answer(view, request, secret, **more)
        add_never_cache_headers(answer)
        answer["Referrer-Policy"] = "no-referrer"
        answer["X-Robots-Tag"] = "noindex, nofollow"
        return answer

    return page


@with_link
def entrance(request: HttpRequest, link: Share, secret: str) -> HttpResponseBase:
    """Leads to the latest analysis of a recording; of a project, lists the recordings."""
    if request.method == "GET" and "page" not in request.GET:
        sharing.record_link_opened(link=link)
    page = Paginator(shared_with(link), PAGE_SIZE).get_page(request.GET.get("page"))
    lines = rows(page)
    if link.project is not None:
        context = {"link": link, "secret": secret, "page": page, "rows": lines, "by_link": True}
        return render(request, "pages/link.html", context)
    if not lines:  # taken back at this moment
        raise Http404
    return redirect("pages:link-result", secret, lines[0].analysis.pk)


@with_link
def show(request: HttpRequest, link: Share, secret: str, pk: UUID) -> HttpResponseBase:
    seen = permissions.access_for(link, pk)
    places = Places(seen.analysis, secret)
    beside = {
        "siblings": places.beside(seen.siblings()),
        "link": link,
        "secret": secret,
        "by_link": True,
    }
    return render(request, "pages/result.html", result(seen, places, request.GET.get("segments")) | beside)


@with_link
def live(request: HttpRequest, link: Share, secret: str, pk: UUID) -> HttpResponseBase:
    seen = permissions.access_for(link, pk)
    context = news(seen, Places(seen.analysis, secret), request.GET.get("have", ""))
    return render(request, "pages/_live.html", context | {"by_link": True})


@with_link
def video(request: HttpRequest, link: Share, secret: str, pk: UUID) -> HttpResponseBase:
    return responses.video(request, permissions.access_for(link, pk))


@with_link
def faces(request: HttpRequest, link: Share, secret: str, pk: UUID) -> HttpResponseBase:
    return JsonResponse(responses.faces(permissions.access_for(link, pk).analysis))


@with_link
def chapters(request: HttpRequest, link: Share, secret: str, pk: UUID) -> HttpResponseBase:
    return responses.chapters(request, permissions.access_for(link, pk))


@with_link
def export(request: HttpRequest, link: Share, secret: str, pk: UUID, format: str) -> HttpResponseBase:
    return responses.export(permissions.access_for(link, pk), format)


def _answer(view: LinkView, request: HttpRequest, secret: str, **more: Any) -> HttpResponseBase:
    misses = f"link-misses:{client_network(request)}:{time.time() // 60:.0f}"
    if cache.get(misses, 0) >= MISSES_A_MINUTE:
        return render(request, "429.html", {"by_link": True}, status=429)
    link = link_for(secret)
    try:
        if link is None:
            cache.add(misses, 0, timeout=120)
            cache.incr(misses)
            raise Http404
        return view(request, link, secret=secret, **more)
    except Http404:
        return render(request, "pages/link_lost.html", {"by_link": True}, status=404)
    except (RequestError, InputError) as error:
        return _refused(request, error)


def _refused(request: HttpRequest, error: RequestError | InputError) -> HttpResponse:
    context = {"by_link": True, "words": error.message}
    return render(request, "pages/link_refused.html", context, status=STATUSES[error.code])
