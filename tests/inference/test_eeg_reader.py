"""EEG files: every layout that is read, and what comes out."""

import struct
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest

from inference.eeg import EegInfo, cut_windows, inspect_eeg, read_labels, read_trials, trial_starts
from inference.types import EegInput
from tests.inference.matfiles import SPEC, Save, double, mat, noise, sine

pytestmark = pytest.mark.slow

# layouts


@pytest.mark.parametrize("key", ["seg", "seg1"])
def test_the_named_trial_of_an_eav_file_is_read(tmp_path: Path, save: Save, key: str) -> None:
    values = noise(10_000, 30, 3)
    path = save(tmp_path / "a.mat", **{key: values})
    eeg = EegInput(path, trial=2)
    assert inspect_eeg(eeg) == EegInfo(3, 500.0, 20.0)
    (read,) = read_trials(eeg, SPEC)
    alone = mat(tmp_path / "b.mat", data=values[:, :, 1], fs=500)
    (expected,) = read_trials(EegInput(alone), SPEC)
    assert read.shape == (4, 30, 500)
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, expected)


def test_the_only_trial_of_an_eav_file_needs_no_name(tmp_path: Path, save: Save) -> None:
    values = noise(10_000, 30, 1)
    three_axes = save(tmp_path / "a.mat", seg1=values)
    two_axes = save(tmp_path / "b.mat", seg1=values[:, :, 0])
    assert inspect_eeg(EegInput(three_axes)) == inspect_eeg(EegInput(two_axes)) == EegInfo(1, 500.0, 20.0)
    (first,), (second,) = read_trials(EegInput(three_axes), SPEC), read_trials(EegInput(two_axes, trial=1), SPEC)
    np.testing.assert_array_equal(first, second)


def test_an_eav_file_of_whole_microvolts_is_read(tmp_path: Path) -> None:
    path = mat(tmp_path / "a.mat", seg1=noise(10_000, 30, 1).astype(np.int16))
    (read,) = read_trials(EegInput(path), SPEC)
    assert read.std() > 1


@pytest.mark.parametrize("turned", [False, True], ids=["channels-time", "time-channels"])
def test_a_plain_array_is_read_either_way_round(tmp_path: Path, save: Save, turned: bool) -> None:
    values = noise(30, 6_000)
    path = save(tmp_path / "a.mat", anything=values.T if turned else values)
    eeg = EegInput(path, sfreq=250)
    assert inspect_eeg(eeg) == EegInfo(None, 250.0, 24.0)
    first, last = read_trials(eeg, SPEC)
    (expected,) = read_trials(EegInput(mat(tmp_path / "b.mat", x=values[:, -5_000:]), sfreq=250), SPEC)
    assert first.shape == (4, 30, 500)
    np.testing.assert_array_equal(last, expected)


@pytest.mark.parametrize("name", ["sfreq", "fs", "srate", "Fs"])
def test_the_sampling_rate_may_stand_in_the_file(tmp_path: Path, save: Save, name: str) -> None:
    path = save(tmp_path / "a.mat", eeg=noise(30, 6_000), **{name: np.array([[250.0]])})
    assert inspect_eeg(EegInput(path)).sfreq == 250


def test_vectors_beside_the_recording_are_passed_over(tmp_path: Path) -> None:
    path = mat(tmp_path / "a.mat", eeg=noise(30, 6_000), fs=250, time=np.arange(6_000.0), note="resting")
    assert inspect_eeg(EegInput(path)).seconds == 24


def test_an_hdf5_file_without_matlabs_header_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    with h5py.File(path, "w") as file:
        file["seg1"] = noise(1, 30, 10_000)
    assert inspect_eeg(EegInput(path)) == EegInfo(1, 500.0, 20.0)


