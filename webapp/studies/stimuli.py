"""Writes: stimuli of a project in their order, with the video or picture that participants see if it is stored here."""

from __future__ import annotations  # File is generic in the stubs only

import math
from typing import Any
from uuid import UUID, uuid4

from django.core.files.base import File
from django.db import transaction

from webapp.accounts import services as accounts
from webapp.accounts.models import User
from webapp.audit.models import Action
from webapp.core.errors import RequestError, WebCode
from webapp.recordings import quota, uploads
from webapp.recordings.models import Project, Recording
from webapp.storage import media
from webapp.studies import selectors
from webapp.studies.changes import begin_change, reread
from webapp.studies.limits import MAX_STIMULI, require_at_most
from webapp.studies.markers import require_fitting
from webapp.studies.models import Marker, Stimulus
from webapp.studies.names import normalise_name
from webapp.studies.stimulus_files import StimulusFile, checked_picture, checked_video


def create_stimulus(
    *,
    project: Project,
    by: User,
    name: str,
    length_s: float | None = None,
    video: File[bytes] | UUID | None = None,
    picture: File[bytes] | None = None,
) -> Stimulus:
    """Create the project's last stimulus. With a video, a file or a finished upload, its length is the video's.

    Markers of this kind and name in the project's recordings are linked to it. Raises RequestError(NAME_TAKEN |
    STUDY_LIMIT | STIMULUS_LENGTH), and with a file what `checked_video` and `checked_picture` raise and
    RequestError(QUOTA_BYTES | DISK_FULL | STORAGE_UNAVAILABLE).
    """
    if video is not None:
        with checked_video(owner=project.owner, video=video) as file:
            return _store(project, by, name, file)
    if length_s is None:
        raise RequestError(WebCode.STIMULUS_LENGTH, "A stimulus needs its length or its video.", field="length_s")
    _require_length(length_s)
    if picture is not None:
        with checked_picture(owner=project.owner, picture=picture, length_s=length_s) as file:
            return _store(project, by, name, file)
    with transaction.atomic():
        return _create(Stimulus(project=project, name=name, length_s=length_s), by)


@transaction.atomic
def update_stimulus(*, stimulus: Stimulus, by: User, position: int | None = None, **fields: Any) -> None:
    """Change the stimulus' `name`, also of its markers, or its `length_s`, unless it has a video; or its `position`.

    A position beyond the last is the last; the stimuli between make room. Raises RequestError(NAME_TAKEN |
    STIMULUS_LENGTH).
    """
    begin_change(project=stimulus.project, by=by, action=Action.STIMULI_CHANGED)
    reread(stimulus)
    if "name" in fields:
        fields["name"] = normalise_name(fields["name"])
        _require_free(stimulus.project, fields["name"], besides=stimulus)
    is_video = stimulus.medium == Stimulus.Medium.VIDEO
    if is_video and fields.get("length_s", stimulus.length_s) != stimulus.length_s:
        message = f"Stimulus “{stimulus}” is as long as its video, {stimulus.length_s:.3f} s."
        raise RequestError(WebCode.STIMULUS_LENGTH, message, field="length_s")
    for name, value in fields.items():
        setattr(stimulus, name, value)
    _require_length(stimulus.length_s)
    require_fitting(stimulus=stimulus, recordings=_recordings_with(stimulus.markers.all()))
    stimulus.save(update_fields=fields)
    stimulus.markers.update(name=stimulus.name)
    if position is not None:
        _place(stimulus, position)


@transaction.atomic
def move_stimulus(*, stimulus: Stimulus, by: User, steps: int) -> None:
    """Move the stimulus down by so many places, up if they are negative, as far as there are any."""
    begin_change(project=stimulus.project, by=by, action=Action.STIMULI_CHANGED)
    reread(stimulus)
    _place(stimulus, max(0, stimulus.position + steps))


@transaction.atomic
def delete_stimulus(*, stimulus: Stimulus, by: User) -> None:
    """Delete the stimulus with its file; its markers stay, with its name."""
    begin_change(project=stimulus.project, by=by, action=Action.STIMULI_CHANGED)
    stimulus.delete()
    _number(list(selectors.stimuli_of(stimulus.project)))


def _place(stimulus: Stimulus, position: int) -> None:
    others = [each for each in selectors.stimuli_of(stimulus.project) if each != stimulus]
    _number([*others[:position], stimulus, *others[position:]])


def _number(stimuli: list[Stimulus]) -> None:
    for position, stimulus in enumerate(stimuli):
        stimulus.position = position
    Stimulus.objects.bulk_update(stimuli, ["position"])


def _store(project: Project, by: User, name: str, file: StimulusFile) -> Stimulus:
    pk = uuid4()
    try:
        stimulus = Stimulus(
            pk=pk,
            project=project,
            name=name,
            length_s=file.length_s,
            medium=file.medium,
            file=media.save(file.path, pk, file.suffix),
            original_name=file.original_name,
            sha256=file.sha256,
            bytes=file.bytes,
        )
        with transaction.atomic():
            owner = accounts.lock_user(project.owner)
            quota.require_bytes(owner=owner, more=file.bytes - sum(each.length for each in file.uploads))
            uploads.consume(uploads=file.uploads)
            return _create(stimulus, by)
    except BaseException:
        media.delete_recording(pk)
        raise


def _create(stimulus: Stimulus, by: User) -> Stimulus:
    project = stimulus.project
    begin_change(project=project, by=by, action=Action.STIMULI_CHANGED)
    stimulus.name = normalise_name(stimulus.name)
    _require_free(project, stimulus.name)
    stimulus.position = project.stimuli.count()
    require_at_most(MAX_STIMULI, stimulus.position + 1, "stimuli", "A project")
    markers = Marker.objects.filter(recording__project=project, kind=Marker.Kind.STIMULUS, name__iexact=stimulus.name)
    require_fitting(stimulus=stimulus, recordings=_recordings_with(markers))
    stimulus.save(force_insert=True)
    markers.update(stimulus=stimulus)
    return stimulus


def _require_length(length_s: float) -> None:
    if not 0 < length_s < math.inf:
        raise RequestError(WebCode.STIMULUS_LENGTH, "A stimulus has a length above 0 s: correct it.", field="length_s")


def _recordings_with(markers: Any) -> list[Recording]:
    return list(Recording.objects.filter(markers__in=markers).distinct())


def _require_free(project: Project, name: str, besides: Stimulus | None = None) -> None:
    if any(other != besides for other in project.stimuli.filter(name__iexact=name)):
        message = f"The project has a stimulus “{name}” already. Choose another name."
        raise RequestError(WebCode.NAME_TAKEN, message, field="name")
