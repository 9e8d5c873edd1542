"""Markers of a recording: add, change, delete, import. The result page gets its lane and list, others a page."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST

from webapp.core.errors import RequestError
from webapp.pages.requests import AuthenticatedRequest, receive_files
from webapp.pages.timeline.forms import MarkerForm, MarkerImportForm, import_message
from webapp.pages.timeline.lanes import markers_context
from webapp.recordings.models import Recording
from webapp.recordings.selectors import recording_for
from webapp.studies import markers, permissions, selectors


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def recording_markers(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """List the markers of a recording; add one."""
    if request.method != "POST":
        access = permissions.recording_access(request.user, pk)
        return _page(request, access.recording, own=access.own)
    recording = recording_for(request.user, pk)
    form = MarkerForm(request.POST)
    if form.is_valid():
        try:
            new = {recording: [form.marker()]}
            markers.create_markers(by=request.user, source=markers.PERSON, markers=new)
        except RequestError as error:
            form.add_error(None, error.message)
        else:
            return _done(request, recording, "The marker is set.")
    return _page(request, recording, marker_form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def marker(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Change a marker."""
    found = selectors.marker_for(request.user, pk)
    if request.method != "POST":
        initial = {
            "start_s": found.start_s,
            "end_s": found.end_s if found.end_s > found.start_s else None,
            "kind": found.kind,
            "name": found.name,
        }
        return _page(request, found.recording, marker_form=MarkerForm(initial=initial), editing=found)
    form = MarkerForm(request.POST)
    if form.is_valid():
        new = form.marker()
        try:
            markers.update_marker(
                marker=found, by=request.user, start_s=new.start_s, end_s=new.end_s, kind=new.kind or "", name=new.name
            )
        except RequestError as error:
            form.add_error(None, error.message)
        else:
            return _done(request, found.recording, "The marker is changed.")
    return _page(request, found.recording, marker_form=form, editing=found)


@require_POST
@login_required
def delete_marker(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Delete a marker, which the answer offers to set again."""
    found = selectors.marker_for(request.user, pk)
    markers.delete_marker(marker=found, by=request.user)
    return _page(request, found.recording, deleted=found)


@csrf_exempt  # the token is in the form, which is read only after the checks below
@require_POST
@login_required
def import_markers(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Add the markers of a file."""
    recording = recording_for(request.user, pk)

    def refuse(message: str) -> HttpResponse:
        return _page(request, recording, marker_import_form=MarkerImportForm({}).refused(message))

    return receive_files(request, refuse) or _import(request, recording)


@csrf_protect
def _import(request: AuthenticatedRequest, recording: Recording) -> HttpResponse:
    form = MarkerImportForm(request.POST, request.FILES)
    imported = form.import_into(recording, by=request.user)
    if imported is not None:
        return _done(request, recording, import_message(imported))
    return _page(request, recording, marker_import_form=form)


def _done(request: AuthenticatedRequest, recording: Recording, message: str) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return _page(request, recording, marker_message=message)
    messages.success(request, message)
    return redirect("pages:recording-markers", recording.pk)


def _page(request: AuthenticatedRequest, recording: Recording, *, own: bool = True, **more: Any) -> HttpResponse:
    """The section of markers for the result page, otherwise a page with it. htmx shows no refusals, so they are 200."""
    context = markers_context(recording, own=own) | {"markers_open": True} | more
    if request.headers.get("HX-Request"):
        return render(request, "pages/timeline/_markers.html", context | {"swap_lane": True})
    refused = any(form is not None and form.errors for form in map(context.get, ("marker_form", "marker_import_form")))
    context |= {"standalone": True, "own": own}
    return render(request, "pages/studies/recording_markers.html", context, status=422 if refused else 200)
