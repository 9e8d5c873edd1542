"""EEG files that are refused, each with its code."""

import zlib
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from inference.eeg import inspect_eeg, read_labels, read_trials
from inference.errors import Code, InputError
from inference.types import EegInput
from tests.inference.matfiles import SPEC, Save, an_object, mat, mat73, noise


def refused(eeg: EegInput) -> InputError:
    """The error that both the check and the reading end in."""
    with pytest.raises(InputError) as checked:
        inspect_eeg(eeg)
    with pytest.raises(InputError) as read:
        list(read_trials(eeg, SPEC))
    assert checked.value.code == read.value.code
    assert "/" not in checked.value.message  # no path of the server's
    return checked.value


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    path.touch()
    assert refused(EegInput(path)).code == Code.EMPTY_FILE


@pytest.mark.parametrize(
    "content",
    [b"not a mat file at all", b"\0" * 4096, b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM", b"\x80\x04\x95pickle."],
    ids=["text", "zeros", "header only", "pickle"],
)
def test_a_file_that_is_not_mat_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mat"
    path.write_bytes(content)
    assert refused(EegInput(path)).code == Code.NOT_MAT


@pytest.mark.slow
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_a_file_cut_short_is_refused(tmp_path: Path, save: Save, kept: float) -> None:
    path = save(tmp_path / "a.mat", seg1=noise(10_000, 30, 1))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    assert refused(EegInput(path)).code == Code.NOT_MAT


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_file_is_refused_or_read_but_never_a_crash(tmp_path: Path, save: Save, seed: int) -> None:
    path = save(tmp_path / "a.mat", eeg=noise(30, 2_500), fs=125)
    content = bytearray(path.read_bytes())
    rng = np.random.default_rng(seed)
    for at in rng.integers(0, 3_000, 20):
        content[at] = rng.integers(256)
    path.write_bytes(content)
    with suppress(InputError):
        inspect_eeg(EegInput(path))


@pytest.mark.parametrize(
    "value", [np.array([np.zeros(3), "x"], dtype=object), an_object()], ids=["cell of anything", "object"]
)
def test_a_file_of_cells_and_objects_alone_is_refused(tmp_path: Path, value: object) -> None:
    assert refused(EegInput(mat(tmp_path / "a.mat", EEG=value))).code == Code.MAT_OBJECTS


def test_a_cell_in_a_version_7_3_file_is_refused(tmp_path: Path) -> None:
    path = mat73(tmp_path / "a.mat", fs=np.array([[500.0]]))
    with h5py.File(path, "r+") as file:
        cell = file.create_dataset("seg1", (1, 1), dtype=h5py.ref_dtype)
        cell.attrs["MATLAB_class"] = np.bytes_("cell")
    assert refused(EegInput(path)).code == Code.MAT_OBJECTS


def test_a_compound_array_is_refused(tmp_path: Path) -> None:
    path = mat73(tmp_path / "a.mat")
    with h5py.File(path, "r+") as file:
        file["seg1"] = np.zeros((1, 30, 10_000), dtype=[("real", "f8"), ("imag", "f8")])
    assert refused(EegInput(path)).code == Code.MAT_OBJECTS


@pytest.mark.parametrize("link", [h5py.ExternalLink("secret.mat", "/seg1"), h5py.SoftLink("/elsewhere")])
def test_links_are_not_followed(tmp_path: Path, link: object) -> None:
    mat73(tmp_path / "secret.mat", seg1=noise(10_000, 30, 1))
    path = mat73(tmp_path / "a.mat", fs=np.array([[500.0]]))
    with h5py.File(path, "r+") as file:
        file["seg1"] = link
    assert refused(EegInput(path)).code == Code.MAT_OBJECTS


def test_values_kept_in_another_file_are_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.bin"
    secret.write_bytes(bytes(10_000 * 30 * 8))
    path = tmp_path / "a.mat"
    with h5py.File(path, "w") as file:
        file.create_dataset("seg1", (1, 30, 10_000), "f8", external=[(str(secret), 0, h5py.h5f.UNLIMITED)])
    assert refused(EegInput(path)).code == Code.MAT_OBJECTS


def test_a_virtual_array_is_not_read(tmp_path: Path) -> None:
    mat73(tmp_path / "secret.mat", seg1=noise(10_000, 30, 1))
    layout = h5py.VirtualLayout((1, 30, 10_000), "f4")
    layout[:] = h5py.VirtualSource(tmp_path / "secret.mat", "seg1", (1, 30, 10_000))
    path = tmp_path / "a.mat"
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("seg1", layout)
    assert refused(EegInput(path)).code == Code.MAT_OBJECTS


def test_a_header_that_promises_a_billion_values_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    with h5py.File(path, "w") as file:
        file.create_dataset("seg1", (1, 30, 10_000), "f4")
        file.create_dataset("eeg", (10**9 // 30, 30), "f8", chunks=(1000, 30), compression="gzip")
        del file["seg1"]
    assert path.stat().st_size < 100_000
    assert refused(EegInput(path, sfreq=500)).code == Code.TOO_LARGE


def test_a_version_5_header_that_promises_a_billion_values_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    savemat(path, {"eeg": np.zeros((30, 12_345))})
    content = path.read_bytes()
    assert content.count((12_345).to_bytes(4, "little")) == 1
    path.write_bytes(content.replace((12_345).to_bytes(4, "little"), (10**9 // 30).to_bytes(4, "little")))
    assert refused(EegInput(path, sfreq=500)).code == Code.TOO_LARGE


def test_a_small_file_that_unpacks_to_more_than_it_says_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    savemat(path, {"eeg": np.zeros((30, 100_000))}, do_compression=False)
    content = path.read_bytes()
    header, variable = (
        content[:128],
        content[128:].replace((100_000).to_bytes(4, "little"), (10_000).to_bytes(4, "little")),
    )
    packed = zlib.compress(variable)
    path.write_bytes(header + (15).to_bytes(4, "little") + len(packed).to_bytes(4, "little") + packed)
    assert path.stat().st_size < 100_000
    assert refused(EegInput(path, sfreq=500)).code == Code.NOT_MAT


def test_a_name_used_twice_is_refused(tmp_path: Path) -> None:
    path = mat(tmp_path / "a.mat", seg1=noise(10_000, 30, 1))
    content = path.read_bytes()
    path.write_bytes(content + content[128:])
    assert refused(EegInput(path)).code == Code.NOT_MAT


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(31, 10_000), (10_000, 29), (10, 200)])
def test_another_number_of_channels_is_refused(tmp_path: Path, save: Save, shape: tuple[int, int]) -> None:
    error = refused(EegInput(save(tmp_path / "a.mat", eeg=noise(*shape)), sfreq=500))
    assert error.code == Code.EEG_CHANNELS
    assert "30 channels" in error.message


def test_an_eav_file_with_another_number_of_channels_is_refused(tmp_path: Path, save: Save) -> None:
    assert refused(EegInput(save(tmp_path / "a.mat", seg1=noise(10_000, 28, 2)))).code == Code.EEG_CHANNELS


def test_two_recordings_in_one_file_are_refused(tmp_path: Path) -> None:
    path = mat(tmp_path / "a.mat", before=noise(30, 10_000), after=noise(30, 10_000))
    assert refused(EegInput(path, sfreq=500)).code == Code.EEG_CHANNELS


def test_a_file_without_an_array_is_refused(tmp_path: Path, save: Save) -> None:
    assert refused(EegInput(save(tmp_path / "a.mat", fs=np.array([[500.0]])))).code == Code.NOT_MAT


def test_complex_values_are_refused(tmp_path: Path) -> None:
    path = mat(tmp_path / "a.mat", eeg=noise(30, 10_000) * 1j)
    assert refused(EegInput(path, sfreq=500)).code == Code.NOT_MAT


@pytest.mark.slow
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(tmp_path: Path, save: Save, bad: float) -> None:
    values = noise(10_000, 30, 2)
    values[5_000, 3, 1] = bad
    path = save(tmp_path / "a.mat", seg1=values)
    assert refused(EegInput(path, trial=2)).code == Code.EEG_NOT_FINITE
    inspect_eeg(EegInput(path, trial=1))  # the trial that is read is whole


def test_several_trials_and_none_named_is_refused(tmp_path: Path, save: Save) -> None:
    error = refused(EegInput(save(tmp_path / "a.mat", seg=noise(10_000, 30, 2))))
    assert error.code == Code.EEG_TRIAL
    assert "from 1 to 2" in error.message


@pytest.mark.slow
@pytest.mark.parametrize("trial", [0, -1, 3])
def test_a_trial_that_is_not_there_is_refused(tmp_path: Path, save: Save, trial: int) -> None:
    path = save(tmp_path / "a.mat", seg=noise(10_000, 30, 2))
    assert refused(EegInput(path, trial=trial)).code == Code.EEG_TRIAL


def test_a_second_trial_of_a_continuous_recording_is_refused(tmp_path: Path) -> None:
    path = mat(tmp_path / "a.mat", eeg=noise(30, 10_000))
    assert refused(EegInput(path, trial=2, sfreq=250)).code == Code.EEG_TRIAL


def test_no_sampling_rate_is_refused(tmp_path: Path, save: Save) -> None:
    assert refused(EegInput(save(tmp_path / "a.mat", eeg=noise(30, 10_000)))).code == Code.EEG_SAMPLING_RATE


@pytest.mark.slow
@pytest.mark.parametrize("sfreq", [0.0, -500.0, 50.0, 1e9, float("nan"), float("inf")])
def test_a_sampling_rate_that_cannot_be_is_refused(tmp_path: Path, sfreq: float) -> None:
    path = mat(tmp_path / "a.mat", eeg=noise(30, 10_000))
    assert refused(EegInput(path, sfreq=sfreq)).code == Code.EEG_SAMPLING_RATE


def test_a_sampling_rate_that_contradicts_the_file_is_refused(tmp_path: Path) -> None:
    plain = mat(tmp_path / "a.mat", eeg=noise(30, 10_000), fs=250)
    eav = mat(tmp_path / "b.mat", seg1=noise(10_000, 30, 1))
    assert refused(EegInput(plain, sfreq=500)).code == Code.EEG_SAMPLING_RATE
    assert refused(EegInput(eav, sfreq=250)).code == Code.EEG_SAMPLING_RATE
    assert inspect_eeg(EegInput(eav, sfreq=500)).sfreq == 500


def test_less_than_20_seconds_is_refused(tmp_path: Path, save: Save) -> None:
    assert refused(EegInput(save(tmp_path / "a.mat", eeg=noise(30, 9_999)), sfreq=500)).code == Code.EEG_LENGTH
    assert refused(EegInput(save(tmp_path / "b.mat", seg1=noise(5_000, 30, 2)), trial=1)).code == Code.EEG_LENGTH


@pytest.mark.parametrize("bad", [np.ones((10, 200)), np.zeros((10, 200)), np.zeros((9, 200))])
def test_labels_that_are_not_one_hot_are_refused(tmp_path: Path, bad: np.ndarray) -> None:
    with pytest.raises(InputError) as error:
        read_labels(mat(tmp_path / "a.mat", label=bad))
    assert error.value.code == Code.NOT_MAT
