"""The list of one's recordings, and what is done with many of them at once."""

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
from webapp.pages.recordings.rows import rows
from webapp.pages.requests import AuthenticatedRequest
from webapp.recordings import consent, retention, selectors

PAGE_SIZE = 25
TITLES_NAMED = 20  # of those that something is done with


@require_safe
@login_required
def recordings(request: AuthenticatedRequest) -> HttpResponse:
    found = search.found(request.user, request.GET)
    page = Paginator(found.recordings, PAGE_SIZE).get_page(request.GET.get("page"))
    lines = rows(page)
    projects = list(selectors.projects_of(request.user))
    soon = timezone.now() + retention.NOTICE_PERIOD
    context = {
        "page": page,
        "rows": lines,
        "open_rows": [line for line in lines if not line.ended],
        "found": found,
        "choices": search.choices(request.user, projects, found.asked),
        "orderings": [(value, name) for value, (name, _) in search.ORDERINGS.items()],
        "filters": _filters(request.GET),
        "project": next((each for each in projects if str(each.pk) == found.asked.get("project")), None),
        "ending": retention.expiring_before(soon, request.user.recordings.all()).count(),
        "soon": soon,
        "first_steps": not found.asked and all(_is_sample(line.recording.consent_version) for line in lines),
        "sample": None if samples.missing_files() else consent.SAMPLE_TEXT,
    }
    return render(request, "pages/recordings.html", context)


@require_POST
@login_required
def deed(request: AuthenticatedRequest, name: str) -> HttpResponseBase:
    """Asks what there is to know before it is done; sent again with that, it is done."""
    if name not in bulk_actions.DEEDS:
        raise Http404
    filters = _filters(QueryDict(request.POST.get("filters", "")))
    back = f"{reverse('pages:recordings')}{'?' if filters else ''}{filters}"
    try:
        chosen = bulk_actions.chosen(request.user, request.POST)
    except RequestError as error:
        messages.error(request, error.message)
        return redirect(back)
    if not chosen:
        messages.error(request, "No recording is chosen. Tick those that you mean first.")
        return redirect(back)
    sent = request.POST if "sure" in request.POST else None
    form = bulk_actions.DEEDS[name](sent, user=request.user, recordings=chosen)
    if form.is_valid():
        try:
            done = form.do()
        except RequestError as error:
            if error.code is WebCode.RETENTION_ERASES:
                form.ask(error)
            else:
                form.add_error(None, error.message)
        else:
            return done.file or _told(request, done, back)
    context = {
        "form": form,
        "name": name,
        "named": chosen[:TITLES_NAMED],
        "others": len(chosen) - TITLES_NAMED,
        "recordings": ",".join(str(recording.pk) for recording in chosen),
        "counted": bulk_actions.counted(len(chosen)),
        "filters": filters,
        "back": back,
    }
    return render(request, "pages/deed.html", context, status=422 if form.is_bound else 200)


def _told(request: AuthenticatedRequest, done: bulk_actions.Done, back: str) -> HttpResponse:
    if not (done.failed or done.left):
        messages.success(request, done.words)
        return redirect(back)
    messages.warning(request, done.words)
    for reason, titles in done.failed.items():
        named = ", ".join(f"“{title}”" for title in titles)
        messages.error(request, f"Not done for {bulk_actions.counted(len(titles))}, {named}: {reason}")
    return redirect(back)


def _filters(query: QueryDict) -> str:
    """What was looked for, as it stands in an address, without the page's number."""
    kept = query.copy()
    kept.pop("page", None)
    for name in [name for name, value in kept.items() if not value]:
        del kept[name]
    return kept.urlencode()


def _is_sample(consent_version: str) -> bool:
    return consent_version == consent.SAMPLE_VERSION
