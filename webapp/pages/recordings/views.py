"""One recording: upload, edit, analyse again, delete."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from inference.errors import InputError
from webapp.analyses import sample as sample_of
from webapp.analyses import selectors as analyses
from webapp.analyses import services
from webapp.analyses.downloads import responses
from webapp.analyses.quota import usage_of
from webapp.core import samples
from webapp.core.errors import RequestError
from webapp.pages import model_cards
from webapp.pages.recordings import accepted_formats
from webapp.pages.recordings.forms import RecordingForm, UploadForm
from webapp.pages.recordings.losses import losses_sentence
from webapp.pages.requests import AuthenticatedRequest, may_record, receive_files
from webapp.recordings import projects_and_tags, purposes, selectors
from webapp.recordings.models import Recording, retention_days_of
from webapp.recordings.selectors import projects_of
from webapp.recordings.services import NewRecording
from webapp.studies.name_assignment import NameSource, assign_by_name


@may_record
@csrf_exempt  # the token is in the form, which is read only after the checks below
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def upload(request: AuthenticatedRequest) -> HttpResponse:
    """Create a recording and redirect to its first analysis, or answer 422 with the errors at their fields."""
    if request.method == "POST":
        return receive_files(request) or _upload(request)
    return _upload(request)


@csrf_protect
def _upload(request: AuthenticatedRequest) -> HttpResponse:
    data = (request.POST, request.FILES) if request.method == "POST" else ()
    initial = {"project": request.GET.get("project"), "purpose": purposes.last_stated(request.user)}
    form = UploadForm(*data, user=request.user, initial=initial)
    if form.is_valid():
        values = form.cleaned_data
        try:
            analysis = services.submit(
                owner=request.user,
                new=NewRecording(
                    files=form.files_of_recording(),
                    consent=values["consent"],
                    title=values["title"],
                    project=values["project"],
                    purpose=values["purpose"] or None,
                    purpose_note=values["purpose_note"],
                ),
                model=values["model"] or None,
            )
        except (InputError, RequestError) as error:
            form.add_input_error(error)
        else:
            _assign_by_name(request, analysis.recording, values["name_pattern"])
            return redirect("pages:result", analysis.pk)
    context = {
        "form": form,
        "models": model_cards.selectable_models(),
        "limits": settings.LIMITS,
        "accepted": accepted_formats.by_role(),
        "usage": usage_of(request.user),
        "any_analysis": UUID(int=0),
        "days_kept": retention_days_of(None),
        "refusals": form.fields["purpose"].refusals,  # type: ignore[attr-defined]
        "purposes": {str(project.pk): project.purpose for project in projects_of(request.user) if project.purpose},
    }
    return render(request, "pages/recordings/upload.html", context, status=422 if form.is_bound else 200)


def _assign_by_name(request: AuthenticatedRequest, recording: Recording, pattern: str) -> None:
    """Set participant and values by the name of the video, if there is a pattern."""
    if not pattern or recording.project is None:
        return
    try:
        assign_by_name(
            project=recording.project,
            by=request.user,
            pattern=pattern,
            source=NameSource.FILE,
            recording_ids=[recording.pk],
        )
    except RequestError as error:
        messages.error(request, f"The recording is stored, but its name assigns nothing. {error.message}")


@require_POST
@login_required
def sample(request: AuthenticatedRequest) -> HttpResponse:
    """Create a recording from the bundled sample and redirect to its result."""
    mode = request.POST.get("mode", "")
    if mode not in samples.MODES or samples.missing_files():
        raise Http404
    try:
        analysis = sample_of.submit(owner=request.user, mode=mode)
    except RequestError as error:
        messages.error(request, error.message)
        return redirect("pages:recordings")
    messages.success(request, "This is the sample. Its timeline appears below in a moment.")
    return redirect("pages:result", analysis.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit_recording(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Change title, project and tags."""
    recording = selectors.recording_for(request.user, pk)
    form = RecordingForm(request.POST or None, instance=recording)
    if form.is_valid():
        try:
            losses = projects_and_tags.update_recording(
                recording=recording, erase_due=form.erase_due, **form.cleaned_data
            )
        except RequestError as error:
            form.request_confirmation(error)
        else:
            messages.success(request, f"“{recording.title}” has been saved.{losses_sentence(losses)}")
            return redirect("pages:recordings")
    context = {"form": form, "heading": "Title, project and tags", "button": "Save", "cancel_view": "pages:recordings"}
    return render(request, "pages/forms/form.html", context, status=422 if form.is_bound else 200)


@require_safe
@login_required
def original_video(request: AuthenticatedRequest, pk: UUID) -> HttpResponseBase:
    """Stream the uploaded video, with range requests."""
    return responses.original(request, selectors.recording_for(request.user, pk))


@require_POST
@login_required
def reanalyse(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Start another analysis, and redirect to it."""
    recording = selectors.recording_for(request.user, pk)
    try:
        analysis = services.rerun(recording=recording, model=request.POST.get("model") or None)
    except (InputError, RequestError) as error:
        messages.error(request, error.message)
        analysis = analyses.analyses_of(request.user).filter(recording=recording)[0]
    return redirect("pages:result", analysis.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete_recording(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Ask for confirmation, then delete a recording with everything made from it."""
    recording = selectors.recording_for(request.user, pk)
    if request.method == "POST":
        services.erase(recording=recording, by=request.user)
        messages.success(request, f"“{recording.title}” and everything made from it are deleted.")
        return redirect("pages:recordings")
    return render(request, "pages/recordings/delete.html", {"recording": recording})
