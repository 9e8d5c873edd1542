"""Windows to segments: overlapping predictions become one timeline without gap or overlap."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from inference.timeline.arrays import Floats, Mask
from inference.timeline.evidence import PUBLISHED_RULE, EvidenceRule, insufficiency
from inference.timeline.smoothing import MIN_HOPS, merge_short_runs, run_bounds, triangular_mean, viterbi_path
from inference.types import TIME_DECIMALS, UNDETERMINED, Evidence, Modality, Reason, Segment, Window

_UNDETERMINED = -1  # the label index of a cell without enough of a face or a voice, or in which they contradict

_FACE_AND_VOICE = (Modality.FACE, Modality.VOICE)

# Probabilities (cells, labels) given one modality, and the cells (cells,) in which it is present.
UnimodalGrid = dict[Modality, tuple[Floats, Mask]]


def segment_windows(
    windows: Sequence[Window],
    labels: Sequence[str],
    duration_s: float,
    hop_s: float,
    rule: EvidenceRule = PUBLISHED_RULE,
) -> tuple[Segment, ...]:
    """Cut a recording into segments, one label each, that tile 0..duration_s.

    Time is divided into cells of `hop_s`; the last one lasts up to two. A cell's probabilities are the mean of the
    windows over it that have enough of a face or a voice by the `rule`, weighted by a triangle over each window, so
    that a label changes where the middles of the windows change. The labels are the Viterbi path in which each change
    costs SWITCH_COST: one outlying window gains too little to pay for two changes; at either end of the recording it
    pays for one change only, and is the only evidence. Cells without enough evidence, or in which face and voice
    contradict each other, are UNDETERMINED, with confidence 0. Runs shorter than MIN_HOPS join their neighbour. A
    segment's confidence is the mean probability of its label.
    """
    return tuple(_segments_between(windows, labels, 0.0, duration_s, hop_s, rule))


def segment_trials(
    trials: Sequence[Window],
    audio_video: Sequence[Window],
    eeg: Sequence[Window],
    labels: Sequence[str],
    duration_s: float,
    hop_s: float,
    rule: EvidenceRule = PUBLISHED_RULE,
) -> tuple[Segment, ...]:
    """Make one segment of each fused trial; the time after the last trial is cut from `audio_video` alone.

    Where trials overlap, because the last one is aligned to the end, each moment belongs to the trial whose middle
    is nearer. A rest shorter than MIN_HOPS belongs to the last trial. The unimodal probabilities are the means of
    the windows (`audio_video`, `eeg`) over the segment's time.
    """
    boundaries = [(trial.end_s + following.start_s) / 2 for trial, following in pairwise(trials)]
    last_end_s = min(trials[-1].end_s, duration_s)
    has_tail = duration_s - last_end_s >= MIN_HOPS * hop_s
    edges = [0.0, *boundaries, last_end_s if has_tail else duration_s]
    times = np.arange(hop_s / 2, edges[-1], hop_s)
    grid = _unimodal_grid(audio_video, times, rule, eeg)
    fused = [
        _segment(start_s, end_s, labels, trial.probabilities, int(np.argmax(trial.probabilities)), evidence, unimodal)
        for trial, (start_s, end_s) in zip(trials, pairwise(edges), strict=True)
        for evidence in [Evidence(face=trial.face, voice=trial.voice, eeg=1.0)]
        for unimodal in [_unimodal_means(grid, slice(*np.searchsorted(times, (start_s, end_s))), labels)]
    ]
    tail = _segments_between(audio_video, labels, last_end_s, duration_s, hop_s, rule) if has_tail else ()
    return (*fused, *tail)


def _segments_between(
    windows: Sequence[Window],
    labels: Sequence[str],
    start_s: float,
    end_s: float,
    hop_s: float,
    rule: EvidenceRule,
) -> Iterator[Segment]:
    count = max(1, int((end_s - start_s) / hop_s + 1e-9))
    edges = np.append(start_s + np.arange(count) * hop_s, end_s)
    times = (edges[:-1] + edges[1:]) / 2
    shares = np.array([(window.face, window.voice) for window in windows])
    evidence, _ = triangular_mean(windows, times, shares, np.ones(len(windows), dtype=bool))
    probabilities = np.array([window.probabilities for window in windows])
    means, covered = triangular_mean(windows, times, probabilities, rule.is_sufficient(*shares.T))
    sufficient = covered & rule.is_sufficient(*evidence.T)
    grid = _unimodal_grid(windows, times, rule)
    contradictory = sufficient & _contradictions(labels, means, grid, rule)
    determined = sufficient & ~contradictory
    path = np.full(count, _UNDETERMINED)
    for first, last in run_bounds(determined):
        if determined[first]:
            path[first:last] = viterbi_path(means[first:last])
    for first, last in run_bounds(merge_short_runs(path)):
        label = int(path[first])
        face, voice = np.clip(evidence[first:last].mean(axis=0), 0, 1).tolist()
        segment_evidence = Evidence(face=face, voice=voice, eeg=0.0)
        unimodal = _unimodal_means(grid, slice(first, last), labels)
        if label == _UNDETERMINED:
            lacking = evidence[first:last][~sufficient[first:last]]
            contradict = contradictory[first:last].sum() > len(lacking)
            reason = Reason.CONTRADICTION if contradict else insufficiency(*np.median(lacking, axis=0).tolist())
            yield _undetermined(edges[first], edges[last], labels, segment_evidence, unimodal, reason)
            continue
        mean = means[first:last][covered[first:last]].mean(axis=0).tolist()
        yield _segment(edges[first], edges[last], labels, mean, label, segment_evidence, unimodal)


def _contradictions(labels: Sequence[str], means: Floats, grid: UnimodalGrid | None, rule: EvidenceRule) -> Mask:
    """Return the cells (cells,) in which face and voice are present and contradict each other."""
    if grid is None:
        return np.zeros(len(means), dtype=bool)
    face, voice = (np.where(present[:, None], values, 0.0) for values, present in (grid[m] for m in _FACE_AND_VOICE))
    return rule.contradicts(labels, means, face, voice)


def _unimodal_grid(
    windows: Sequence[Window], times: Floats, rule: EvidenceRule, eeg: Sequence[Window] = ()
) -> UnimodalGrid | None:
    """Average each modality's probabilities at each time; with `eeg` also EEG and audio-video.

    Returns None where the windows recorded no unimodal probabilities.
    """
    if all(window.unimodal is None for window in windows):
        return None
    shares = np.array([(window.face, window.voice) for window in windows])
    evidence, _ = triangular_mean(windows, times, shares, np.ones(len(windows), dtype=bool))
    zeros = (0.0,) * len(windows[0].probabilities)
    grid: UnimodalGrid = {}
    for modality, present in (
        (Modality.FACE, evidence[:, 0] >= rule.min_face),
        (Modality.VOICE, evidence[:, 1] >= rule.min_voice),
    ):
        unimodal = [(window.unimodal or {}).get(modality) for window in windows]
        recorded = np.array([probabilities is not None for probabilities in unimodal])
        values = np.array([probabilities or zeros for probabilities in unimodal])
        means, covered = triangular_mean(windows, times, values, recorded)
        grid[modality] = means, covered & present
    if eeg:
        ordered = sorted(eeg, key=lambda window: window.start_s)
        values = np.array([window.probabilities for window in ordered])
        grid[Modality.EEG] = triangular_mean(ordered, times, values, np.ones(len(ordered), dtype=bool))
        values = np.array([window.probabilities for window in windows])
        means, covered = triangular_mean(windows, times, values, rule.is_sufficient(*shares.T))
        grid[Modality.AUDIO_VIDEO] = means, covered & rule.is_sufficient(*evidence.T)
    return grid


def _unimodal_means(
    grid: UnimodalGrid | None, cells: slice, labels: Sequence[str]
) -> dict[str, dict[str, float]] | None:
    """Average each modality over those of the cells in which it is present."""
    if grid is None:
        return None
    return {
        modality: dict(zip(labels, means[cells][present[cells]].mean(axis=0).tolist(), strict=True))
        for modality, (means, present) in grid.items()
        if present[cells].any()
    }


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
        start_s=round(float(start_s), TIME_DECIMALS),
        end_s=round(float(end_s), TIME_DECIMALS),
        label=labels[label],
        confidence=probabilities[label],
        probabilities=dict(zip(labels, probabilities, strict=True)),
        evidence=evidence,
        unimodal=unimodal,
    )


def _undetermined(
    start_s: float,
    end_s: float,
    labels: Sequence[str],
    evidence: Evidence,
    unimodal: dict[str, dict[str, float]] | None,
    reason: Reason,
) -> Segment:
    """Make a segment without a label; what face and voice say alone is kept where they contradict each other."""
    return Segment(
        start_s=round(float(start_s), TIME_DECIMALS),
        end_s=round(float(end_s), TIME_DECIMALS),
        label=UNDETERMINED,
        confidence=0.0,
        probabilities=dict.fromkeys(labels, 0.0),
        evidence=evidence,
        unimodal=unimodal if unimodal is None or reason is Reason.CONTRADICTION else {},
        reason=reason,
    )
