"""Stimuli of a project: added with a file, renamed, put into their order, deleted."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST

from inference.errors import InputError
from webapp.core.errors import RequestError
from webapp.pages.requests import AuthenticatedRequest, receive_files
from webapp.pages.studies.access import open_project
from webapp.pages.studies.project_marker_views import markers_page
from webapp.pages.studies.stimulus_forms import StimulusForm, StimulusLengthForm, StimulusNameForm
from webapp.recordings.selectors import project_for
from webapp.studies import selectors, stimuli
from webapp.studies.models import Stimulus

STEPS = {"up": -1, "down": 1}


@csrf_exempt  # the token is in the form, which is read only after the checks below
@require_POST
@login_required
def add_stimulus(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Add a stimulus, or answer 422 with the errors at their fields."""
    project_for(request.user, pk)
    return receive_files(request) or _add(request, pk)


@csrf_protect
def _add(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    access = open_project(request, pk)
    form = StimulusForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            created = stimuli.create_stimulus(project=access.project, by=request.user, **form.arguments())
        except (InputError, RequestError) as error:
            form.add_refusal(error)
        else:
            messages.success(request, f"The stimulus “{created}” is added.")
            return redirect("pages:project-markers", pk)
    return markers_page(request, access, stimulus_form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit_stimulus(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Rename a stimulus, and change its length unless it has a video."""
    stimulus = selectors.stimulus_for(request.user, pk)
    is_video = stimulus.medium == Stimulus.Medium.VIDEO
    kind = StimulusNameForm if is_video else StimulusLengthForm
    form = kind(request.POST or None, initial={"name": stimulus.name, "length_s": stimulus.length_s})
    back = reverse("pages:project-markers", args=[stimulus.project_id])
    if form.is_valid():
        try:
            stimuli.update_stimulus(stimulus=stimulus, by=request.user, **form.cleaned_data)
        except RequestError as error:
            form.add_refusal(error)
        else:
            messages.success(request, f"The stimulus “{stimulus}” is changed.")
            return redirect(back)
    context = {
        "heading": "Change a stimulus",
        "description": f"It is as long as its video, {stimulus.length_s:.1f} s." if is_video else "",
        "form": form,
        "button": "Save",
        "cancel_url": back,
    }
    return render(request, "pages/studies/form.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def move_stimulus(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Move a stimulus up or down by one; the page that follows has the focus where it was."""
    stimulus = selectors.stimulus_for(request.user, pk)
    direction = request.POST.get("direction", "")
    stimuli.move_stimulus(stimulus=stimulus, by=request.user, steps=STEPS.get(direction, 0))
    back = reverse("pages:project-markers", args=[stimulus.project_id])
    return redirect(f"{back}?{urlencode({'moved': str(stimulus.pk), 'direction': direction})}")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete_stimulus(request: AuthenticatedRequest, pk: UUID) -> HttpResponse:
    """Ask for confirmation, then delete a stimulus."""
    stimulus = selectors.stimulus_for(request.user, pk)
    if request.method == "POST":
        stimuli.delete_stimulus(stimulus=stimulus, by=request.user)
        messages.success(request, f"The stimulus “{stimulus}” is deleted.")
        return redirect("pages:project-markers", stimulus.project_id)
    return render(request, "pages/forms/confirm.html", _confirmation(stimulus))


def _confirmation(stimulus: Stimulus) -> dict[str, Any]:
    count = stimulus.markers.count()
    lost = f"its length and its {stimulus.medium} are" if stimulus.file else "its length is"
    return {
        "question": f"Delete the stimulus “{stimulus}”?",
        "consequence": f"{lost.capitalize()} lost, and participants see it no more. {count} marker{pluralize(count)} "
        f"stay{pluralize(count, 's,')}, with its name.",
        "confirm_label": "Delete",
        "cancel_label": "Keep",
        "cancel_url": reverse("pages:project-markers", args=[stimulus.project_id]),
    }
