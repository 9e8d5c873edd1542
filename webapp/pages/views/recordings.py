"""One's recordings: the list, a new one, another analysis, the end of one."""

import json
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from inference.errors import InputError
from webapp.analyses import selectors as analyses
from webapp.analyses import services
from webapp.analyses.quota import usage_of
from webapp.core import media
from webapp.core.problems import RequestError
from webapp.pages import catalogue, words
from webapp.pages.forms import CONCERNED, UploadForm
from webapp.pages.rows import rows
from webapp.pages.views.requests import PersonRequest
from webapp.recordings import selectors
from webapp.recordings.models import MediaFile

PAGE_SIZE = 25


@never_cache
@require_safe
@login_required
def recordings(request: PersonRequest) -> HttpResponse:
    page = Paginator(selectors.recordings_of(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    lines = rows(page)
    context = {
        "page": page,
        "rows": lines,
        "unfinished": any(not line.ended for line in lines),
        "exports": words.EXPORTS if any(line.shares for line in lines) else {},
    }
    return render(request, "pages/recordings.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def upload(request: PersonRequest) -> HttpResponse:
    """Leads to the result of the first analysis, or answers 422 with what is wrong at its field."""
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if form.is_valid():
        sent = form.cleaned_data
        try:
            analysis = services.submit(
                owner=request.user,
                upload=form.upload(),
                consent=sent["consent"],
                title=sent["title"],
                model=sent["model"] or None,
            )
        except (InputError, RequestError) as error:
            form.refuse(error)
        else:
            return redirect("pages:result", analysis.pk)
    context = {
        "form": form,
        "models": catalogue.choices(),
        "limits": settings.LIMITS,
        "usage": usage_of(request.user),
        "fields": json.dumps(CONCERNED),
        "any_analysis": UUID(int=0),
    }
    return render(request, "pages/upload.html", context, status=422 if form.is_bound else 200)


@require_safe
@login_required
def original(request: PersonRequest, pk: UUID) -> HttpResponseBase:
    """The video as it was sent, in parts if the player asks for parts."""
    video = selectors.recording_for(request.user, pk).file(MediaFile.Kind.VIDEO)
    if video is None:
        raise Http404
    return media.serve(request, video.path, "video/mp4")


@require_POST
@login_required
def again(request: PersonRequest, pk: UUID) -> HttpResponse:
    recording = selectors.recording_for(request.user, pk)
    try:
        analysis = services.rerun(recording=recording, model=request.POST.get("model") or None)
    except (InputError, RequestError) as error:
        messages.error(request, error.message)
        analysis = analyses.analyses_of(request.user).filter(recording=recording)[0]
    return redirect("pages:result", analysis.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete(request: PersonRequest, pk: UUID) -> HttpResponse:
    recording = selectors.recording_for(request.user, pk)
    if request.method == "POST":
        services.erase(recording=recording)
        messages.success(request, f"“{recording.title}” and everything made from it are erased.")
        return redirect("pages:recordings")
    return render(request, "pages/delete.html", {"recording": recording})
