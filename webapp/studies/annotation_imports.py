"""Writes: markers and transcripts from files of other tools. A file is stored as a whole or not at all."""

from __future__ import annotations  # File is generic in the stubs only

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath

from django.core.files.base import File

from inference.annotations.reader import (
    MARKER_FORMATS,
    SUFFIXES,
    TRANSCRIPT_FORMATS,
    AnnotationFormat,
    read_annotations,
)
from inference.annotations.types import Annotation
from inference.errors import Code, InputError
from webapp.accounts.models import User
from webapp.core.errors import RequestError, WebCode
from webapp.recordings.check_slots import check_slot
from webapp.recordings.models import Project, Recording
from webapp.storage import media
from webapp.studies import selectors
from webapp.studies.markers import NewMarker, create_markers
from webapp.studies.models import NAME_MAX_LENGTH, TEXT_MAX_LENGTH, TITLE_MAX_LENGTH, Marker, TranscriptLine
from webapp.studies.recording_names import RecordingNames
from webapp.studies.transcripts import NewLine, replace_transcript


@dataclass(frozen=True)
class MarkerImport:
    """The markers that a file has added, and how many of it were there already."""

    added: list[Marker]
    present: int


def import_markers(
    *,
    target: Recording | Project,
    by: User,
    file: File[bytes],
    name: AnnotationFormat | None = None,
    zero_stream: str = "",
    zero_s: float | None = None,
) -> MarkerImport:
    """Add the markers of a file to a recording, or to those recordings of a project that its rows name.

    Without a format, the file's extension says it; the last two are of XDF (`read_annotations`). Raises
    InputError(IMPORT_FORMAT | IMPORT_UNREADABLE | TOO_LARGE | TOO_COSTLY), RequestError(IMPORT_RECORDING |
    CHECKS_BUSY), and what `create_markers` raises.
    """
    name = _format(file, name, MARKER_FORMATS)
    with _stored(file) as path, check_slot(owner=by):
        annotations = read_annotations(path, name, zero_stream=zero_stream, zero_s=zero_s)
    markers: dict[Recording, list[NewMarker]] = {}
    recordings = [target] if isinstance(target, Recording) else selectors.recordings_of(target).select_related("owner")
    names = RecordingNames(list(recordings))
    for annotation in annotations:
        markers.setdefault(_named(annotation, target, names), []).append(_new_marker(annotation))
    added = create_markers(by=by, source=f"import:{name}", markers=markers)
    return MarkerImport(added, present=len(annotations) - len(added))


def import_transcript(
    *, recording: Recording, by: User, file: File[bytes], name: AnnotationFormat | None = None
) -> list[TranscriptLine]:
    """Replace the recording's transcript by that of a file, whose tiers or voices are the speakers.

    Raises InputError(IMPORT_FORMAT | IMPORT_UNREADABLE | TOO_LARGE | TOO_COSTLY), RequestError(CHECKS_BUSY), and what
    `replace_transcript` raises.
    """
    name = _format(file, name, TRANSCRIPT_FORMATS)
    with _stored(file) as path, check_slot(owner=by):
        annotations = read_annotations(path, name)
    lines = [_new_line(each) for each in annotations]
    return replace_transcript(recording=recording, by=by, lines=lines)


def _named(annotation: Annotation, target: Recording | Project, names: RecordingNames) -> Recording:
    """The recording that a row names; one that names none is of the target. Raises RequestError(IMPORT_RECORDING)."""
    named = annotation.recording
    if not named and isinstance(target, Recording):
        return target
    found = names.find(named) if named else []
    if len(found) == 1:
        return found[0]
    what = f"“{named}” is {len(found) or 'none'} of the recordings here" if named else "it names no recording"
    raise RequestError(
        WebCode.IMPORT_RECORDING, f"{_place(annotation)}: {what}: name one by its title, id or file.", field="file"
    )


def _new_marker(annotation: Annotation) -> NewMarker:
    """A marker whose kind the file states, or the name of its tier."""
    stated, tier = annotation.kind.casefold(), annotation.tier.casefold()
    if stated and stated not in Marker.Kind.values:
        raise InputError(
            Code.IMPORT_UNREADABLE,
            f"{_place(annotation)}: “{annotation.kind}” is none of the kinds {', '.join(Marker.Kind.values)}.",
        )
    kind = stated or (tier if tier in Marker.Kind.values else "")
    _require_short(annotation, "name", annotation.text, TITLE_MAX_LENGTH)
    return NewMarker(annotation.start_s, annotation.end_s, Marker.Kind(kind) if kind else None, annotation.text)


def _new_line(annotation: Annotation) -> NewLine:
    _require_short(annotation, "text", annotation.text, TEXT_MAX_LENGTH)
    _require_short(annotation, "speaker", annotation.tier, NAME_MAX_LENGTH)
    return NewLine(annotation.start_s, annotation.end_s, annotation.text, annotation.tier)


def _require_short(annotation: Annotation, part: str, text: str, longest: int) -> None:
    if len(text) > longest:
        raise InputError(
            Code.IMPORT_UNREADABLE,
            f"{_place(annotation)}: the {part} “{text[:30]}…” has {len(text):,} characters, and {longest:,} are "
            "allowed: shorten it.",
        )


def _place(annotation: Annotation) -> str:
    return f"{annotation.place[:1].upper()}{annotation.place[1:]}"


def _format(file: File[bytes], name: AnnotationFormat | None, allowed: Sequence[AnnotationFormat]) -> AnnotationFormat:
    found = name or SUFFIXES.get(PurePath(file.name or "").suffix.lower())
    if found is None or found not in allowed:
        formats = ", ".join(allowed)
        raise InputError(Code.IMPORT_FORMAT, f"The file is none of {formats}: send one of these, or say which it is.")
    return found


@contextmanager
def _stored(file: File[bytes]) -> Iterator[Path]:
    """The file as a temporary one."""
    with media.scratch_dir() as directory:
        path = directory / "annotations"
        with path.open("wb") as copy:
            for chunk in file.chunks():
                copy.write(chunk)
        yield path
