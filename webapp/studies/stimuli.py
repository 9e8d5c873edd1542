"""Writes: stimuli of a project, with the video that participants see if it is stored here."""

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
from webapp.recordings.models import MediaFile, Project, Recording
from webapp.recordings.services import RecordingFiles, ValidatedUpload, validate_upload
from webapp.storage import media
from webapp.studies.changes import begin_change
from webapp.studies.limits import MAX_STIMULI, require_at_most
from webapp.studies.markers import require_fitting
from webapp.studies.models import Marker, Stimulus

VIDEO = MediaFile.Kind.VIDEO


def create_stimulus(
    *, project: Project, by: User, name: str, length_s: float | None = None, video: File[bytes] | UUID | None = None
) -> Stimulus:
    """Create a stimulus; with a video, a file or a finished upload, its length is the video's.

    Markers of this kind and name in the project's recordings are linked to it. Raises RequestError(NAME_TAKEN |
    STUDY_LIMIT | STIMULUS_LENGTH), and with a video what `recordings.services.validate_upload` raises and
    RequestError(QUOTA_BYTES | DISK_FULL | STORAGE_UNAVAILABLE).
    """
    if video is None:
        if length_s is None:
            raise RequestError(WebCode.STIMULUS_LENGTH, "A stimulus needs its length or its video.", field="length_s")
        with transaction.atomic():
            return _create(Stimulus(project=project, name=name, length_s=length_s), by)
    with validate_upload(owner=project.owner, files=RecordingFiles(video)) as validated:
        return _store(project, by, name, validated)


@transaction.atomic
def update_stimulus(*, stimulus: Stimulus, by: User, **fields: Any) -> None:
    """Change the stimulus' `name`, also of its markers, or its `length_s`, unless it has a video.

    Raises RequestError(NAME_TAKEN | STIMULUS_LENGTH).
    """
    begin_change(project=stimulus.project, by=by, action=Action.STIMULI_CHANGED)
    if "name" in fields:
        _require_free(stimulus.project, fields["name"], besides=stimulus)
    if stimulus.file and fields.get("length_s", stimulus.length_s) != stimulus.length_s:
        message = f"Stimulus “{stimulus}” is as long as its video, {stimulus.length_s:.3f} s."
        raise RequestError(WebCode.STIMULUS_LENGTH, message, field="length_s")
    for name, value in fields.items():
        setattr(stimulus, name, value)
    _require_length(stimulus)
    require_fitting(stimulus=stimulus, recordings=_recordings_with(stimulus.markers.all()))
    stimulus.save(update_fields=fields)
    stimulus.markers.update(name=stimulus.name)


@transaction.atomic
def delete_stimulus(*, stimulus: Stimulus, by: User) -> None:
    """Delete the stimulus with its video; its markers stay, with its name."""
    begin_change(project=stimulus.project, by=by, action=Action.STIMULI_CHANGED)
    stimulus.delete()


def _store(project: Project, by: User, name: str, validated: ValidatedUpload) -> Stimulus:
    pk, path = uuid4(), validated.paths[VIDEO]
    try:
        key = media.save(path, pk, path.suffix)
        stimulus = Stimulus(
            pk=pk,
            project=project,
            name=name,
            length_s=validated.info.duration_s,
            file=key,
            original_name=path.name,
            sha256=validated.digests[VIDEO],
            bytes=validated.sizes[VIDEO],
        )
        with transaction.atomic():
            owner = accounts.lock_user(project.owner)
            quota.require_bytes(owner=owner, more=stimulus.bytes - sum(each.length for each in validated.uploads))
            uploads.consume(uploads=validated.uploads)
            return _create(stimulus, by)
    except BaseException:
        media.delete_recording(pk)
        raise


def _create(stimulus: Stimulus, by: User) -> Stimulus:
    project = stimulus.project
    begin_change(project=project, by=by, action=Action.STIMULI_CHANGED)
    _require_free(project, stimulus.name)
    require_at_most(MAX_STIMULI, project.stimuli.count() + 1, "stimuli", "A project")
    _require_length(stimulus)
    markers = Marker.objects.filter(recording__project=project, kind=Marker.Kind.STIMULUS, name__iexact=stimulus.name)
    require_fitting(stimulus=stimulus, recordings=_recordings_with(markers))
    stimulus.save(force_insert=True)
    markers.update(stimulus=stimulus)
    return stimulus


def _require_length(stimulus: Stimulus) -> None:
    if not 0 < stimulus.length_s < math.inf:
        raise RequestError(WebCode.STIMULUS_LENGTH, "A stimulus has a length above 0 s: correct it.", field="length_s")


def _recordings_with(markers: Any) -> list[Recording]:
    return list(Recording.objects.filter(markers__in=markers).distinct())


def _require_free(project: Project, name: str, besides: Stimulus | None = None) -> None:
    if any(other != besides for other in project.stimuli.filter(name__iexact=name)):
        message = f"The project has a stimulus “{name}” already. Choose another name."
        raise RequestError(WebCode.NAME_TAKEN, message, field="name")
