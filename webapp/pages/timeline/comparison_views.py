"""The comparison of two analyses of one recording."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from webapp.analyses.models import Analysis
from webapp.analyses.selectors import analyses_of, published_timeline
from webapp.pages.requests import AuthenticatedRequest
from webapp.pages.timeline.comparison_context import comparison_context
from webapp.recordings import selectors


@require_safe
@login_required
def compare(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Compare the analyses `a` and `b`; by default the latest two that have a timeline."""
    recording = selectors.recording_for(request.user, pk)
    analyses = analyses_of(request.user).filter(recording=recording)
    ready = [analysis for analysis in analyses if analysis.timeline_at]
    context = {"recording": recording, "ready": ready, "original_url": reverse("pages:original", args=[pk])}
    b = _analysis_named(analyses, request.GET.get("b"))
    a = _analysis_named(analyses, request.GET.get("a")) or next((each for each in ready if each != b), None)
    b = b or next((each for each in ready if each != a), None)
    context |= {"a": a, "b": b}
    if a and b and a != b and a.timeline_at and b.timeline_at:
        names = (f"A: {a.model_name}", f"B: {b.model_name}")
        context |= comparison_context(published_timeline(a), published_timeline(b), names)
    return render(request, "pages/timeline/comparison.html", context)


def _analysis_named(analyses: QuerySet[Analysis], pk: str | None) -> Analysis | None:
    """Return the analysis with an id from the query string, None without one. Raises Http404 for an unknown id."""
    if not pk:
        return None
    try:
        return analyses.get(pk=UUID(pk))
    except (ValueError, Analysis.DoesNotExist):
        raise Http404 from None
