"""The tiers of the timeline, one below the other: what each of them shows, and where it is drawn."""

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
TOP = 10  # pixels above the first tier, for the playhead's knob
NAME_HEIGHT = 20  # pixels for the name above a tier
GAP = 6  # pixels below a tier
AXIS_HEIGHT = 22  # pixels for the time axis


class TierKind(StrEnum):
    """What a tier draws.

    The segments with their names, a person's segments, one network's labels, shares 0..1, or the probabilities.
    """

    SEGMENTS = "segments"
    CORRECTED = "corrected"
    LABELS = "labels"
    SHARES = "shares"
    CHART = "chart"


HEIGHTS = {TierKind.SEGMENTS: 46, TierKind.CORRECTED: 34, TierKind.LABELS: 14, TierKind.SHARES: 5, TierKind.CHART: 74}


class TierLayout(NamedTuple):
    """Where a tier that does not exist yet will be drawn; the tiers below move down by `inserted_height` pixels."""

    name: str
    kind: TierKind
    top: int
    height: int
    inserted_height: int


@dataclass(frozen=True)
class Tier:
    """`top` and `height` in pixels, without the name above; `runs` leave out time that was not analysed."""

    name: str
    kind: TierKind
    top: int
    height: int
    runs: tuple[Run, ...]

    @property
    def bottom(self) -> int:
        """The lower edge in pixels."""
        return self.top + self.height

    @property
    def name_baseline(self) -> int:
        """The baseline of the name in pixels."""
        return self.top - 6


def build_tiers(timeline: Timeline, unimodal: Mapping[Source, LabelIndices]) -> tuple[Tier, ...]:
    """Return the tiers from the final emotion down to the voice; `unimodal` holds the labels of each source alone."""
    duration_s = timeline.media.duration_s
    with_eeg = Source.EEG in unimodal
    evidence = sample_source(timeline, Source.AUDIO_VIDEO, grid_times(duration_s))
    contents: list[tuple[str, TierKind, tuple[Run, ...]]] = [("Emotion", TierKind.SEGMENTS, ())]
    if timeline.corrections:
        contents.append((CORRECTED, TierKind.CORRECTED, _corrected_runs(timeline, timeline.corrections)))
    contents.append(("Probability of each emotion", TierKind.CHART, ()))
    if Source.AUDIO_VIDEO in unimodal:
        name = "Audio and video alone" if with_eeg else "Audio and video, before smoothing"
        contents.append((name, TierKind.LABELS, label_runs(unimodal[Source.AUDIO_VIDEO], duration_s)))
    if with_eeg:
        contents.append(("EEG alone", TierKind.LABELS, label_runs(unimodal[Source.EEG], duration_s)))
    for name, share in (("Face seen", evidence.face), ("Voice heard", evidence.voice)):
        contents.append((name, TierKind.SHARES, share_runs(share, evidence.covered, duration_s)))
    return tuple(stack_tiers(contents))


def total_height(tiers: Sequence[Tier]) -> int:
    """Return the height in pixels of all tiers and the time axis below them."""
    return tiers[-1].bottom + GAP + AXIS_HEIGHT


def corrected_tier_layout() -> TierLayout:
    """Return where the tier of corrections is inserted: below the first tier."""
    top = TOP + HEIGHTS[TierKind.SEGMENTS] + GAP + NAME_HEIGHT
    height = HEIGHTS[TierKind.CORRECTED]
    return TierLayout(CORRECTED, TierKind.CORRECTED, top, height, NAME_HEIGHT + height + GAP)


def stack_tiers(
    contents: Sequence[tuple[str, TierKind, tuple[Run, ...]]], heights: Mapping[TierKind, int] = HEIGHTS
) -> Iterator[Tier]:
    """Yield a tier for each (name, kind, runs), one below the other."""
    top = TOP
    for name, kind, tier_runs in contents:
        if kind is not TierKind.SEGMENTS:  # segments carry their names inside
            top += NAME_HEIGHT
        yield Tier(name, kind, top, heights[kind], tier_runs)
        top += heights[kind] + GAP


def _corrected_runs(timeline: Timeline, corrections: Corrections) -> tuple[Run, ...]:
    index = label_indices(timeline.labels)
    return tuple(Run(segment.start_s, segment.end_s, index[segment.label]) for segment in corrections.segments)
