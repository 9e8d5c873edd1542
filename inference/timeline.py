"""Windows to segments: overlapping readings become one timeline without gap or overlap."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.types import UNDETERMINED, Correction, Evidence, Modality, Mode, Segment, Timeline, Window
from inference.unimodal import prediction, probabilities

MIN_FACE = 0.1  # share of samples with a face below which a face says nothing
MIN_VOICE = 0.05  # share of sound that is speech-like below which a voice says nothing
SWITCH_COST = 2.0  # nats that a change of label has to gain; more than one odd window can
MIN_HOPS = 2  # no segment is shorter than this many hops, unless the recording is
DECIMALS = 3

_NOTHING = -1  # the label of a cell without face and voice

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Labelling = NDArray[np.int64]
Curves = dict[Modality, tuple[Array, Mask]]  # probabilities (cells, labels), and in which cells the modality is


def segments(windows: Sequence[Window], labels: Sequence[str], duration_s: float, hop_s: float) -> tuple[Segment, ...]:
    """Cut a recording into segments, one label each, that tile 0..duration_s.

    Time is divided into cells of `hop_s`; the last one lasts up to two. A cell's probabilities are
    the mean of the windows over it that saw a face or heard a voice, weighted by how near their
    middles are (a triangle), so that a change falls where the windows' middles change. Labels are
    the most probable path through the cells when each change costs SWITCH_COST: the hidden Markov
    model of Rabiner (1989, Proc. IEEE 77(2)) with one price for all changes, solved by Viterbi.
    One odd window moves a cell's log odds by too little to pay for leaving and coming back; at
    either end of the recording it pays once only, and is the one witness. Cells without face and
    voice are UNDETERMINED, with confidence 0. What stays shorter than MIN_HOPS joins its
    neighbour. A segment's confidence is the mean probability of its label.
    """
    return tuple(_cut(windows, labels, 0.0, duration_s, hop_s))


def trial_segments(
    trials: Sequence[Window],
    audio_video: Sequence[Window],
    eeg: Sequence[Window],
    labels: Sequence[str],
    duration_s: float,
    hop_s: float,
) -> tuple[Segment, ...]:
    """One segment a fused trial; what follows the last trial is cut from `audio_video` alone.

    Where trials overlap, because the last one is aligned to the end, each moment belongs to the
    trial whose middle is nearer. A rest shorter than MIN_HOPS belongs to the last trial. What face, voice,
    both of them and EEG say alone is the mean of their windows (`audio_video`, `eeg`) over the segment's time.
    """
    ends = [(trial.end_s + following.start_s) / 2 for trial, following in pairwise(trials)]
    reached = min(trials[-1].end_s, duration_s)
    has_tail = duration_s - reached >= MIN_HOPS * hop_s
    edges = [0.0, *ends, reached if has_tail else duration_s]
    times = np.arange(hop_s / 2, edges[-1], hop_s)
    curves = _curves(audio_video, times, eeg)
    cut = [
        _segment(start_s, end_s, labels, trial.probabilities, int(np.argmax(trial.probabilities)), evidence, alone)
        for trial, (start_s, end_s) in zip(trials, pairwise(edges), strict=True)
        for evidence in [Evidence(face=trial.face, voice=trial.voice, eeg=1.0)]
        for alone in [_means(curves, slice(*np.searchsorted(times, (start_s, end_s))), labels)]
    ]
    tail = _cut(audio_video, labels, reached, duration_s, hop_s) if has_tail else ()
    return (*cut, *tail)


def summary(timeline: Timeline) -> dict[str, Any]:
    """The label with the largest share of the time, each label's `share` and its `mean_probability`, 0..1.

    Shares count for how long a label was the final one. The mean probability is that over the time of the
    determined segments; undetermined time is left out of it, and it is empty where all time is that. With EEG,
    `audio_video` says the same of what audio and video alone say, where that was recorded.
    """
    found = _over_time(timeline, [(one.label, one.probabilities) for one in timeline.segments])
    fused = [one for one in timeline.segments if one.evidence.eeg]
    if timeline.mode is Mode.AUDIO_VIDEO_EEG and all(one.unimodal is not None for one in fused):
        alone = [
            (said.label if said else UNDETERMINED, probabilities(one, Modality.AUDIO_VIDEO) or {})
            for one in timeline.segments
            for said in [prediction(one, Modality.AUDIO_VIDEO)]
        ]
        found["audio_video"] = _over_time(timeline, alone)
    return found


def _over_time(timeline: Timeline, said: Sequence[tuple[str, Mapping[str, float]]]) -> dict[str, Any]:
    """The summary of a label and its probabilities for each segment."""
    share = dict.fromkeys((*timeline.labels, UNDETERMINED), 0.0)
    mean = dict.fromkeys(timeline.labels, 0.0)
    lengths = [segment.end_s - segment.start_s for segment in timeline.segments]
    total = sum(lengths)
    determined = sum(length for length, (label, _) in zip(lengths, said, strict=True) if label != UNDETERMINED)
    for length, (label, given) in zip(lengths, said, strict=True):
        share[label] += length / total
        if label != UNDETERMINED:
            for each in timeline.labels:
                mean[each] += given[each] * length / determined
    return {
        "label": max(share, key=lambda label: share[label]),
        "share": {label: round(part, DECIMALS) for label, part in share.items()},
        "mean_probability": {label: round(part, DECIMALS) for label, part in mean.items()} if determined else {},
    }


def shares(segments: Sequence[Segment | Correction], labels: Sequence[str]) -> dict[str, float]:
    """The share 0..1 of the time that each of `labels`, and UNDETERMINED, takes among segments that tile it."""
    share = dict.fromkeys((*labels, UNDETERMINED), 0.0)
    total = sum(segment.end_s - segment.start_s for segment in segments)
    for segment in segments:
        share[segment.label] += (segment.end_s - segment.start_s) / total
    return share


def _cut(
    windows: Sequence[Window], labels: Sequence[str], start_s: float, end_s: float, hop_s: float
) -> Iterator[Segment]:
    """The segments of start_s..end_s."""
    count = max(1, int((end_s - start_s) / hop_s + 1e-9))
    edges = np.append(start_s + np.arange(count) * hop_s, end_s)
    times = (edges[:-1] + edges[1:]) / 2
    shares = np.array([(window.face, window.voice) for window in windows])
    evidence, _ = _average(windows, times, shares, np.ones(len(windows), dtype=bool))
    read = np.array([window.probabilities for window in windows])
    means, covered = _average(windows, times, read, _says_something(shares))
    seeing = covered & _says_something(evidence)
    curves = _curves(windows, times)
    path = np.full(count, _NOTHING)
    for first, last in _runs(seeing):
        if seeing[first]:
            path[first:last] = _smoothest_path(means[first:last])
    for first, last in _runs(_without_short_runs(path)):
        label = int(path[first])
        face, voice = np.clip(evidence[first:last].mean(axis=0), 0, 1).tolist()
        known = means[first:last][covered[first:last]]
        mean = known.mean(axis=0).tolist() if label != _NOTHING else [0.0] * len(labels)
        alone = _means(curves, slice(first, last), labels)
        shown = Evidence(face=face, voice=voice, eeg=0.0)
        yield _segment(edges[first], edges[last], labels, mean, label, shown, alone)


def _curves(windows: Sequence[Window], times: Array, eeg: Sequence[Window] = ()) -> Curves | None:
    """What each modality alone says at each time: face and voice, and with `eeg` also that and both of them.

    None where the windows did not record it. A modality is where the windows over the time show enough of it.
    """
    if all(window.unimodal is None for window in windows):
        return None
    shares = np.array([(window.face, window.voice) for window in windows])
    evidence, _ = _average(windows, times, shares, np.ones(len(windows), dtype=bool))
    nothing = (0.0,) * len(windows[0].probabilities)
    curves: Curves = {}
    for modality, there in (
        (Modality.FACE, evidence[:, 0] >= MIN_FACE),
        (Modality.VOICE, evidence[:, 1] >= MIN_VOICE),
    ):
        given = [(window.unimodal or {}).get(modality) for window in windows]
        known = np.array([one is not None for one in given])
        means, covered = _average(windows, times, np.array([one or nothing for one in given]), known)
        curves[modality] = means, covered & there
    if eeg:
        ordered = sorted(eeg, key=lambda window: window.start_s)
        read = np.array([window.probabilities for window in ordered])
        curves[Modality.EEG] = _average(ordered, times, read, np.ones(len(ordered), dtype=bool))
        read = np.array([window.probabilities for window in windows])
        means, covered = _average(windows, times, read, _says_something(shares))
        curves[Modality.AUDIO_VIDEO] = means, covered & _says_something(evidence)
    return curves


def _means(curves: Curves | None, cells: slice, labels: Sequence[str]) -> dict[str, dict[str, float]] | None:
    """Each modality's mean over those of the cells in which it is."""
    if curves is None:
        return None
    return {
        modality: dict(zip(labels, means[cells][there[cells]].mean(axis=0).tolist(), strict=True))
        for modality, (means, there) in curves.items()
        if there[cells].any()
    }


