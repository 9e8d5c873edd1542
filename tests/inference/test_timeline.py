"""What the timeline promises about the segments that it cuts from overlapping windows."""

import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.timeline.segmentation import segment_trials, segment_windows
from inference.timeline.smoothing import MIN_HOPS
from inference.timeline.summary import summary
from inference.timeline.unimodal_predictions import unimodal_prediction
from inference.types import UNDETERMINED, MediaInfo, Modality, Mode, Segment, Source, Timeline, Window
from tests.inference.timelines import fused, timeline

LABELS = ("neutral", "happy", "sad")
SECONDS, HOP = 3.6, 0.72
NEUTRAL, HAPPY, SAD = np.eye(3) * 0.85 + 0.05  # 0.9 for one label, 0.05 for the others

Reading = tuple[Sequence[float], float, float]


def starts(duration_s: float) -> list[float]:
    """Every hop, and one window that ends with the recording, as the reader places them."""
    last = max(0.0, duration_s - SECONDS)
    return sorted({*np.arange(0, last + 1e-9, HOP).tolist(), last})


def read(duration_s: float, reading: Callable[[int, float], Reading]) -> list[Window]:
    """The windows of a recording; `reading` says (probabilities, face, voice) for number and start."""
    found = []
    for number, start_s in enumerate(starts(duration_s)):
        probabilities, face, voice = reading(number, start_s)
        end_s = min(start_s + SECONDS, duration_s)
        given = tuple(map(float, probabilities))
        found.append(Window(start_s, end_s, Source.AUDIO_VIDEO, given, given, face, voice))
    return found


def trial(start_s: float, probabilities: Sequence[float]) -> Window:
    given = tuple(map(float, probabilities))
    return Window(start_s, start_s + 20, Source.FUSION, given, given, 0.5, 0.25)


def assert_tiles(cut: Sequence[Segment], duration_s: float, shortest_s: float) -> None:
    assert cut[0].start_s == 0
    assert cut[-1].end_s == round(duration_s, 3)
    assert all(one.end_s == following.start_s for one, following in pairwise(cut))
    assert all(one.end_s - one.start_s >= min(shortest_s, duration_s) - 0.002 for one in cut)
    assert all(one.start_s == round(one.start_s, 3) for one in cut)


shares = st.sampled_from([0.0, 0.0, 1 / 15, 2 / 15, 0.5, 1.0])


@st.composite
def recordings(draw: st.DrawFn) -> tuple[float, list[Window]]:
    duration_s = draw(st.floats(0.04, 60))
    count = len(starts(duration_s))
    rows = draw(st.lists(st.tuples(*[st.floats(1e-6, 1)] * 3), min_size=count, max_size=count))
    seen = draw(st.lists(st.tuples(shares, shares), min_size=count, max_size=count))
    return duration_s, read(duration_s, lambda number, _: (np.array(rows[number]) / sum(rows[number]), *seen[number]))


@pytest.mark.slow
@given(recordings())
def test_segments_tile_any_recording(recording: tuple[float, list[Window]]) -> None:
    duration_s, windows = recording
    cut = segment_windows(windows, LABELS, duration_s, HOP)

    assert_tiles(cut, duration_s, MIN_HOPS * HOP)
    assert all(one.label != following.label for one, following in pairwise(cut))
    for one in cut:
        assert 0 <= one.evidence.face <= 1 and 0 <= one.evidence.voice <= 1
        if one.label == UNDETERMINED:
            assert one.confidence == 0 and not any(one.probabilities.values())
        else:
            assert one.confidence == one.probabilities[one.label] > 0
            assert sum(one.probabilities.values()) == pytest.approx(1)


@pytest.mark.slow
@given(recordings())
def test_the_same_windows_always_give_the_same_segments(recording: tuple[float, list[Window]]) -> None:
    duration_s, windows = recording
    assert segment_windows(windows, LABELS, duration_s, HOP) == segment_windows(list(windows), LABELS, duration_s, HOP)


@pytest.mark.slow
@given(st.floats(0.04, 200))
def test_a_constant_reading_is_one_segment(duration_s: float) -> None:
    (only,) = segment_windows(read(duration_s, lambda *_: (HAPPY, 1.0, 0.5)), LABELS, duration_s, HOP)

    assert (only.label, only.start_s, only.end_s) == ("happy", 0.0, round(duration_s, 3))
    assert only.confidence == pytest.approx(0.9)
    assert (only.evidence.face, only.evidence.voice, only.evidence.eeg) == pytest.approx((1.0, 0.5, 0.0))


