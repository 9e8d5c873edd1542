"""Predictions relative to a span in which the person is neutral.

Some faces look sad at rest, and some voices sound angry. The log-odds of each label, less their mean in the neutral
span, tell how far an expression differs from the person's own rest: in the span itself no label stands out.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy.special import expit, logit

from inference.errors import Code, InputError
from inference.timeline.arrays import Floats
from inference.timeline.evidence import is_sufficient
from inference.types import TIME_DECIMALS, UNDETERMINED, Baseline, Segment, Source, Timeline, Window

_MIN_PROBABILITY = 1e-6  # its log-odds stand for those of 0


def with_baseline(timeline: Timeline, start_s: float, end_s: float) -> Timeline:
    """Return the timeline with the baseline of a neutral span in seconds.

    Raises InputError(BASELINE_RANGE | BASELINE_SHORT | BASELINE_UNDETERMINED) where the span is outside the recording,
    shorter than a window, or undetermined throughout.
    """
    start_s, end_s = round(start_s, TIME_DECIMALS), round(end_s, TIME_DECIMALS)
    duration_s = round(timeline.media.duration_s, TIME_DECIMALS)
    if not 0 <= start_s < end_s <= duration_s:  # false for NaN too
        raise InputError(
            Code.BASELINE_RANGE,
            f"The span is from {start_s} to {end_s} s. It has to begin before it ends, within 0 to {duration_s} s.",
        )
    windows = [window for window in timeline.windows if window.source is Source.AUDIO_VIDEO]
    shortest_s = round(min((window.end_s - window.start_s for window in windows), default=0.0), TIME_DECIMALS)
    if round(end_s - start_s, TIME_DECIMALS) < shortest_s:
        raise InputError(
            Code.BASELINE_SHORT,
            f"The span lasts {end_s - start_s:.3f} s. Mark one of {shortest_s} s or more, the length of a window.",
        )
    log_odds: dict[str, dict[str, float]] = {
        source: mean
        for source in (Source.AUDIO_VIDEO, Source.EEG, Source.FUSION)
        if (mean := _mean_log_odds(timeline, source, start_s, end_s)) is not None
    }
    if not {Source.AUDIO_VIDEO, Source.FUSION} & set(log_odds):
        raise InputError(
            Code.BASELINE_UNDETERMINED,
            f"Nothing is determined from {start_s} to {end_s} s. Mark a span in which the face is seen or the voice is "
            "heard.",
        )
    return replace(timeline, baseline=Baseline(start_s, end_s, log_odds))


def relative_probabilities(probabilities: Mapping[str, float], log_odds: Mapping[str, float]) -> dict[str, float]:
    """Subtract the baseline's log-odds from those of {label: probability}; the result adds up to 1."""
    baseline = np.array([log_odds[label] for label in probabilities])
    relative = subtract_log_odds(np.array([[*probabilities.values()]]), baseline)[0]
    return dict(zip(probabilities, relative.tolist(), strict=True))


def subtract_log_odds(probabilities: Floats, log_odds: Floats) -> Floats:
    """Subtract the baseline's log-odds (labels,) from those of probabilities (N, labels); each row adds up to 1."""
    shares = expit(_log_odds(probabilities) - log_odds)
    relative: Floats = shares / shares.sum(axis=1, keepdims=True)
    return relative


def relative_segment(segment: Segment, baseline: Baseline) -> Segment | None:
    """Return the segment as its probabilities relative to the baseline have it.

    Returns None where it is undetermined, or nothing of its kind, with or without EEG, is determined in the span.
    """
    source = Source.FUSION if segment.evidence.eeg else Source.AUDIO_VIDEO
    if segment.label == UNDETERMINED or source not in baseline.log_odds:
        return None
    relative = relative_probabilities(segment.probabilities, baseline.log_odds[source])
    label = max(relative, key=lambda each: relative[each])
    return replace(segment, label=label, confidence=relative[label], probabilities=relative)


def relative_timeline(timeline: Timeline) -> Timeline:
    """Return the timeline with windows and segments relative to its baseline; what has no relative stays as it is."""
    baseline = timeline.baseline
    assert baseline is not None
    return replace(
        timeline,
        windows=tuple(_relative_window(window, timeline.labels, baseline) for window in timeline.windows),
        segments=tuple(relative_segment(segment, baseline) or segment for segment in timeline.segments),
    )


def _relative_window(window: Window, labels: Sequence[str], baseline: Baseline) -> Window:
    log_odds = baseline.log_odds.get(window.source)
    if log_odds is None:
        return window
    relative = relative_probabilities(dict(zip(labels, window.probabilities, strict=True)), log_odds)
    return replace(window, probabilities=tuple(relative.values()))


def _mean_log_odds(timeline: Timeline, source: Source, start_s: float, end_s: float) -> dict[str, float] | None:
    found = span_log_odds(timeline, source, start_s, end_s)
    return dict(zip(timeline.labels, found.mean(axis=0).tolist(), strict=True)) if len(found) else None


def span_log_odds(timeline: Timeline, source: Source, start_s: float, end_s: float) -> Floats:
    """Return the log-odds of each determined window of the source in the span, (N, labels).

    They are the windows whose middles are in the span, or those over it where there is none.
    """
    windows = [window for window in timeline.windows if window.source is source]
    within = [window for window in windows if start_s <= (window.start_s + window.end_s) / 2 <= end_s]
    over = within or [window for window in windows if window.start_s < end_s and start_s < window.end_s]
    chosen = [window.probabilities for window in over if _is_determined(timeline, window)]
    return _log_odds(np.array(chosen).reshape(len(chosen), len(timeline.labels)))


def _is_determined(timeline: Timeline, window: Window) -> bool:
    """Return whether the window has a face or a voice, and its middle a label; EEG needs neither."""
    if window.source is not Source.AUDIO_VIDEO:
        return True
    middle = (window.start_s + window.end_s) / 2
    over = bisect_right(timeline.segments, middle, key=lambda segment: segment.start_s) - 1
    sufficient = is_sufficient(np.array([window.face]), np.array([window.voice]))
    return bool(sufficient.all()) and timeline.segments[over].label != UNDETERMINED


def _log_odds(probabilities: Floats) -> Floats:
    found: Floats = logit(np.clip(probabilities, _MIN_PROBABILITY, 1 - _MIN_PROBABILITY))
    return found
