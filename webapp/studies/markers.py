"""Writes: markers on recordings. Each call stores all that it is given, or nothing."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from uuid import UUID

from django.db import transaction

from webapp.accounts.models import User
from webapp.audit.models import Action
from webapp.core.errors import RequestError, WebCode
from webapp.recordings.models import Recording
from webapp.studies import selectors
from webapp.studies.changes import begin_recording_change, reread
from webapp.studies.limits import MAX_MARKERS, require_at_most
from webapp.studies.models import Marker, Stimulus
from webapp.studies.names import normalise_name

Kind = Marker.Kind
PERSON, TEMPLATE, COLLECTED = "person", "template", "collected"
DECIMALS, TOLERANCE_S = 3, 0.001  # times are in milliseconds


@dataclass(frozen=True)
class NewMarker:
    """A marker that is to be. Without a kind it is a stimulus where the project has one of its name, else an event."""

    start_s: float
    end_s: float
    kind: Marker.Kind | None = None
    name: str = ""


@transaction.atomic
def create_markers(*, by: User, source: str, markers: Mapping[Recording, Sequence[NewMarker]]) -> list[Marker]:
    """Add markers to recordings of one owner; returns the new ones.

    What a file or a template holds is left out where the recording has the same already, so that both can be applied
    again. A marker of a stimulus is linked to the project's stimulus of its name, ignoring case. Raises RequestError(
    MARKER_RANGE | MARKER_OVERLAP | STIMULUS_LENGTH | STUDY_LIMIT), which names the recording and the marker.
    """
    stimuli = _begin(by, list(markers))
    present: dict[UUID, list[Marker]] = {}
    for row in Marker.objects.filter(recording__in=markers):
        present.setdefault(row.recording_id, []).append(row)
    rows = []
    for recording, added in markers.items():
        new = [_build(recording, stimuli, source, marker, number) for number, marker in enumerate(added, 1)]
        there = present.get(recording.pk, [])
        if source != PERSON:
            same = {_described(row) for row in there}
            new = [row for row in new if _described(row) not in same]
        _check_together(recording, [*there, *new])
        rows += new
    return Marker.objects.bulk_create(rows, batch_size=1000)


@transaction.atomic
def replace_markers(*, recording: Recording, by: User, markers: Sequence[NewMarker]) -> list[Marker]:
    """Make these the recording's markers; those that are there already stay. Raises what `create_markers` raises."""
    stimuli = _begin(by, [recording])
    present: dict[NewMarker, list[Marker]] = {}
    for row in recording.markers.all():
        present.setdefault(_described(row), []).append(row)
    kept: list[Marker] = []
    new: list[Marker] = []
    for number, marker in enumerate(markers, 1):
        built = _build(recording, stimuli, PERSON, marker, number)
        same = present.get(_described(built))
        (kept if same else new).append(same.pop() if same else built)
    _check_together(recording, kept + new)
    recording.markers.exclude(pk__in=[marker.pk for marker in kept]).delete()
    Marker.objects.bulk_create(new)
    return list(selectors.markers_on(recording))


@transaction.atomic
def update_marker(*, marker: Marker, by: User, **fields: float | str) -> None:
    """Change the marker's `start_s`, `end_s`, `kind` or `name`. Raises what `create_markers` raises."""
    recording = marker.recording
    stimuli = _begin(by, [recording])
    reread(marker)
    changed = _build(recording, stimuli, marker.source, replace(_described(marker), **fields), number=None)  # type: ignore[arg-type]
    changed.pk = marker.pk
    _check_together(recording, [*recording.markers.exclude(pk=marker.pk), changed])
    changed.save(force_update=True)
    marker.refresh_from_db()


@transaction.atomic
def delete_marker(*, marker: Marker, by: User) -> None:
    """Delete the marker."""
    _begin(by, [marker.recording])
    marker.delete()


def apply_template(
    *, recordings: Sequence[Recording], by: User, template: Sequence[NewMarker], anchor: str = ""
) -> list[Marker]:
    """Add the template's markers to each recording.

    Their times count from the start of the recording's marker that is called `anchor`, without one from the start of
    the recording. Raises RequestError(MARKER_ANCHOR) where a recording has not exactly one such marker, and what
    `create_markers` raises.
    """
    with transaction.atomic():
        zeros = _anchors(recordings, anchor) if anchor else dict.fromkeys(recordings, 0.0)
        markers = {
            recording: [replace(each, start_s=zero_s + each.start_s, end_s=zero_s + each.end_s) for each in template]
            for recording, zero_s in zeros.items()
        }
        return create_markers(by=by, source=TEMPLATE, markers=markers)


def copy_markers(*, recording: Recording, to: Sequence[Recording], by: User) -> list[Marker]:
    """Add the markers of a recording to others. Raises what `create_markers` raises."""
    markers = [_described(marker) for marker in selectors.markers_on(recording)]
    return create_markers(by=by, source=TEMPLATE, markers=dict.fromkeys(to, markers))


