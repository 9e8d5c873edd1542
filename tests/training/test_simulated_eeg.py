"""Simulated EEG looks like EEG, differs between people and comes out the same for the same seed."""

from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat
from scipy.signal import welch

from inference.eeg import CHANNELS, inspect_eeg
from inference.types import EegInput
from training.simulate.eeg import EMOTIONS, Subject, Variation, record, session, simulate_subject
from training.simulate.head import head
from training.simulate.sample import write_sample

CALM = Variation(effect=0.0, own=0.0, baseline=0.0, trial=0.0)


def spectrum(person: Subject, emotion: int = 0, trials: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies and mean power (30, F) in microvolt^2 per Hz."""
    powers = []
    for trial in range(trials):
        frequencies, power = welch(record(person, emotion, trial), fs=500, nperseg=2_000, axis=1)
        powers.append(power)
    return frequencies, np.mean(powers, axis=0)


def band(frequencies: np.ndarray, power: np.ndarray, low: float, high: float) -> np.ndarray:
    return power[..., (frequencies >= low) & (frequencies < high)].mean(axis=-1)


def test_a_trial_has_eavs_shape_and_the_size_of_eeg() -> None:
    trial = record(simulate_subject(1, 0), 0, 0)
    assert trial.shape == (30, 10_000)
    assert trial.dtype == np.float32
    assert 3 < np.median(trial.std(axis=1)) < 40


def test_power_falls_with_frequency_and_alpha_stands_out_at_the_back() -> None:
    frequencies, power = spectrum(simulate_subject(1, 0, CALM))
    back = power[[CHANNELS.index(name) for name in ("O1", "Oz", "O2", "Pz")]].mean(axis=0)
    low, alpha, above = (band(frequencies, back, *edges) for edges in ((2, 4), (8, 12), (60, 90)))
    around = np.sqrt(band(frequencies, back, 5, 7) * band(frequencies, back, 13, 15))
    assert low > 5 * above
    assert alpha > 2 * around


def test_blinks_are_seen_in_front_and_mains_at_50_hz() -> None:
    person = simulate_subject(1, 0)
    trial = record(person, 0, 0)
    peaks = np.abs(trial).max(axis=1)
    assert peaks[CHANNELS.index("Fp1")] > 2 * peaks[CHANNELS.index("Oz")]
    frequencies, power = spectrum(person)
    mean = power.mean(axis=0)
    assert band(frequencies, mean, 49.8, 50.3) > 2 * band(frequencies, mean, 45, 49)


def test_happiness_shifts_alpha_from_the_left_to_the_right_of_the_forehead() -> None:
    person = simulate_subject(1, 0, Variation(effect=2.0, own=0.0, flip=0.0, baseline=0.0, trial=0.0))

    def asymmetry(emotion: str) -> float:
        frequencies, power = spectrum(person, EMOTIONS.index(emotion))
        alpha = np.log(band(frequencies, power, 8, 12))
        return float(alpha[CHANNELS.index("F4")] - alpha[CHANNELS.index("F3")])

    assert asymmetry("happy") > asymmetry("angry") + 0.5


def test_the_same_seed_gives_the_same_trial_and_another_does_not() -> None:
    first = record(simulate_subject(3, 5), 1, 7)
    np.testing.assert_array_equal(first, record(simulate_subject(3, 5), 1, 7))
    assert not np.allclose(first, record(simulate_subject(3, 6), 1, 7))
    assert not np.allclose(first, record(simulate_subject(3, 5), 1, 8))


def test_people_differ_in_head_and_answer() -> None:
    first, second = simulate_subject(1, 0), simulate_subject(2, 0)
    assert not np.allclose(first.mixing, second.mixing)
    assert not np.allclose(first.spectra, second.spectra)
    assert np.corrcoef(first.answers.ravel(), second.answers.ravel())[0, 1] < 0.99


def test_people_share_an_answer_to_emotion_on_average() -> None:
    answers = np.array([simulate_subject(number, 0).answers.ravel() for number in range(1, 21)])
    halves = np.corrcoef(answers[:10].mean(axis=0), answers[10:].mean(axis=0))[0, 1]
    assert halves > 0.6


def test_a_source_is_seen_most_where_it_lies() -> None:
    towards = head().electrodes[CHANNELS.index("C3")]
    assert CHANNELS[int(np.abs(head().topography(towards, towards)).argmax())] in {"C3", "FC5", "CP5", "FC1", "CP1"}


def test_a_session_has_20_spoken_trials_of_each_emotion() -> None:
    assert len(session()) == 100
    assert np.bincount(session()).tolist() == [20] * 5
    assert session()[:6] == [0, 2, 2, 2, 2, 0]  # neutral, then anger


def test_the_sample_is_a_small_file_in_eavs_layout(tmp_path: Path) -> None:
    path = tmp_path / "sample.mat"
    write_sample(path)
    assert path.stat().st_size < 1_500_000
    assert loadmat(path)["seg1"].shape == (10_000, 30, 2)
    assert inspect_eeg(EegInput(path, trial=2)).trials == 2


@pytest.mark.parametrize("number", [1, 40])
def test_values_are_finite(number: int) -> None:
    assert np.isfinite(record(simulate_subject(number, 11), 2, 0)).all()
