"""Measures of spans, from what the machine or a person says at each moment."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit

from inference.timeline.baseline import span_log_odds
from inference.timeline.measures import Measures, counted_seconds, measure, subtract_spans
from inference.timeline.readings import Readings, hop_s, machine_readings, person_readings, relative_readings
from inference.timeline.sampling import CELL_S, grid_times, sample_source
from inference.timeline.segmentation import segment_windows
from inference.types import (
    UNDETERMINED,
    Correction,
    Corrections,
    MediaInfo,
    Mode,
    Source,
    Timeline,
    Window,
)

LABELS = ("neutral", "happy", "sad")
DURATION_S, WINDOW_S, HOP_S = 36.0, 3.6, 0.72
REST, SMILE = (0.6, 0.1, 0.3), (0.2, 0.7, 0.1)


def timeline(face: float = 1.0, nobody_from_s: float = 30.0) -> Timeline:
    """Rests until 18 s, then smiles with a voice that is sad; nobody is seen or heard from `nobody_from_s` on."""
    windows = []
    for start in np.arange(0, DURATION_S - WINDOW_S + 1e-6, HOP_S).tolist():
        middle = start + WINDOW_S / 2
        shares = REST if middle < 18 else SMILE
        alone: dict[str, tuple[float, ...]] = {"face": shares, "voice": REST if middle < 18 else (0.1, 0.2, 0.7)}
        seen = middle < nobody_from_s
        windows.append(
            Window(
                *(start, start + WINDOW_S, Source.AUDIO_VIDEO, shares, shares),
                face=face if seen else 0.0,
                voice=0.5 if seen else 0.0,
                unimodal=alone if seen else {},
            )
        )
    media = MediaInfo(DURATION_S, 64, 64, 25.0, True, True, "ab" * 32)
    segments = segment_windows(windows, LABELS, DURATION_S, HOP_S)
    return Timeline(Mode.AUDIO_VIDEO, media, (), LABELS, tuple(windows), segments, "")


def of_cells(*cells: tuple[float, ...] | None, hop: float = 0.4) -> Readings:
    """Readings of consecutive cells; None is undetermined."""
    known = np.array([cell is not None for cell in cells])
    absent = np.full(len(cells), -1)
    shares = np.array([cell or (0.0,) * 3 for cell in cells])
    return Readings(LABELS, hop, grid_times(len(cells) * CELL_S), shares, known, absent, absent)


def test_cells_are_the_windows_averaged_as_on_the_timeline() -> None:
    recording = timeline(nobody_from_s=99.0)
    found = machine_readings(recording)
    samples = sample_source(recording, Source.AUDIO_VIDEO, grid_times(DURATION_S))
    assert found.determined.tolist() == samples.covered.tolist()
    np.testing.assert_array_equal(found.probabilities, samples.probabilities)
    assert found.hop_s == pytest.approx(HOP_S)


def test_windows_without_face_and_voice_do_not_count() -> None:
    found = machine_readings(timeline())
    assert not found.determined[found.times > 31].any()
    late = (found.times > 29) & found.determined
    np.testing.assert_allclose(found.probabilities[late], np.tile(SMILE, (late.sum(), 1)))
    assert measure(found, 32.0, 36.0).read_s == 0
    assert np.isnan(measure(found, 32.0, 36.0).mean_probability).all()


def test_mean_share_and_peak_rest_on_the_seconds_in_the_span() -> None:
    found = measure(of_cells((0.6, 0.3, 0.1), (0.2, 0.7, 0.1), None, (0.1, 0.8, 0.1)), 0.1, 0.7)
    assert found.read_s == pytest.approx(0.4)
    np.testing.assert_allclose(found.mean_probability, [(0.06 + 0.04 + 0.01) / 0.4, 0.25 / 0.4, 0.1])
    np.testing.assert_allclose(found.time_share, [0.25, 0.75, 0.0])
    np.testing.assert_allclose(found.peak, [0.6, 0.8, 0.1])
    np.testing.assert_allclose(found.peak_s, [0.0, 0.6, 0.0], atol=1e-12)


def test_excluded_time_never_counts_even_if_exclusions_overlap() -> None:
    edges = grid_times(1.0) - CELL_S / 2
    counted = counted_seconds(edges, 0.1, 0.9, [(0.3, 0.5), (0.35, 0.45), (0.45, 0.6)])
    assert counted == pytest.approx(np.array([0.1, 0.1, 0, 0.2, 0.1]))
    cells = of_cells((0.6, 0.3, 0.1), (0.1, 0.8, 0.1), (0.1, 0.8, 0.1), (0.6, 0.3, 0.1))
    found = measure(cells, 0.0, 0.8, [(0.2, 0.6)])
    assert found.read_s == pytest.approx(0.4)
    np.testing.assert_allclose(found.mean_probability, (0.6, 0.3, 0.1))
    assert found.changes_per_minute == 0


def test_latency_is_the_first_lead_of_a_hop() -> None:
    neutral, happy, sad = (0.6, 0.3, 0.1), (0.1, 0.8, 0.1), (0.1, 0.1, 0.8)
    found = measure(of_cells(neutral, happy, neutral, happy, happy, sad, None, sad, neutral), 0.1, 1.8)
    assert found.latency_s[1] == pytest.approx(0.5)
    assert np.isnan(found.latency_s[[0, 2]]).all()
    assert measure(of_cells(neutral, neutral), 0.0, 0.4).latency_s[0] == 0.0


def test_changes_a_minute_skip_what_is_undetermined() -> None:
    neutral, happy = (0.6, 0.3, 0.1), (0.1, 0.8, 0.1)
    found = measure(of_cells(neutral, happy, None, neutral, happy, happy), 0.0, 1.2)
    assert found.changes_per_minute == pytest.approx(2 * 60 / 1.0)


def test_valence_and_arousal_are_expected_levels() -> None:
    found = measure(of_cells((0.2, 0.7, 0.1)), 0.0, 0.2)
    assert [found.valence, found.arousal] == pytest.approx([0.6, 0.4])
    unknown = measure(replace(of_cells((0.2, 0.7, 0.1)), labels=("neutral", "happy", "bored")), 0.0, 0.2)
    assert np.isnan([unknown.valence, unknown.arousal]).all()


def test_agreement_rests_on_the_time_in_which_both_say_something() -> None:
    found = machine_readings(timeline())
    assert measure(found, 2.0, 15.0).agreement == 1.0
    assert measure(found, 20.0, 28.0).agreement == 0.0
    assert measure(found, 2.0, 15.0).agreement_s == pytest.approx(13.0)
    unseen = machine_readings(timeline(face=0.05))
    assert measure(unseen, 2.0, 15.0).agreement_s == 0
    assert np.isnan(measure(unseen, 2.0, 15.0).agreement)
    assert measure(unseen, 2.0, 15.0).read_s == pytest.approx(13.0)


def test_a_baseline_is_subtracted_from_the_windows_before_they_are_averaged() -> None:
    recording = timeline()
    log_odds = span_log_odds(recording, Source.AUDIO_VIDEO, 2.0, 12.0)
    np.testing.assert_allclose(log_odds, np.tile(logit(REST), (len(log_odds), 1)))
    raw = machine_readings(recording)
    found = relative_readings(recording, raw, {Source.AUDIO_VIDEO: log_odds.mean(axis=0)})
    np.testing.assert_allclose(measure(found, 3.0, 12.0).mean_probability, np.full(3, 1 / 3))
    relative = expit(logit(SMILE) - logit(REST))
    np.testing.assert_allclose(measure(found, 22.0, 28.0).mean_probability, relative / relative.sum())
    assert not relative_readings(recording, raw, {}).determined.any()


def test_a_person_says_one_label_at_a_time() -> None:
    segments = (Correction(0.0, 9.0, "sad"), Correction(9.0, 20.0, UNDETERMINED), Correction(20.0, DURATION_S, "happy"))
    corrected = replace(timeline(), corrections=Corrections(1, "anna", "", segments))
    found = measure(person_readings(corrected), 0.0, 29.0)
    assert found.read_s == pytest.approx(18.0)
    np.testing.assert_allclose(found.mean_probability, [0.0, 0.5, 0.5])
    np.testing.assert_allclose(found.time_share, [0.0, 0.5, 0.5])
    np.testing.assert_allclose(found.latency_s, [np.nan, 20.0, 0.0])
    assert np.isnan(found.agreement)


def test_readings_at_moments_of_ones_own() -> None:
    times = np.array([-1.0, 5.05, 25.03, 40.0])
    found = machine_readings(timeline(), times)
    assert found.determined.tolist() == [False, True, True, False]
    np.testing.assert_allclose(found.probabilities[1:3], [REST, SMILE])


def test_eeg_replaces_face_and_voice_where_it_is_fused() -> None:
    recording = timeline()
    trial = Window(0.0, 20.0, Source.FUSION, (0.0,) * 3, (0.1, 0.1, 0.8), 0.0, 0.0)
    found = machine_readings(replace(recording, windows=(*recording.windows, trial)))
    np.testing.assert_allclose(measure(found, 0.0, 20.0).mean_probability, (0.1, 0.1, 0.8))
    np.testing.assert_allclose(measure(found, 22.0, 28.0).mean_probability, SMILE)


def test_a_timeline_without_windows_says_nothing() -> None:
    empty = replace(timeline(), windows=())
    assert hop_s(empty) == CELL_S
    found: Measures = measure(machine_readings(empty), 0.0, DURATION_S)
    assert (found.read_s, found.agreement_s) == (0.0, 0.0)
    assert np.isnan([found.valence, found.changes_per_minute, found.agreement]).all()


def test_spans_lose_what_is_excluded() -> None:
    assert subtract_spans([(4.0, 8.0), (0.0, 5.0)], [(2.0, 3.0), (7.0, 9.0)]) == [(0.0, 2.0), (3.0, 7.0)]
    assert subtract_spans([(1.0, 2.0)], [(0.0, 3.0)]) == []
