"""One analysis: its result as far as it is there, how far it is, stopping it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from inference.errors import InputError
from webapp.analyses import permissions, selectors, services
from webapp.analyses.permissions import AnalysisAccess
from webapp.core.errors import RequestError
from webapp.pages import model_cards
from webapp.pages.requests import AuthenticatedRequest
from webapp.pages.timeline.result_context import Places, corrected, news, result


@require_safe
@login_required
def show(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    seen = permissions.access_for(request.user, pk)
    recording, places = seen.analysis.recording, Places(seen.analysis)
    beside = {
        "siblings": places.beside(seen.siblings()),
        "elsewhere": _corrections_elsewhere(seen) if seen.own else None,
        "models": model_cards.choices(with_eeg=recording.has_eeg) if seen.own else (),
    }
    context = result(seen, places, request.GET.get("segments"))
    return render(request, "pages/result.html", context | beside)


@require_safe
@login_required
def live(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    seen = permissions.access_for(request.user, pk)
    return render(request, "pages/_live.html", news(seen, Places(seen.analysis), request.GET.get("have", "")))


@require_safe
@login_required
def agreement(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """How far the person who corrects agrees with the machine, for a page that has just saved."""
    timeline = selectors.timeline(selectors.analysis_for(request.user, pk))
    return render(request, "pages/_corrected.html", corrected(timeline) if timeline else {"corrected": None})


@require_POST
@login_required
def cancel(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    analysis = selectors.analysis_for(request.user, pk)
    services.cancel(analysis=analysis)
    return redirect("pages:result", analysis.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def carry_over(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Copy the corrections that were made last on another analysis to this one; asked first, to who follows a link."""
    analysis = selectors.analysis_for(request.user, pk)
    source = selectors.latest_corrected_sibling(analysis)
    if source is None:
        raise Http404
    own = selectors.corrections(analysis)
    if request.method == "POST":
        try:
            revision = int(request.POST["revision"]) if request.POST.get("revision", "").isdecimal() else own.revision
            services.carry_over(analysis=analysis, source=source, by=request.user, revision=revision)
            messages.success(request, "The corrections are carried over. They stay on the other analysis too.")
        except (InputError, RequestError) as error:
            messages.error(request, error.message)
        return redirect("pages:result", analysis.pk)
    context = {
        "question": "Carry the corrections over?",
        "consequence": "They replace the corrections of this analysis, which are erased for good."
        if own.segments
        else "They are copied to this analysis, and stay on the other one.",
        "revision": own.revision,
        "yes": "Replace mine" if own.segments else "Carry them over",
        "no": "Leave it as it is",
        "back": reverse("pages:result", args=[analysis.pk]),
    }
    return render(request, "pages/confirm.html", context)


def _corrections_elsewhere(seen: AnalysisAccess) -> dict[str, Any] | None:
    """What the page says of corrections on another analysis: of those made later than its own, or where it has none."""
    source = selectors.latest_corrected_sibling(seen.analysis)
    own = selectors.corrections(seen.analysis)
    if source is None or (own.segments and own.at >= source.corrected.at.isoformat()):
        return None
    return {"source": source, "revision": own.revision, "overwrites": bool(own.segments)}
