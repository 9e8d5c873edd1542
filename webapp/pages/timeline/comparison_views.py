"""Two analyses of one recording beside each other."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from webapp.analyses.models import Analysis
from webapp.analyses.selectors import analyses_of, published_timeline
from webapp.pages import pair
from webapp.pages.requests import AuthenticatedRequest
from webapp.recordings import selectors


@require_safe
@login_required
def compare(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """`a` and `b` are chosen for whoever names none: the latest two that have a timeline."""
    recording = selectors.recording_for(request.user, pk)
    every = analyses_of(request.user).filter(recording=recording)
    ready = [analysis for analysis in every if analysis.timeline_at]
    context = {"recording": recording, "ready": ready, "original_url": reverse("pages:original", args=[pk])}
    b = _asked(every, request.GET.get("b"))
    a = _asked(every, request.GET.get("a")) or next((each for each in ready if each != b), None)
    b = b or next((each for each in ready if each != a), None)
    context |= {"a": a, "b": b}
    if a and b and a != b and a.timeline_at and b.timeline_at:
        names = (f"A: {a.model_name}", f"B: {b.model_name}")
        context |= pair.shown(published_timeline(a), published_timeline(b), names)
    return render(request, "pages/compare.html", context)


def _asked(analyses: QuerySet[Analysis], name: str | None) -> Analysis | None:
    """The analysis that an address names, if it names one. Raises Http404 where it is none of these."""
    if not name:
        return None
    try:
        return analyses.get(pk=UUID(name))
    except (ValueError, Analysis.DoesNotExist):
        raise Http404 from None
