"""How unlike the voice of a segment is those that the model was fitted on."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from inference.types import Segment, Window

NOTICEABLE, STRONG = 0.1, 0.5  # voice novelty from which on a reader is warned


def with_voice_novelty(segments: Sequence[Segment], windows: Sequence[Window]) -> tuple[Segment, ...]:
    """Give each segment the mean voice novelty of the windows whose middles it has, or of the nearest window.

    `windows` are ordered by their middles. A segment stays as it is where none of these windows has a voice novelty.
    """
    middles = [(window.start_s + window.end_s) / 2 for window in windows]

    def mean(segment: Segment) -> float | None:
        first, last = bisect_left(middles, segment.start_s), bisect_left(middles, segment.end_s)
        if first == last:  # the nearest middle stands on either side of the segment
            middle = (segment.start_s + segment.end_s) / 2
            beside = [each for each in (first - 1, first) if 0 <= each < len(middles)]
            first = min(beside, key=lambda each: abs(middles[each] - middle))
            last = first + 1
        known = [one.voice_novelty for one in windows[first:last] if one.voice_novelty is not None]
        return float(np.mean(known)) if known else None

    if all(window.voice_novelty is None for window in windows):
        return tuple(segments)
    return tuple(replace(segment, voice_novelty=mean(segment)) for segment in segments)