def require_fitting(*, stimulus: Stimulus, recordings: Sequence[Recording]) -> None:
    """Raises RequestError(STIMULUS_LENGTH) if the stimulus is longer than one of the recordings that have it."""
    for recording in recordings:
        if stimulus.length_s > recording.duration_s + TOLERANCE_S:
            raise RequestError(
                WebCode.STIMULUS_LENGTH,
                f"Stimulus “{stimulus}” has {stimulus.length_s:.3f} s and recording “{recording}” only "
                f"{recording.duration_s:.3f} s: correct its length, or name the marker otherwise.",
            )


def _begin(by: User, recordings: Sequence[Recording]) -> dict[tuple[UUID | None, str], Stimulus]:
    """Begin a change; returns the stimuli by project and name."""
    projects = begin_recording_change(recordings=recordings, by=by, action=Action.MARKERS_CHANGED)
    stimuli = Stimulus.objects.filter(project__in=projects)
    return {(stimulus.project_id, stimulus.name.lower()): stimulus for stimulus in stimuli}


def _build(
    recording: Recording,
    stimuli: Mapping[tuple[UUID | None, str], Stimulus],
    source: str,
    marker: NewMarker,
    number: int | None,
) -> Marker:
    """The row of a marker that fits into the recording. Raises RequestError(MARKER_RANGE | STIMULUS_LENGTH)."""
    marker = replace(marker, name=normalise_name(marker.name))
    stimulus = stimuli.get((recording.project_id, marker.name.lower())) if marker.name else None
    kind = marker.kind or (Kind.STIMULUS if stimulus else Kind.EVENT)
    start_s, end_s = round(marker.start_s, DECIMALS), round(marker.end_s, DECIMALS)
    row = Marker(recording=recording, start_s=start_s, end_s=end_s, kind=kind, name=marker.name, source=source)
    which = f"Marker {number}" if number else "The marker"
    which += f" “{marker.name}”" if marker.name else ""
    where = f"of “{recording}”"
    if not (math.isfinite(start_s) and math.isfinite(end_s)):
        raise RequestError(WebCode.MARKER_RANGE, f"{which} {where} has a time that is no number: correct it.")
    span = f"{start_s:.3f} to {end_s:.3f} s"
    if start_s < 0 or end_s > recording.duration_s + TOLERANCE_S:
        raise RequestError(
            WebCode.MARKER_RANGE,
            f"{which} {where}, {span}, is outside of the recording, which has {recording.duration_s:.3f} s.",
        )
    if end_s < start_s:
        raise RequestError(WebCode.MARKER_RANGE, f"{which} {where}, {span}, ends before it begins: correct it.")
    if end_s == start_s and kind != Kind.EVENT:
        raise RequestError(
            WebCode.MARKER_RANGE, f"{which} {where}, {span}, has no length, which only an event may be without."
        )
    if kind == Kind.STIMULUS and stimulus:
        require_fitting(stimulus=stimulus, recordings=[recording])
        row.stimulus = stimulus
    return row


def _check_together(recording: Recording, markers: Sequence[Marker]) -> None:
    """Raises RequestError(STUDY_LIMIT | MARKER_OVERLAP)."""
    require_at_most(MAX_MARKERS, len(markers), "markers", f"Recording “{recording}”")
    excluded = sorted((marker.start_s, marker.end_s) for marker in markers if marker.kind == Kind.EXCLUDE)
    for (start_s, end_s), (next_start_s, next_end_s) in pairwise(excluded):
        if next_start_s < end_s:
            raise RequestError(
                WebCode.MARKER_OVERLAP,
                f"In “{recording}”, {start_s:.3f} to {end_s:.3f} s and {next_start_s:.3f} to {next_end_s:.3f} s are "
                "both excluded and overlap: make them one.",
            )


def _described(marker: Marker) -> NewMarker:
    return NewMarker(marker.start_s, marker.end_s, Kind(marker.kind), marker.name)


def _anchors(recordings: Sequence[Recording], name: str) -> dict[Recording, float]:
    """The start of the marker of this name on each recording. Raises RequestError(MARKER_ANCHOR)."""
    starts: dict[UUID, list[float]] = {}
    found = Marker.objects.filter(recording__in=recordings, name__iexact=normalise_name(name))
    for pk, start_s in found.values_list("recording", "start_s"):
        starts.setdefault(pk, []).append(start_s)
    for recording in recordings:
        count = len(starts.get(recording.pk, []))
        if count != 1:
            raise RequestError(
                WebCode.MARKER_ANCHOR,
                f"“{recording}” has {count or 'no'} markers called “{name}”, and the template counts from one.",
                field="anchor",
            )
    return {recording: starts[recording.pk][0] for recording in recordings}