@pytest.mark.slow
@given(st.floats(SECONDS, 36.0), st.floats(40.0, 80.0))
def test_a_change_is_found_within_one_hop(change_s: float, duration_s: float) -> None:
    def mixed(_: int, start_s: float) -> Reading:
        before = np.clip((change_s - start_s) / SECONDS, 0, 1)
        return before * NEUTRAL + (1 - before) * SAD, 1.0, 1.0

    first, second = segment_windows(read(duration_s, mixed), LABELS, duration_s, HOP)

    assert (first.label, second.label) == ("neutral", "sad")
    assert first.end_s == pytest.approx(change_s, abs=HOP)


@pytest.mark.slow
@given(st.data(), st.floats(10.0, 60.0), st.floats(0.5, 1.0))
def test_one_odd_window_within_a_recording_vanishes(data: st.DataObject, duration_s: float, sure: float) -> None:
    odd = data.draw(st.integers(1, len(starts(duration_s)) - 3))  # the last two may cover the same seconds
    usual = (sure, (1 - sure) / 2, (1 - sure) / 2)

    windows = read(duration_s, lambda number, _: ((0.0, 0.0, 1.0) if number == odd else usual, 1.0, 1.0))

    assert [one.label for one in segment_windows(windows, LABELS, duration_s, HOP)] == ["neutral"]


def test_windows_that_flicker_all_along_are_one_segment() -> None:
    windows = read(30.0, lambda number, _: ((0.55, 0.4, 0.05) if number % 2 else (0.4, 0.55, 0.05), 1.0, 1.0))
    assert len(segment_windows(windows, LABELS, 30.0, HOP)) == 1


def test_an_expression_longer_than_a_window_is_kept() -> None:
    def smile(_: int, start_s: float) -> Reading:
        share = np.clip(min(start_s + SECONDS, 16.0) - max(start_s, 11.0), 0, None) / SECONDS
        return share * HAPPY + (1 - share) * NEUTRAL, 1.0, 1.0

    cut = segment_windows(read(30.0, smile), LABELS, 30.0, HOP)

    assert [one.label for one in cut] == ["neutral", "happy", "neutral"]
    assert (cut[1].start_s, cut[1].end_s) == pytest.approx((11.0, 16.0), abs=HOP)


def test_without_face_and_voice_nothing_is_guessed() -> None:
    (only,) = segment_windows(read(12.0, lambda *_: (HAPPY, 0.0, 0.0)), LABELS, 12.0, HOP)
    assert (only.label, only.confidence) == (UNDETERMINED, 0.0)


def test_one_stray_face_sample_is_not_enough_to_read() -> None:
    (only,) = segment_windows(read(12.0, lambda *_: (HAPPY, 1 / 15, 0.0)), LABELS, 12.0, HOP)
    assert only.label == UNDETERMINED


@pytest.mark.parametrize(("face", "voice"), [(1.0, 0.0), (0.0, 1.0)], ids=["a face", "a voice"])
def test_either_is_enough_to_read(face: float, voice: float) -> None:
    (only,) = segment_windows(read(12.0, lambda *_: (HAPPY, face, voice)), LABELS, 12.0, HOP)
    assert only.label == "happy"


def test_a_person_who_leaves_and_returns_leaves_a_gap_without_label() -> None:
    def away(_: int, start_s: float) -> Reading:
        there = np.clip(10.0 - start_s, 0, SECONDS) + np.clip(start_s + SECONDS - 20.0, 0, SECONDS)
        return HAPPY if there else SAD, there / SECONDS, 0.0

    cut = segment_windows(read(30.0, away), LABELS, 30.0, HOP)

    assert [one.label for one in cut] == ["happy", UNDETERMINED, "happy"]
    assert (cut[1].start_s, cut[1].end_s) == pytest.approx((10.0, 20.0), abs=SECONDS / 2 + HOP)


