"""EEG files: every layout that is read, every bad one that is refused, and what comes out."""

import struct
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.io import savemat
from scipy.io.matlab import MatlabObject

from inference.eeg import EegInfo, inspect, read_labels, trial_starts, trials
from inference.errors import Code, InputError
from inference.types import EegInput

SPEC = {
    "channels": 30,
    "input_rate": 500,
    "sample_rate": 100,
    "band_hz": [0.5, 45],
    "order": 5,
    "window_s": 5,
    "windows": 4,
    "trial_s": 20,
}


Save = Callable[..., Path]


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 10, shape).astype(np.float32)


def mat(path: Path, **variables: object) -> Path:
    savemat(path, variables, do_compression=True)
    return path


def mat73(path: Path, **variables: np.ndarray) -> Path:
    """A file as MATLAB's -v7.3 writes it: a header of 512 bytes, axes in reverse."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, value in variables.items():
            stored = file.create_dataset(name, data=np.asarray(value).T)
            stored.attrs["MATLAB_class"] = np.bytes_("double")
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(512))
    return path


@pytest.fixture(params=[mat, mat73], ids=["v5", "v7.3"])
def save(request: pytest.FixtureRequest) -> Save:
    saver: Save = request.param
    return saver


def refused(eeg: EegInput) -> InputError:
    """The error that both the check and the reading end in."""
    with pytest.raises(InputError) as checked:
        inspect(eeg)
    with pytest.raises(InputError) as read:
        list(trials(eeg, SPEC))
    assert checked.value.code == read.value.code
    assert "/" not in checked.value.message  # no path of the server's
    return checked.value


def sine(frequency: float, sfreq: float, seconds: float, amplitude: float = 10) -> np.ndarray:
    """(30, time), the same on every channel."""
    time = np.arange(round(seconds * sfreq)) / sfreq
    return np.tile(amplitude * np.sin(2 * np.pi * frequency * time), (30, 1)).astype(np.float32)


# layouts


@pytest.mark.parametrize("key", ["seg", "seg1"])
def test_the_named_trial_of_an_eav_file_is_read(tmp_path: Path, save: Save, key: str) -> None:
    values = noise(10_000, 30, 3)
    path = save(tmp_path / "a.mat", **{key: values})
    eeg = EegInput(path, trial=2)
    assert inspect(eeg) == EegInfo(3, 500.0, 20.0)
    (read,) = trials(eeg, SPEC)
    alone = mat(tmp_path / "b.mat", data=values[:, :, 1], fs=500)
    (expected,) = trials(EegInput(alone), SPEC)
    assert read.shape == (4, 30, 500)
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, expected)


def test_the_only_trial_of_an_eav_file_needs_no_name(tmp_path: Path, save: Save) -> None:
    values = noise(10_000, 30, 1)
    three_axes = save(tmp_path / "a.mat", seg1=values)
    two_axes = save(tmp_path / "b.mat", seg1=values[:, :, 0])
    assert inspect(EegInput(three_axes)) == inspect(EegInput(two_axes)) == EegInfo(1, 500.0, 20.0)
    (first,), (second,) = trials(EegInput(three_axes), SPEC), trials(EegInput(two_axes, trial=1), SPEC)
    np.testing.assert_array_equal(first, second)


def test_an_eav_file_of_whole_microvolts_is_read(tmp_path: Path) -> None:
    path = mat(tmp_path / "a.mat", seg1=noise(10_000, 30, 1).astype(np.int16))
    (read,) = trials(EegInput(path), SPEC)
    assert read.std() > 1


@pytest.mark.parametrize("turned", [False, True], ids=["channels-time", "time-channels"])
def test_a_plain_array_is_read_either_way_round(tmp_path: Path, save: Save, turned: bool) -> None:
    values = noise(30, 6_000)
    path = save(tmp_path / "a.mat", anything=values.T if turned else values)
    eeg = EegInput(path, sfreq=250)
    assert inspect(eeg) == EegInfo(None, 250.0, 24.0)
    first, last = trials(eeg, SPEC)
    (expected,) = trials(EegInput(mat(tmp_path / "b.mat", x=values[:, -5_000:]), sfreq=250), SPEC)
    assert first.shape == (4, 30, 500)
    np.testing.assert_array_equal(last, expected)


@pytest.mark.parametrize("name", ["sfreq", "fs", "srate", "Fs"])
def test_the_sampling_rate_may_stand_in_the_file(tmp_path: Path, save: Save, name: str) -> None:
    path = save(tmp_path / "a.mat", eeg=noise(30, 6_000), **{name: np.array([[250.0]])})
    assert inspect(EegInput(path)).sfreq == 250


def test_vectors_beside_the_recording_are_passed_over(tmp_path: Path) -> None:
    path = mat(tmp_path / "a.mat", eeg=noise(30, 6_000), fs=250, time=np.arange(6_000.0), note="resting")
    assert inspect(EegInput(path)).seconds == 24


def test_an_hdf5_file_without_matlabs_header_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    with h5py.File(path, "w") as file:
        file["seg1"] = noise(1, 30, 10_000)
    assert inspect(EegInput(path)) == EegInfo(1, 500.0, 20.0)


def test_trials_lie_end_to_end_and_the_last_ends_with_the_recording() -> None:
    assert trial_starts(20.0, 20.0) == [0.0]
    assert trial_starts(40.0, 20.0) == [0.0, 20.0]
    assert trial_starts(47.5, 20.0) == [0.0, 20.0, 27.5]
    assert trial_starts(19.9, 20.0) == []


def part(order: str, kind: int, data: bytes) -> bytes:
    """A part of a version 5 file; up to four bytes lie in the tag itself, as MATLAB packs them."""
    if len(data) <= 4:
        return struct.pack(f"{order}I", len(data) << 16 | kind) + data.ljust(4, b"\0")
    return struct.pack(f"{order}II", kind, len(data)) + data + bytes(-len(data) % 8)


def double(order: str, name: str, values: np.ndarray) -> bytes:
    """A variable of class double whose whole values are stored as 16 bit, as MATLAB packs them."""
    matrix = (
        part(order, 6, struct.pack(f"{order}II", 6, 0))
        + part(order, 5, struct.pack(f"{order}2i", *values.shape))
        + part(order, 1, name.encode())
        + part(order, 3, values.astype(f"{order}i2").tobytes(order="F"))
    )
    return struct.pack(f"{order}II", 14, len(matrix)) + matrix


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
    assert inspect(EegInput(path)) == EegInfo(None, 250.0, 24.0)
    plain = mat(tmp_path / "b.mat", eeg=values, fs=250)
    for read, expected in zip(trials(EegInput(path), SPEC), trials(EegInput(plain), SPEC), strict=True):
        np.testing.assert_array_equal(read, expected)


# what comes out


@pytest.mark.parametrize("sfreq", [128, 250, 256, 500, 512, 1000, 2048, 333.3])
def test_any_rate_ends_at_100_hz(tmp_path: Path, sfreq: float) -> None:
    path = mat(tmp_path / "a.mat", eeg=sine(10, sfreq, 20.01), sfreq=sfreq)
    read = next(trials(EegInput(path), SPEC))
    assert read.shape == (4, 30, 500)
    expected = sine(10, 100, 20)[0, 500:1_500].reshape(2, 500)
    np.testing.assert_allclose(read[1:3, 0], expected, atol=0.4)  # no delay, no change of size


@pytest.mark.parametrize(("frequency", "passes"), [(0.1, False), (2, True), (40, True), (50, False), (70, False)])
def test_only_the_band_of_the_specification_passes(tmp_path: Path, frequency: float, passes: bool) -> None:
    path = mat(tmp_path / "a.mat", eeg=sine(frequency, 500, 20), sfreq=500)
    (read,) = trials(EegInput(path), SPEC)
    middle = read[1:3].std()
    assert middle > 6 if passes else middle < 0.7


def test_an_offset_does_not_ring(tmp_path: Path) -> None:
    values = noise(30, 10_000)
    still, offset = (
        next(trials(EegInput(mat(tmp_path / f"{shift}.mat", eeg=values + shift, fs=500)), SPEC)) for shift in (0, 5_000)
    )
    np.testing.assert_allclose(still, offset, atol=0.05)


def test_channels_keep_their_order_and_time_stays_last(tmp_path: Path) -> None:
    values = sine(10, 500, 20) * np.arange(30)[:, None]
    (read,) = trials(EegInput(mat(tmp_path / "a.mat", eeg=values, fs=500)), SPEC)
    sizes = read[1].std(axis=1)
    np.testing.assert_allclose(sizes, 10 / np.sqrt(2) * np.arange(30), rtol=0.05)


# refusals


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


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_a_file_cut_short_is_refused(tmp_path: Path, save: Save, kept: float) -> None:
    path = save(tmp_path / "a.mat", seg1=noise(10_000, 30, 1))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    assert refused(EegInput(path)).code == Code.NOT_MAT


@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_file_is_refused_or_read_but_never_a_crash(tmp_path: Path, save: Save, seed: int) -> None:
    path = save(tmp_path / "a.mat", eeg=noise(30, 2_500), fs=125)
    content = bytearray(path.read_bytes())
    rng = np.random.default_rng(seed)
    for at in rng.integers(0, 3_000, 20):
        content[at] = rng.integers(256)
    path.write_bytes(content)
    with suppress(InputError):
        inspect(EegInput(path))


def an_object() -> MatlabObject:
    fields = np.zeros((1, 1), dtype=[("data", object)])
    fields[0, 0]["data"] = noise(30, 10)
    return MatlabObject(fields, classname="eeg")


@pytest.mark.parametrize(
    "value",
    [{"data": np.zeros((30, 10_000))}, np.array([np.zeros(3), "x"], dtype=object), an_object()],
    ids=["struct", "cell", "object"],
)
def test_structures_cells_and_objects_are_refused(tmp_path: Path, value: object) -> None:
    path = mat(tmp_path / "a.mat", EEG=value, seg1=noise(10_000, 30, 1))
    assert refused(EegInput(path)).code == Code.MAT_OBJECTS


def test_a_structure_in_a_version_7_3_file_is_refused(tmp_path: Path) -> None:
    path = mat73(tmp_path / "a.mat", seg1=noise(10_000, 30, 1))
    with h5py.File(path, "r+") as file:
        file.create_group("EEG")["data"] = noise(30, 10)
    assert refused(EegInput(path)).code == Code.MAT_OBJECTS


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


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(tmp_path: Path, save: Save, bad: float) -> None:
    values = noise(10_000, 30, 2)
    values[5_000, 3, 1] = bad
    path = save(tmp_path / "a.mat", seg1=values)
    assert refused(EegInput(path, trial=2)).code == Code.EEG_NOT_FINITE
    inspect(EegInput(path, trial=1))  # the trial that is read is whole


def test_several_trials_and_none_named_is_refused(tmp_path: Path, save: Save) -> None:
    error = refused(EegInput(save(tmp_path / "a.mat", seg=noise(10_000, 30, 2))))
    assert error.code == Code.EEG_TRIAL
    assert "from 1 to 2" in error.message


@pytest.mark.parametrize("trial", [0, -1, 3])
def test_a_trial_that_is_not_there_is_refused(tmp_path: Path, save: Save, trial: int) -> None:
    path = save(tmp_path / "a.mat", seg=noise(10_000, 30, 2))
    assert refused(EegInput(path, trial=trial)).code == Code.EEG_TRIAL


def test_a_second_trial_of_a_continuous_recording_is_refused(tmp_path: Path) -> None:
    path = mat(tmp_path / "a.mat", eeg=noise(30, 10_000))
    assert refused(EegInput(path, trial=2, sfreq=250)).code == Code.EEG_TRIAL


def test_no_sampling_rate_is_refused(tmp_path: Path, save: Save) -> None:
    assert refused(EegInput(save(tmp_path / "a.mat", eeg=noise(30, 10_000)))).code == Code.EEG_SAMPLING_RATE


@pytest.mark.parametrize("sfreq", [0.0, -500.0, 50.0, 1e9, float("nan"), float("inf")])
def test_a_sampling_rate_that_cannot_be_is_refused(tmp_path: Path, sfreq: float) -> None:
    path = mat(tmp_path / "a.mat", eeg=noise(30, 10_000))
    assert refused(EegInput(path, sfreq=sfreq)).code == Code.EEG_SAMPLING_RATE


def test_a_sampling_rate_that_contradicts_the_file_is_refused(tmp_path: Path) -> None:
    plain = mat(tmp_path / "a.mat", eeg=noise(30, 10_000), fs=250)
    eav = mat(tmp_path / "b.mat", seg1=noise(10_000, 30, 1))
    assert refused(EegInput(plain, sfreq=500)).code == Code.EEG_SAMPLING_RATE
    assert refused(EegInput(eav, sfreq=250)).code == Code.EEG_SAMPLING_RATE
    assert inspect(EegInput(eav, sfreq=500)).sfreq == 500


def test_less_than_20_seconds_is_refused(tmp_path: Path, save: Save) -> None:
    assert refused(EegInput(save(tmp_path / "a.mat", eeg=noise(30, 9_999)), sfreq=500)).code == Code.EEG_LENGTH
    assert refused(EegInput(save(tmp_path / "b.mat", seg1=noise(5_000, 30, 2)), trial=1)).code == Code.EEG_LENGTH


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


@pytest.mark.parametrize("bad", [np.ones((10, 200)), np.zeros((10, 200)), np.zeros((9, 200))])
def test_labels_that_are_not_one_hot_are_refused(tmp_path: Path, bad: np.ndarray) -> None:
    with pytest.raises(InputError) as error:
        read_labels(mat(tmp_path / "a.mat", label=bad))
    assert error.value.code == Code.NOT_MAT
