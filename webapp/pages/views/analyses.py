"""One analysis: its result as far as it is there, how far it is, stopping it."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from webapp.analyses import selectors, services
from webapp.pages import catalogue
from webapp.pages.comparison import with_machine
from webapp.pages.result import progress, result
from webapp.pages.views.requests import PersonRequest


@never_cache
@require_safe
@login_required
def show(request: PersonRequest, pk: UUID) -> HttpResponse:
    analysis = selectors.analysis_for(request.user, pk)
    beside = {
        "siblings": selectors.analyses_of(request.user).filter(recording=analysis.recording),
        "models": catalogue.choices(with_eeg=analysis.recording.has_eeg),
    }
    return render(request, "pages/result.html", result(analysis, request.GET.get("segments")) | beside)


@never_cache
@require_safe
@login_required
def live(request: PersonRequest, pk: UUID) -> HttpResponse:
    """How far it is. What the page has not got yet (`have`) comes along and takes its place.

    A timeline that is there already stays: somebody may be in the midst of it.
    """
    analysis = selectors.analysis_for(request.user, pk)
    context, have = progress(analysis), request.GET.get("have", "")
    if context["have"] != have:
        context = result(analysis) | {"swap": True, "swap_timeline": context["have"][:1] != have[:1]}
    return render(request, "pages/_live.html", context)


@never_cache
@require_safe
@login_required
def agreement(request: PersonRequest, pk: UUID) -> HttpResponse:
    """How far the person who corrects agrees with the machine, for a page that has just saved."""
    timeline = selectors.timeline(selectors.analysis_for(request.user, pk))
    return render(request, "pages/_corrected.html", {"corrected": with_machine(timeline) if timeline else None})


@require_POST
@login_required
def cancel(request: PersonRequest, pk: UUID) -> HttpResponse:
    analysis = selectors.analysis_for(request.user, pk)
    services.cancel(analysis=analysis)
    return redirect("pages:result", analysis.pk)
