"""What a reader, the machine or a person, says at each moment of a recording, without smoothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from inference.timeline.arrays import Floats, LabelIndices, Mask
from inference.timeline.baseline import subtract_log_odds
from inference.timeline.evidence import MIN_FACE, MIN_VOICE, is_sufficient
from inference.timeline.sampling import CELL_S, average_windows, grid_times, labels_at, source_windows
from inference.types import Modality, Source, Timeline, Window

_ABSENT = -1  # the label index where a modality says nothing


@dataclass(frozen=True)
class Readings:
    """Probabilities of `labels` at the moments `times` (T,) in seconds.

    `probabilities` is (T, labels), zero where `determined` (T,) is false. `face_labels` and `voice_labels` (T,) are the
    most probable labels given the face and the voice alone, -1 where it is absent or was not recorded. `hop_s` is the
    distance between the starts of two windows.
    """

    labels: tuple[str, ...]
    hop_s: float
    times: Floats
    probabilities: Floats
    determined: Mask
    face_labels: LabelIndices
    voice_labels: LabelIndices


def machine_readings(timeline: Timeline, times: Floats | None = None) -> Readings:
    """Return what the models say at `times`, or in each cell of the timeline's grid.

    The windows with enough of a face or a voice are averaged as on the timeline; where EEG was scored, its fusion
    with face and voice replaces them. Moments of UNDETERMINED segments, and those that no such window covers, are
    undetermined.
    """
    at = grid_times(timeline.media.duration_s) if times is None else times
    probabilities, determined = _average(timeline, at, None)
    return Readings(
        labels=timeline.labels,
        hop_s=hop_s(timeline),
        times=at,
        probabilities=probabilities,
        determined=determined,
        face_labels=_unimodal_labels(timeline, Modality.FACE, at),
        voice_labels=_unimodal_labels(timeline, Modality.VOICE, at),
    )


def relative_readings(timeline: Timeline, readings: Readings, log_odds: Mapping[Source, Floats]) -> Readings:
    """Return the machine's readings relative to a baseline, the log-odds (labels,) of each source.

    Where the source of a moment has no baseline, it is undetermined. Face and voice alone stay as they are.
    """
    probabilities, determined = _average(timeline, readings.times, log_odds)
    return replace(readings, probabilities=probabilities, determined=determined)


def person_readings(timeline: Timeline, times: Floats | None = None) -> Readings:
    """Return what the person who corrected the timeline says: 1 for the label of the corrected segment.

    The timeline has corrections. Of face and voice alone a person says nothing.
    """
    assert timeline.corrections is not None
    at = grid_times(timeline.media.duration_s) if times is None else times
    width = len(timeline.labels)
    labels = labels_at(timeline.corrections.segments, timeline.labels, at)
    absent = np.full(len(at), _ABSENT, dtype=np.int64)
    return Readings(
        labels=timeline.labels,
        hop_s=hop_s(timeline),
        times=at,
        probabilities=np.eye(width + 1)[labels, :width],
        determined=labels < width,
        face_labels=absent,
        voice_labels=absent,
    )


def hop_s(timeline: Timeline) -> float:
    """Return the distance between the starts of two audio-visual windows; a cell's length where there is one."""
    starts = [window.start_s for window in source_windows(timeline, Source.AUDIO_VIDEO)]
    return float(np.median(np.diff(starts))) if len(starts) > 1 else CELL_S


def _average(timeline: Timeline, times: Floats, log_odds: Mapping[Source, Floats] | None) -> tuple[Floats, Mask]:
    """Return probabilities (T, labels), relative to `log_odds` if any, and where they are determined (T,)."""
    width = len(timeline.labels)
    probabilities, covered = np.zeros((len(times), width)), np.zeros(len(times), dtype=bool)
    for source in (Source.AUDIO_VIDEO, Source.FUSION):
        windows = source_windows(timeline, source)
        values = np.array([window.probabilities for window in windows]).reshape(len(windows), width)
        if log_odds is not None:
            baseline = log_odds.get(source)
            values = np.full_like(values, np.nan) if baseline is None else subtract_log_odds(values, baseline)
        if source is Source.AUDIO_VIDEO:
            values[~_has_evidence(windows)] = np.nan
        means, over = average_windows(windows, values, times)
        probabilities[over], covered[over] = means[over], True
    determined = covered & (labels_at(timeline.segments, timeline.labels, times) < width)
    probabilities[~determined] = 0
    return probabilities, determined


def _has_evidence(windows: Sequence[Window]) -> Mask:
    return is_sufficient(np.array([window.face for window in windows]), np.array([window.voice for window in windows]))


def _unimodal_labels(timeline: Timeline, modality: Modality, times: Floats) -> LabelIndices:
    """Return the most probable label given one modality alone at each time, (T,)."""
    windows = source_windows(timeline, Source.AUDIO_VIDEO)
    if not any(window.unimodal for window in windows):
        return np.full(len(times), _ABSENT, dtype=np.int64)
    unknown = (np.nan,) * len(timeline.labels)
    given = [(window.unimodal or {}).get(modality, unknown) for window in windows]
    means, covered = average_windows(windows, np.array(given).reshape(len(windows), len(timeline.labels)), times)
    shares = [[window.face if modality is Modality.FACE else window.voice] for window in windows]
    present, _ = average_windows(windows, np.array(shares).reshape(len(windows), 1), times)
    enough = present[:, 0] >= (MIN_FACE if modality is Modality.FACE else MIN_VOICE)
    labels: LabelIndices = np.where(covered & enough, means.argmax(axis=1), _ABSENT)
    return labels
