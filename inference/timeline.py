"""Windows to segments: overlapping readings become one timeline without gap or overlap."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from inference.types import UNDETERMINED, Evidence, Segment, Timeline, Window

MIN_FACE = 0.1  # share of samples with a face below which a face says nothing
MIN_VOICE = 0.05  # share of sound that is speech-like below which a voice says nothing
SWITCH_COST = 2.0  # nats that a change of label has to gain; more than one odd window can
DECIMALS = 3

Array = NDArray[np.float64]


def segments(
    windows: Sequence[Window], labels: Sequence[str], duration_s: float, hop_s: float
) -> tuple[Segment, ...]:
    """Cut a recording into segments, one label each.

    Time is divided into cells of about `hop_s`. A cell's probabilities are the mean of the
    windows over it, weighted by how near their middles are; its label comes from the path of
    labels that is the most probable when each change costs SWITCH_COST (Viterbi). Cells with
    neither face nor voice are UNDETERMINED.
    """
    count = max(1, round(duration_s / hop_s))
    edges = np.append(np.arange(count) * hop_s, duration_s)
    weights = _weights(windows, (edges[:-1] + edges[1:]) / 2)
    evidence = weights @ np.array([(window.face, window.voice) for window in windows])
    blind = (evidence[:, 0] < MIN_FACE) & (evidence[:, 1] < MIN_VOICE)
    seeing = np.array([window.face >= MIN_FACE or window.voice >= MIN_VOICE for window in windows], dtype=float)
    weights = weights * seeing
    total = weights.sum(axis=1, keepdims=True)
    blind |= total[:, 0] == 0
    probabilities = weights @ np.array([window.probabilities for window in windows]) / np.where(total > 0, total, 1)
    path = np.full(count, -1)
    for first, last in _runs(blind):
        if not blind[first]:
            path[first:last] = _smoothest_path(probabilities[first:last])
    return tuple(
        _segment(edges[first], edges[last], int(path[first]), labels, probabilities[first:last], evidence[first:last])
        for first, last in _runs(path)
    )


def trial_segments(
    trials: Sequence[Window],
    audio_video: Sequence[Window],
    labels: Sequence[str],
    duration_s: float,
    hop_s: float,
) -> tuple[Segment, ...]:
    """One segment a fused trial; what follows the last trial is read from `audio_video` alone.

    A last trial that was aligned to the end begins where the one before it ends.
    """
    cut: list[Segment] = []
    reached = 0.0
    for trial in trials:
        best = int(np.argmax(trial.probabilities))
        end = min(trial.end_s, duration_s)
        cut.append(
            Segment(
                start_s=round(reached, DECIMALS),
                end_s=round(end, DECIMALS),
                label=labels[best],
                confidence=trial.probabilities[best],
                probabilities=dict(zip(labels, trial.probabilities, strict=True)),
                evidence=Evidence(face=trial.face, voice=trial.voice, eeg=1.0),
            )
        )
        reached = end
    if duration_s - reached < hop_s:
        cut[-1] = replace(cut[-1], end_s=round(duration_s, DECIMALS))
        return tuple(cut)
    rest = segments(audio_video, labels, duration_s, hop_s)
    tail = [replace(one, start_s=max(one.start_s, round(reached, DECIMALS))) for one in rest if one.end_s > reached]
    return (*cut, *(one for one in tail if one.end_s > one.start_s))


def summary(timeline: Timeline) -> dict[str, object]:
    """The label with the largest share of the time and each label's `share`, 0..1."""
    share = dict.fromkeys((*timeline.labels, UNDETERMINED), 0.0)
    total = sum(segment.end_s - segment.start_s for segment in timeline.segments)
    for segment in timeline.segments:
        share[segment.label] += (segment.end_s - segment.start_s) / total
    return {
        "label": max(share, key=lambda label: share[label]),
        "share": {label: round(part, DECIMALS) for label, part in share.items()},
    }


def _weights(windows: Sequence[Window], times: Array) -> Array:
    """How much each window (columns) counts at each time (rows); rows sum to 1."""
    middles = np.array([(window.start_s + window.end_s) / 2 for window in windows])
    halves = np.array([(window.end_s - window.start_s) / 2 for window in windows])
    distance = np.abs(times[:, None] - middles[None, :])
    weights = np.clip(1 - distance / halves, 0, None)
    # Times that no window covers, at the very edges, belong to the nearest one.
    uncovered = weights.sum(axis=1) == 0
    weights[uncovered, distance[uncovered].argmin(axis=1)] = 1.0
    return weights / weights.sum(axis=1, keepdims=True)


def _smoothest_path(probabilities: Array) -> NDArray[np.int64]:
    """Viterbi's path over (cells, labels) where staying is free and every change costs the same."""
    gains = np.log(np.clip(probabilities, 1e-6, None))
    score, back = gains[0], np.zeros(gains.shape, dtype=np.int64)
    for cell in range(1, len(gains)):
        best = int(score.argmax())
        stays = score >= score[best] - SWITCH_COST
        back[cell] = np.where(stays, np.arange(len(score)), best)
        score = np.where(stays, score, score[best] - SWITCH_COST) + gains[cell]
    path = np.empty(len(gains), dtype=np.int64)
    path[-1] = score.argmax()
    for cell in range(len(gains) - 1, 0, -1):
        path[cell - 1] = back[cell, path[cell]]
    return path


def _runs(values: NDArray[np.generic]) -> list[tuple[int, int]]:
    """First and one-past-last index of each stretch of equal values."""
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    return list(zip(starts.tolist(), [*starts[1:].tolist(), len(values)], strict=True))


def _segment(
    start_s: float, end_s: float, label: int, labels: Sequence[str], probabilities: Array, evidence: Array
) -> Segment:
    face, voice = evidence.mean(axis=0).tolist()
    mean = probabilities.mean(axis=0).tolist()
    return Segment(
        start_s=round(float(start_s), DECIMALS),
        end_s=round(float(end_s), DECIMALS),
        label=labels[label] if label >= 0 else UNDETERMINED,
        confidence=mean[label] if label >= 0 else 0.0,
        probabilities=dict(zip(labels, mean if label >= 0 else [0.0] * len(labels), strict=True)),
        evidence=Evidence(face=face, voice=voice, eeg=0.0),
    )