def _says_something(evidence: Array) -> Mask:
    """Whether each row (face, voice) is enough to read."""
    return (evidence[:, 0] >= MIN_FACE) | (evidence[:, 1] >= MIN_VOICE)


def _average(windows: Sequence[Window], times: Array, values: Array, counts: Mask) -> tuple[Array, Mask]:
    """Mean of the windows' `values` (windows, N) at each time, weighted by how near their middles are.

    Only windows that `counts` names enter. Also says at each time whether there was one.
    """
    middles = np.array([(window.start_s + window.end_s) / 2 for window in windows])
    halves = np.array([(window.end_s - window.start_s) / 2 for window in windows])
    reach = halves.max()
    means, covered = np.zeros((len(times), values.shape[1])), np.zeros(len(times), dtype=bool)
    # A row of all windows a cell would be quadratic in the recording's length: 800 MB for two hours.
    for cell, time in enumerate(times):
        near = slice(*np.searchsorted(middles, (time - reach, time + reach)))
        weights = np.clip(1 - np.abs(middles[near] - time) / halves[near], 0, None)
        if not weights.any():  # no window covers the very edge, which belongs to the nearest one
            near = slice((nearest := int(np.abs(middles - time).argmin())), nearest + 1)
            weights = np.ones(1)
        weights = weights * counts[near]
        covered[cell] = weights.any()
        means[cell] = weights @ values[near] / (weights.sum() or 1)
    return means, covered


