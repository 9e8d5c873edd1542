"""Checked files of stimuli: videos as recordings are, and that browsers play them; pictures written anew."""

from __future__ import annotations  # File is generic in the stubs only

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.core.files.base import File

from inference.errors import about_file
from inference.hashing import sha256_file
from inference.media.browser_playback import check_browser_playback
from inference.media.pictures import PNG, convert_picture
from webapp.accounts.models import User
from webapp.core.file_names import safe_name
from webapp.recordings.check_slots import check_slot
from webapp.recordings.models import MediaFile, Upload
from webapp.recordings.services import RecordingFiles, validate_upload
from webapp.storage import media
from webapp.studies.models import Stimulus

VIDEO = MediaFile.Kind.VIDEO


@dataclass(frozen=True)
class StimulusFile:
    """A checked file in a temporary directory, and how long it is shown. `uploads` are those that it came by.

    `suffix` is that of its contents, whatever it was called.
    """

    medium: Stimulus.Medium
    path: Path
    suffix: str
    original_name: str
    sha256: str
    bytes: int
    length_s: float
    uploads: tuple[Upload, ...] = ()


@contextmanager
def checked_video(*, owner: User, video: File[bytes] | UUID) -> Iterator[StimulusFile]:
    """Check a file or a finished upload.

    Raises InputError(NOT_PLAYABLE), and what `recordings.services.validate_upload` raises.
    """
    with validate_upload(owner=owner, files=RecordingFiles(video)) as validated:
        path = validated.paths[VIDEO]
        with check_slot(owner=owner), about_file("video"):
            suffix = check_browser_playback(path)
        yield StimulusFile(
            Stimulus.Medium.VIDEO,
            path,
            suffix,
            path.name,
            validated.digests[VIDEO],
            validated.sizes[VIDEO],
            validated.info.duration_s,
            validated.uploads,
        )


@contextmanager
def checked_picture(*, owner: User, picture: File[bytes], length_s: float) -> Iterator[StimulusFile]:
    """Write a picture anew. Raises RequestError(CHECKS_BUSY), and what `convert_picture` raises."""
    with media.scratch_dir() as directory, about_file("picture"):
        sent, path = directory / "sent", directory / f"picture{PNG}"
        with sent.open("wb") as copy:
            for chunk in picture.chunks():
                copy.write(chunk)
        with check_slot(owner=owner):
            convert_picture(sent, path)
        name = safe_name(picture.name or "", "picture")
        yield StimulusFile(Stimulus.Medium.PICTURE, path, PNG, name, sha256_file(path), path.stat().st_size, length_s)
