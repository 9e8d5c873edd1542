"""The lanes of the timeline, one under the other: what each of them shows, and where it stands."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from inference.timeline.arrays import LabelIndices
from inference.timeline.labels import label_indices
from inference.timeline.runs import Run, label_runs, share_runs
from inference.timeline.sampling import grid_times, sample_source
from inference.types import Corrections, Source, Timeline

CORRECTED = "Corrected"
TOP = 10  # pixels above the first lane, for the playhead's knob
NAME_HEIGHT = 20  # pixels for the name above a lane
GAP = 6  # pixels below a lane
AXIS_HEIGHT = 22  # pixels for the time axis


class Kind(StrEnum):
    """What a lane draws: the segments with their names, a person's, a network's labels, shares 0..1, or the chart."""

    SEGMENTS = "segments"
    CORRECTED = "corrected"
    LABELS = "labels"
    SHARES = "shares"
    CHART = "chart"


HEIGHTS = {Kind.SEGMENTS: 46, Kind.CORRECTED: 34, Kind.LABELS: 14, Kind.SHARES: 5, Kind.CHART: 74}


class Room(NamedTuple):
    """What a lane that is not there yet would take: `room` pixels in all."""

    name: str
    kind: Kind
    top: int
    height: int
    room: int


@dataclass(frozen=True)
class Lane:
    """`top` and `height` in pixels, the name not counted; `runs` leave out what was not read."""

    name: str
    kind: Kind
    top: int
    height: int
    runs: tuple[Run, ...]

    @property
    def bottom(self) -> int:
        return self.top + self.height

    @property
    def name_baseline(self) -> int:
        return self.top - 6


def lanes(timeline: Timeline, alone: Mapping[Source, LabelIndices]) -> tuple[Lane, ...]:
    """From the final emotion down to the voice; `alone` has what each source read by itself."""
    duration_s = timeline.media.duration_s
    with_eeg = Source.EEG in alone
    seen = sample_source(timeline, Source.AUDIO_VIDEO, grid_times(duration_s))
    wanted: list[tuple[str, Kind, tuple[Run, ...]]] = [("Emotion", Kind.SEGMENTS, ())]
    if timeline.corrections:
        wanted.append((CORRECTED, Kind.CORRECTED, _corrected(timeline, timeline.corrections)))
    wanted.append(("Probability of each emotion", Kind.CHART, ()))
    if Source.AUDIO_VIDEO in alone:
        name = "Audio and video alone" if with_eeg else "Audio and video, before smoothing"
        wanted.append((name, Kind.LABELS, label_runs(alone[Source.AUDIO_VIDEO], duration_s)))
    if with_eeg:
        wanted.append(("EEG alone", Kind.LABELS, label_runs(alone[Source.EEG], duration_s)))
    for name, share in (("Face seen", seen.face), ("Voice heard", seen.voice)):
        wanted.append((name, Kind.SHARES, share_runs(share, seen.covered, duration_s)))
    return tuple(stacked(wanted))


def height(stack: Sequence[Lane]) -> int:
    """Of all lanes with the time axis below them, in pixels."""
    return stack[-1].bottom + GAP + AXIS_HEIGHT


def room_to_correct() -> Room:
    """Where a person's lane stands as soon as there is one: below the first."""
    top = TOP + HEIGHTS[Kind.SEGMENTS] + GAP + NAME_HEIGHT
    tall = HEIGHTS[Kind.CORRECTED]
    return Room(CORRECTED, Kind.CORRECTED, top, tall, NAME_HEIGHT + tall + GAP)


def _corrected(timeline: Timeline, corrections: Corrections) -> tuple[Run, ...]:
    index = label_indices(timeline.labels)
    return tuple(Run(one.start_s, one.end_s, index[one.label]) for one in corrections.segments)


def stacked(
    wanted: Sequence[tuple[str, Kind, tuple[Run, ...]]], heights: Mapping[Kind, int] = HEIGHTS
) -> Iterator[Lane]:
    """Lanes with their places, of (name, kind, runs) each."""
    top = TOP
    for name, kind, found in wanted:
        if kind is not Kind.SEGMENTS:  # their names stand in them
            top += NAME_HEIGHT
        yield Lane(name, kind, top, heights[kind], found)
        top += heights[kind] + GAP