def test_trials_lie_end_to_end_and_the_last_ends_with_the_recording() -> None:
    assert trial_starts(20.0, 20.0) == [0.0]
    assert trial_starts(40.0, 20.0) == [0.0, 20.0]
    assert trial_starts(47.5, 20.0) == [0.0, 20.0, 27.5]
    assert trial_starts(19.9, 20.0) == []


@pytest.mark.parametrize("order", ["<", ">"], ids=["little end first", "big end first"])
@pytest.mark.parametrize("packed", [False, True])
def test_whole_numbers_packed_as_matlab_does_are_read(tmp_path: Path, order: str, packed: bool) -> None:
    values = np.round(noise(30, 6_000))
    variables = [double(order, "fs", np.array([[250]])), double(order, "eeg", values)]
    if packed:
        variables = [struct.pack(f"{order}II", 15, len(z)) + z for z in map(zlib.compress, variables)]
    end = struct.pack(f"{order}H", 0x0100) + (b"IM" if order == "<" else b"MI")
    path = tmp_path / "a.mat"
    path.write_bytes(b"MATLAB 5.0 MAT-file".ljust(124) + end + b"".join(variables))
    assert inspect_eeg(EegInput(path)) == EegInfo(None, 250.0, 24.0)
    plain = mat(tmp_path / "b.mat", eeg=values, fs=250)
    for read, expected in zip(read_trials(EegInput(path), SPEC), read_trials(EegInput(plain), SPEC), strict=True):
        np.testing.assert_array_equal(read, expected)


# what comes out


@pytest.mark.parametrize("sfreq", [128, 250, 256, 500, 512, 1000, 2048, 333.3])
def test_any_rate_ends_at_100_hz(tmp_path: Path, sfreq: float) -> None:
    path = mat(tmp_path / "a.mat", eeg=sine(10, sfreq, 20.01), sfreq=sfreq)
    read = next(read_trials(EegInput(path), SPEC))
    assert read.shape == (4, 30, 500)
    expected = sine(10, 100, 20)[0, 500:1_500].reshape(2, 500)
    np.testing.assert_allclose(read[1:3, 0], expected, atol=0.4)  # no delay, no change of size


@pytest.mark.parametrize(("frequency", "passes"), [(0.1, False), (2, True), (40, True), (50, False), (70, False)])
def test_only_the_band_of_the_specification_passes(frequency: float, passes: bool) -> None:
    read = cut_windows(sine(frequency, 500, 20), 500, SPEC)
    middle = read[1:3].std()
    assert middle > 6 if passes else middle < 0.7


def test_an_offset_does_not_ring(tmp_path: Path) -> None:
    values = noise(30, 10_000)
    still, offset = (
        next(read_trials(EegInput(mat(tmp_path / f"{shift}.mat", eeg=values + shift, fs=500)), SPEC))
        for shift in (0, 5_000)
    )
    np.testing.assert_allclose(still, offset, atol=0.05)


def test_channels_keep_their_order_and_time_stays_last(tmp_path: Path) -> None:
    values = sine(10, 500, 20, 5) * np.arange(30)[:, None]
    (read,) = read_trials(EegInput(mat(tmp_path / "a.mat", eeg=values, fs=500)), SPEC)
    sizes = read[1].std(axis=1)
    np.testing.assert_allclose(sizes, 5 / np.sqrt(2) * np.arange(30), rtol=0.05)


# labels


@pytest.mark.parametrize("turned", [False, True], ids=["10x200", "200x10"])
def test_labels_are_read_either_way_round(tmp_path: Path, save: Save, turned: bool) -> None:
    rows = np.random.default_rng(0).permutation(np.repeat(np.arange(10), 20))
    one_hot = np.eye(10)[rows]
    emotions, spoken = read_labels(save(tmp_path / "a.mat", label=one_hot if turned else one_hot.T))
    np.testing.assert_array_equal(emotions, rows // 2)
    np.testing.assert_array_equal(spoken, rows % 2 == 1)
    assert np.bincount(emotions).tolist() == [40] * 5
    assert spoken.sum() == 100
