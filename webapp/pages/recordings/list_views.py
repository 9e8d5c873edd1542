"""The list of recordings, and actions on many of them at once."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from webapp.core import samples
from webapp.core.errors import RequestError, WebCode
from webapp.pages.recordings import bulk_actions, search
from webapp.pages.recordings.rows import recording_rows
from webapp.pages.requests import AuthenticatedRequest
from webapp.pages.timeline.progress import poll_interval_s
from webapp.recordings import consent, retention, selectors

PAGE_SIZE = 25
FASTEST_POLL_S = 3
MAX_TITLES = 20  # named on the page of a bulk action


@require_safe
@login_required
def recording_list(request: AuthenticatedRequest) -> HttpResponse:
    """List the recordings that match the filters, one page at a time."""
    result = search.search_recordings(request.user, request.GET)
    page = Paginator(result.recordings, PAGE_SIZE).get_page(request.GET.get("page"))
    rows = recording_rows(page)
    open_rows = [row for row in rows if not row.ended]
    projects = list(selectors.projects_by_name(request.user))
    horizon = timezone.now() + retention.NOTICE_PERIOD
    context = {
        "page": page,
        "rows": rows,
        "open_rows": open_rows,
        "poll_s": max(FASTEST_POLL_S, min((poll_interval_s(row.analysis) for row in open_rows), default=0)),
        "search": result,
        "filter_fields": search.filter_fields(request.user, projects, result.filters),
        "orderings": [(value, name) for value, (name, _) in search.ORDERINGS.items()],
        "filter_query": _filter_query(request.GET),
        "project": next((each for each in projects if str(each.pk) == result.filters.get("project")), None),
        "expiring_count": retention.expiring_before(horizon, request.user.recordings.all()).count(),
        "expiry_horizon": horizon,
        "show_next_steps": not result.filters
        and all(row.recording.consent_version == consent.SAMPLE_VERSION for row in rows),
        "sample_consent": None if samples.missing_files() else consent.SAMPLE_TEXT,
    }
    return render(request, "pages/recordings/list.html", context)


@require_POST
@login_required
def bulk_action(request: AuthenticatedRequest, name: str) -> HttpResponseBase:
    """Show the form of a bulk action; run it once the form is sent with `sure`."""
    if name not in bulk_actions.BULK_ACTIONS:
        raise Http404
    filter_query = _filter_query(QueryDict(request.POST.get("filters", "")))
    back = f"{reverse('pages:recordings')}{'?' if filter_query else ''}{filter_query}"
    try:
        selected = bulk_actions.selected_recordings(request.user, request.POST)
    except RequestError as error:
        messages.error(request, error.message)
        return redirect(back)
    if not selected:
        messages.error(request, "No recording is chosen. Tick some first.")
        return redirect(back)
    data = request.POST if "sure" in request.POST else None
    form = bulk_actions.BULK_ACTIONS[name](data, user=request.user, recordings=selected)
    if form.is_valid():
        try:
            result = form.run()
        except RequestError as error:
            if error.code is WebCode.RETENTION_ERASES:
                form.request_confirmation(error)
            else:
                form.add_error(None, error.message)
        else:
            return result.file or _report(request, result, back)
    context = {
        "form": form,
        "name": name,
        "shown_recordings": selected[:MAX_TITLES],
        "hidden_count": len(selected) - MAX_TITLES,
        "recordings": ",".join(str(recording.pk) for recording in selected),
        "recording_count": bulk_actions.recording_count(len(selected)),
        "filter_query": filter_query,
        "back": back,
    }
    return render(request, "pages/recordings/bulk_action.html", context, status=422 if form.is_bound else 200)


def _report(request: AuthenticatedRequest, result: bulk_actions.BulkResult, back: str) -> HttpResponse:
    if not (result.failed or result.remaining):
        messages.success(request, result.message)
        return redirect(back)
    messages.warning(request, result.message)
    for reason, titles in result.failed.items():
        named = ", ".join(f"“{title}”" for title in titles)
        messages.error(request, f"Not done for {bulk_actions.recording_count(len(titles))}, {named}: {reason}")
    return redirect(back)


def _filter_query(query: QueryDict) -> str:
    """Return the filters and the order as a query string, without the page number."""
    filters = query.copy()
    filters.pop("page", None)
    for name in [name for name, value in filters.items() if not value]:
        del filters[name]
    return filters.urlencode()