@pytest.mark.extended
def test_two_hours_are_cut_in_little_memory() -> None:
    windows = read(7200.0, lambda number, _: (HAPPY if number // 40 % 2 else SAD, 1.0, 1.0))
    tracemalloc.start()
    cut = segment_windows(windows, LABELS, 7200.0, HOP)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert_tiles(cut, 7200.0, MIN_HOPS * HOP)
    assert peak < 30e6


def test_each_trial_is_one_segment_and_what_has_no_eeg_is_read_without() -> None:
    trials = [trial(0, HAPPY), trial(20, HAPPY)]
    audio_video = read(50.0, lambda _, start_s: (HAPPY if start_s < 38 else SAD, 1.0, 1.0))

    cut = segment_trials(trials, audio_video, (), LABELS, 50.0, HOP)

    assert [(one.start_s, one.end_s, one.label) for one in cut] == [
        (0.0, 20.0, "happy"),
        (20.0, 40.0, "happy"),
        (40.0, 50.0, "sad"),
    ]
    assert [one.evidence.eeg for one in cut] == [1.0, 1.0, 0.0]
    assert (cut[0].confidence, cut[0].evidence.face, cut[0].evidence.voice) == pytest.approx((0.9, 0.5, 0.25))


def test_where_trials_overlap_the_nearer_one_counts() -> None:
    audio_video = read(25.0, lambda *_: (SAD, 1.0, 1.0))
    cut = segment_trials([trial(0, HAPPY), trial(5, SAD)], audio_video, (), LABELS, 25.0, HOP)
    assert [(one.start_s, one.end_s) for one in cut] == [(0.0, 12.5), (12.5, 25.0)]


@pytest.mark.slow
@given(st.floats(20.0, 90.0), st.floats(-0.5, 60.0))
def test_trials_and_tail_tile_any_recording(eeg_s: float, tail_s: float) -> None:
    duration_s = eeg_s + tail_s
    begins = [20.0 * number for number in range(int(eeg_s // 20))]
    trials = [trial(start_s, HAPPY) for start_s in [*begins, *([eeg_s - 20] if eeg_s % 20 > 1e-6 else [])]]

    cut = segment_trials(trials, read(duration_s, lambda *_: (SAD, 1.0, 1.0)), (), LABELS, duration_s, HOP)

    assert_tiles(cut, duration_s, MIN_HOPS * HOP)
    assert len(cut) in (len(trials), len(trials) + 1)


def test_the_summary_shares_out_the_time() -> None:
    def half(_: int, start_s: float) -> Reading:
        seen = float(start_s < 15 - SECONDS / 2)
        return HAPPY, seen, seen

    windows = read(40.0, half)
    media = MediaInfo(40.0, 640, 480, 25.0, True, True, "0" * 64)
    cut = segment_windows(windows, LABELS, 40.0, HOP)
    said = summary(Timeline(Mode.AUDIO_VIDEO, media, (), LABELS, tuple(windows), cut, ""))

    happy_s = sum(one.end_s - one.start_s for one in cut if one.label == "happy")
    assert said["label"] == UNDETERMINED
    assert said["share"] == pytest.approx(
        {"neutral": 0, "happy": happy_s / 40, "sad": 0, UNDETERMINED: 1 - happy_s / 40}, abs=1e-3
    )
    assert said["mean_probability"] == pytest.approx({"neutral": 0.05, "happy": 0.9, "sad": 0.05})
    assert "audio_video" not in said


def test_the_mean_probability_is_over_the_time_that_is_determined() -> None:
    """Whichever label was the final one: 1.001 + 3584.887 s of 0.75 for happy, 61.493 s of 0.125."""
    said = summary(timeline())["mean_probability"]
    determined_s = 3661.5 - (15.12 - 1.001)
    happy_s = 1.001 + 3600.007 - 15.12
    happy = (0.75 * happy_s + 0.125 * (determined_s - happy_s)) / determined_s
    assert said["happy"] == pytest.approx(happy, abs=1e-3)
    assert sum(said.values()) == pytest.approx(1, abs=2e-3)


def test_where_nothing_is_determined_there_is_no_mean_probability() -> None:
    (unread,) = [one for one in timeline().segments if one.label == UNDETERMINED]
    assert summary(replace(timeline(), segments=(unread,)))["mean_probability"] == {}


def test_the_summary_says_beside_eeg_what_audio_and_video_say() -> None:
    said = summary(fused())
    assert said["label"] == "sad"
    assert said["audio_video"] == {
        "label": "happy",
        "share": {"neutral": 0.0, "happy": 0.375, "sad": 0.25, UNDETERMINED: 0.375},
        # of 20 s of happy, 20 s of mixed and the 10 s without EEG
        "mean_probability": {"neutral": 0.16, "happy": 0.58, "sad": 0.26},
    }


def test_what_earlier_versions_did_not_record_is_not_summed_up() -> None:
    older = tuple(replace(one, unimodal=None) for one in fused().segments)
    assert "audio_video" not in summary(replace(fused(), segments=older))


def alone(windows: Sequence[Window], **given: Sequence[float]) -> list[Window]:
    """The windows with what each of `face` and `voice` says alone, where it is there."""
    found = {name: tuple(map(float, shares)) for name, shares in given.items()}
    return [
        replace(one, unimodal={name: shares for name, shares in found.items() if getattr(one, name)}) for one in windows
    ]


def test_a_segment_has_the_mean_of_what_face_and_voice_say_alone() -> None:
    def heard_late(_: int, start_s: float) -> Reading:
        return HAPPY, 1.0, float(start_s >= 10.0)

    windows = alone(read(30.0, heard_late), face=SAD, voice=NEUTRAL)
    (only,) = segment_windows(windows, LABELS, 30.0, HOP)

    assert only.label == "happy"
    assert only.unimodal is not None and set(only.unimodal) == {"face", "voice"}
    assert only.unimodal["face"] == pytest.approx(dict(zip(LABELS, SAD, strict=True)))
    # Windows without a voice say nothing of it: they do not dilute what is heard.
    assert only.unimodal["voice"] == pytest.approx(dict(zip(LABELS, NEUTRAL, strict=True)))
    face = unimodal_prediction(only, Modality.FACE)
    assert face is not None and face.label == "sad" and face.probability == pytest.approx(0.9)


def test_what_is_absent_says_nothing_and_what_was_not_recorded_is_none() -> None:
    silent = read(30.0, lambda *_: (HAPPY, 1.0, 0.0))
    (only,) = segment_windows(alone(silent, face=SAD, voice=NEUTRAL), LABELS, 30.0, HOP)
    assert only.unimodal is not None and set(only.unimodal) == {"face"}
    (only,) = segment_windows(silent, LABELS, 30.0, HOP)
    assert only.unimodal is None
    (only,) = segment_windows(alone(read(30.0, lambda *_: (HAPPY, 0.0, 0.0))), LABELS, 30.0, HOP)
    assert (only.label, only.unimodal) == (UNDETERMINED, {})


def test_a_voice_too_rare_to_count_over_a_segment_says_nothing() -> None:
    now_and_then = read(30.0, lambda number, _: (HAPPY, 1.0, 0.06 * (number % 2)))
    (only,) = segment_windows(alone(now_and_then, face=HAPPY, voice=NEUTRAL), LABELS, 30.0, HOP)
    assert only.unimodal is not None and set(only.unimodal) == {"face"}


def test_a_fused_trial_has_what_each_says_alone_and_both_together() -> None:
    trials = [trial(0, SAD), trial(20, SAD)]
    audio_video = alone(read(50.0, lambda _, start_s: (HAPPY if start_s < 18.2 else NEUTRAL, 1.0, 0.0)), face=HAPPY)
    eeg = [
        Window(start, start + 5, Source.EEG, (0.0,) * 3, tuple(SAD if start < 20 else NEUTRAL), 0.0, 0.0)
        for start in range(0, 40, 5)
    ]

    first, second, tail = segment_trials(trials, audio_video, eeg, LABELS, 50.0, HOP)

    assert first.unimodal is not None and second.unimodal is not None and tail.unimodal is not None
    assert set(first.unimodal) == set(second.unimodal) == {"face", "eeg", "audio-video"}
    assert set(tail.unimodal) == {"face"}
    said = {modality: [unimodal_prediction(one, modality) for one in (first, second, tail)] for modality in Modality}
    labels = {modality: [one.label if one else None for one in found] for modality, found in said.items()}
    assert labels == {
        Modality.FACE: ["happy"] * 3,
        Modality.VOICE: [None] * 3,
        Modality.EEG: ["sad", "neutral", None],
        Modality.AUDIO_VIDEO: ["happy", "neutral", "neutral"],
    }
