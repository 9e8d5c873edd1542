"""One analysis: result, progress, agreement with corrections, baseline, cancelling."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from inference.errors import InputError
from webapp.analyses import permissions, selectors, services
from webapp.analyses.permissions import AnalysisAccess
from webapp.core.conditional import respond_if_changed
from webapp.core.errors import RequestError
from webapp.pages import model_cards
from webapp.pages.requests import AuthenticatedRequest
from webapp.pages.timeline.forms import BaselineForm
from webapp.pages.timeline.progress import progress_context
from webapp.pages.timeline.result_context import ResultUrls, corrections_context, progress_update, result_context


@require_safe
@login_required
def result(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Show the result of an analysis."""
    access = permissions.access_for(request.user, pk)
    urls = ResultUrls(access.analysis)
    with_eeg = access.analysis.recording.has_eeg
    context = result_context(access, urls, request.GET.get("segments"), relative="relative" in request.GET) | {
        "siblings": urls.pages_of(access.siblings()),
        "other_corrections": _other_corrections(access) if access.own else None,
        "models": model_cards.selectable_models(with_eeg=with_eeg) if access.own else (),
    }
    return render(request, "pages/timeline/result.html", context)


@require_safe
@login_required
def progress(request: AuthenticatedRequest, pk: UUID) -> HttpResponseBase:
    """Answer a poll for the progress."""
    access = permissions.access_for(request.user, pk)
    return progress_response(request, access, ResultUrls(access.analysis))


def progress_response(request: HttpRequest, access: AnalysisAccess, urls: ResultUrls, **more: Any) -> HttpResponseBase:
    """Return the progress with what is new on the page since its `state`; 304 where it shows all of it."""

    def respond() -> HttpResponse:
        context = progress_update(access, urls, request.GET.get("state", ""))
        return render(request, "pages/timeline/_progress.html", context | more)

    return respond_if_changed(request, progress_context(access.analysis)["etag"], respond)


@require_safe
@login_required
def agreement(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Return how far the corrections agree with the model, for a page that has just saved them."""
    timeline = selectors.timeline(selectors.analysis_for(request.user, pk))
    context = corrections_context(timeline) if timeline else {"corrected": None}
    return render(request, "pages/timeline/_corrections_agreement.html", context)


@require_POST
@login_required
def cancel(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Cancel an analysis."""
    analysis = selectors.analysis_for(request.user, pk)
    services.cancel(analysis=analysis)
    return redirect("pages:result", analysis.pk)


@require_POST
@login_required
def baseline(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Mark the neutral span of a timeline, or remove it."""
    analysis = selectors.analysis_for(request.user, pk)
    if request.POST.get("action") == "remove":
        services.remove_baseline(analysis=analysis, by=request.user)
        messages.success(request, "The neutral baseline has been removed.")
        return redirect("pages:result", analysis.pk)
    form = BaselineForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Give the start and the end of the neutral span in seconds.")
        return redirect("pages:result", analysis.pk)
    try:
        services.save_baseline(analysis=analysis, by=request.user, **form.cleaned_data)
    except (InputError, RequestError) as error:
        messages.error(request, error.message)
        return redirect("pages:result", analysis.pk)
    return redirect(f"{reverse('pages:result', args=[analysis.pk])}?relative=1#baseline")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def carry_over(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Copy the latest corrections of another analysis of the recording to this one; GET asks for confirmation."""
    analysis = selectors.analysis_for(request.user, pk)
    source = selectors.latest_corrected_sibling(analysis)
    if source is None:
        raise Http404
    own = selectors.corrections(analysis)
    if request.method == "POST":
        try:
            revision = int(request.POST["revision"]) if request.POST.get("revision", "").isdecimal() else own.revision
            services.carry_over(analysis=analysis, source=source, by=request.user, revision=revision)
            messages.success(request, "The corrections have been copied. They stay on the other analysis too.")
        except (InputError, RequestError) as error:
            messages.error(request, error.message)
        return redirect("pages:result", analysis.pk)
    context = {
        "question": "Carry the corrections over?",
        "consequence": "They replace the corrections of this analysis, which are deleted for good."
        if own.segments
        else "They are copied to this analysis, and stay on the other one.",
        "revision": own.revision,
        "confirm_label": "Replace mine" if own.segments else "Carry them over",
        "cancel_label": "Leave it as it is",
        "cancel_url": reverse("pages:result", args=[analysis.pk]),
    }
    return render(request, "pages/forms/confirm.html", context)


def _other_corrections(access: AnalysisAccess) -> dict[str, Any] | None:
    """Return the corrections of another analysis of the recording if they are later than those of this one."""
    source = selectors.latest_corrected_sibling(access.analysis)
    own = selectors.corrections(access.analysis)
    if source is None or (own.segments and own.at >= source.corrected.at.isoformat()):
        return None
    return {"source": source, "revision": own.revision, "overwrites": bool(own.segments)}
