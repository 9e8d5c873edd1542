"""One analysis: its result as far as it is there, how far it is, stopping it."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from webapp.analyses import selectors, services, viewing
from webapp.pages import catalogue
from webapp.pages.comparison import with_machine
from webapp.pages.result import Places, news, result
from webapp.pages.views.requests import PersonRequest


@never_cache
@require_safe
@login_required
def show(request: PersonRequest, pk: UUID) -> HttpResponse:
    seen = viewing.seen(request.user, pk)
    recording, places = seen.analysis.recording, Places(seen.analysis)
    beside = {
        "siblings": places.beside(seen.siblings()),
        "models": catalogue.choices(with_eeg=recording.has_eeg) if seen.own else (),
    }
    context = result(seen, places, request.GET.get("segments"))
    return render(request, "pages/result.html", context | beside)


@never_cache
@require_safe
@login_required
def live(request: PersonRequest, pk: UUID) -> HttpResponse:
    seen = viewing.seen(request.user, pk)
    return render(request, "pages/_live.html", news(seen, Places(seen.analysis), request.GET.get("have", "")))


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
