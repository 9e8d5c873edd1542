"""What a timeline's windows say at single moments, and the curve of probabilities that is drawn from that."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.types import UNDETERMINED, Source, Timeline

# Seconds between two marks of a time axis; those below a second are for an axis that is zoomed in.
TICK_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Readings:
    """At each of N moments; zero where `covered` is not.

    `probabilities` is (N, labels), `face`, `voice` (shares 0..1) and `covered` are (N,).
    """

    probabilities: Floats
    face: Floats
    voice: Floats
    covered: NDArray[np.bool_]


def readings(timeline: Timeline, source: Source, moments: Floats) -> Readings:
    """The source's windows over each moment (seconds), weighted by how near their middles are.

    Windows of one source are equally long, so that those over a moment stand side by side.
    """
    windows = sorted((window for window in timeline.windows if window.source is source), key=lambda one: one.start_s)
    width = len(timeline.labels)
    starts = np.array([window.start_s for window in windows])
    ends = np.array([window.end_s for window in windows])
    values = np.array([(*window.probabilities, window.face, window.voice) for window in windows])
    first = np.searchsorted(ends, moments, side="right")
    last = np.searchsorted(starts, moments, side="right")
    sums, total = np.zeros((len(moments), width + 2)), np.zeros(len(moments))
    for step in range(int((last - first).max(initial=0))):
        at = np.flatnonzero(first + step < last)
        over = first[at] + step
        distance = np.abs(moments[at] - (starts[over] + ends[over]) / 2) / (ends[over] - starts[over])
        weights = np.maximum(0.5 - distance, 1e-6)
        sums[at] += weights[:, None] * values[over]
        total[at] += weights
    covered = total > 0
    sums[covered] /= total[covered, None]
    return Readings(sums[:, :width], sums[:, width], sums[:, width + 1], covered)


def columns(timeline: Timeline, count: int) -> Floats:
    """Probabilities at `count` moments, evenly spread: (count, labels); zero where nothing was read.

    They are those of the windows that decided: the fusion network's, and those of audio and video where it has none.
    Where no window is, as just before the end, the segment's own stand.
    """
    moments = (np.arange(count) + 0.5) * timeline.media.duration_s / count
    shares = np.zeros((count, len(timeline.labels)))
    over = [slice(*np.searchsorted(moments, (one.start_s, one.end_s))) for one in timeline.segments]
    for segment, at in zip(timeline.segments, over, strict=True):
        shares[at] = [segment.probabilities[label] for label in timeline.labels]
    for source in (Source.AUDIO_VIDEO, Source.FUSION):
        found = readings(timeline, source, moments)
        shares[found.covered] = found.probabilities[found.covered]
    for segment, at in zip(timeline.segments, over, strict=True):
        if segment.label == UNDETERMINED:
            shares[at] = 0
    return shares


def ticks(duration_s: float, most: int) -> list[float]:
    """Round times to write under a recording, the start included, no more than about `most`."""
    step = next((step for step in TICK_STEPS_S if step >= 1 and duration_s / step <= most), TICK_STEPS_S[-1])
    return [float(seconds) for seconds in np.arange(0, int(duration_s) + 1, step)]