def _smoothest_path(probabilities: Array) -> Labelling:
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


def _without_short_runs(path: Labelling) -> Labelling:
    """Let each run shorter than MIN_HOPS cells, the shortest first, take its longer neighbour's label. In place."""
    while True:
        runs = _runs(path)
        lengths = [last - first for first, last in runs]
        shortest = int(np.argmin(lengths))
        if len(runs) == 1 or lengths[shortest] >= MIN_HOPS:
            return path
        beside = [one for one in (shortest - 1, shortest + 1) if 0 <= one < len(runs)]
        neighbour = max(beside, key=lambda one: lengths[one])
        first, last = runs[shortest]
        path[first:last] = path[runs[neighbour][0]]


def _runs(values: NDArray[np.generic]) -> list[tuple[int, int]]:
    """First and one-past-last index of each stretch of equal values."""
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    return list(zip(starts.tolist(), [*starts[1:].tolist(), len(values)], strict=True))


def _segment(
    start_s: float,
    end_s: float,
    labels: Sequence[str],
    probabilities: Sequence[float],
    label: int,
    evidence: Evidence,
    unimodal: dict[str, dict[str, float]] | None,
) -> Segment:
    return Segment(
        start_s=round(float(start_s), DECIMALS),
        end_s=round(float(end_s), DECIMALS),
        label=UNDETERMINED if label == _NOTHING else labels[label],
        confidence=0.0 if label == _NOTHING else probabilities[label],
        probabilities=dict(zip(labels, probabilities, strict=True)),
        evidence=evidence,
        unimodal={} if label == _NOTHING and unimodal is not None else unimodal,
    )
