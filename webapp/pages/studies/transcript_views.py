"""The transcript of a recording: search, import, delete."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from inference.errors import InputError
from webapp.core.errors import RequestError
from webapp.pages.requests import AuthenticatedRequest, receive_files
from webapp.pages.timeline.forms import TranscriptImportForm
from webapp.pages.timeline.lanes import transcript_context
from webapp.recordings.models import Recording
from webapp.recordings.selectors import recording_for
from webapp.studies import annotation_imports, permissions, transcripts


@csrf_exempt  # the token is in the form, which is read only after the checks below
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def transcript(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """List the lines that contain the words `said`; replace the transcript by that of a file."""
    if request.method != "POST":
        access = permissions.recording_access(request.user, pk)
        return _page(request, access.recording, own=access.own, words=request.GET.get("said", ""))
    recording = recording_for(request.user, pk)

    def refuse(message: str) -> HttpResponse:
        return _page(request, recording, transcript_form=TranscriptImportForm({}).refused(message))

    return receive_files(request, refuse) or _import(request, recording)


@csrf_protect
def _import(request: AuthenticatedRequest, recording: Recording) -> HttpResponse:
    form = TranscriptImportForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            lines = annotation_imports.import_transcript(
                recording=recording, by=request.user, file=form.cleaned_data["file"], name=form.chosen_format()
            )
        except (InputError, RequestError) as error:
            form.add_error("file", error.message)
        else:
            message = f"{len(lines)} line{pluralize(len(lines))} imported."
            if request.headers.get("HX-Request"):
                return _page(request, recording, transcript_message=message)
            messages.success(request, message)
            return redirect("pages:transcript", recording.pk)
    return _page(request, recording, transcript_form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete_transcript(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Ask for confirmation, then delete the transcript of a recording."""
    recording = recording_for(request.user, pk)
    if request.method == "POST":
        transcripts.replace_transcript(recording=recording, by=request.user, lines=[])
        messages.success(request, f"The transcript of “{recording}” is deleted.")
        return redirect("pages:transcript", pk)
    count = recording.transcript.count()
    context = {
        "question": f"Delete the transcript of “{recording}”?",
        "consequence": f"{count} line{pluralize(count)} {pluralize(count, 'is,are')} lost.",
        "confirm_label": "Delete",
        "cancel_label": "Keep",
        "cancel_url": reverse("pages:transcript", args=[pk]),
    }
    return render(request, "pages/forms/confirm.html", context)


def _page(
    request: AuthenticatedRequest, recording: Recording, *, own: bool = True, words: str = "", **more: Any
) -> HttpResponse:
    """The section of the transcript for the result page, otherwise a page with it. htmx shows no refusals."""
    context = transcript_context(recording, own=own, words=words) | {"transcript_open": True} | more
    if request.headers.get("HX-Request"):
        return render(request, "pages/timeline/_transcript.html", context | {"swap_lane": True})
    refused = context["transcript_form"] is not None and context["transcript_form"].errors
    context |= {"standalone": True, "own": own}
    return render(request, "pages/studies/recording_transcript.html", context, status=422 if refused else 200)
