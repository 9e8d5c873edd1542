"""EEG in the files of other programs: its unit, the names of its channels, its rate, and what cannot be EEG."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from inference.eeg import CHANNELS, EegInfo, inspect_eeg, read_trials
from inference.eeg.quality import describe
from inference.errors import Code, InputError
from inference.export.codec import decode, encode
from inference.types import BadChannel, EegFacts, EegInput
from tests.inference.matfiles import SPEC, mat, noise

pytestmark = pytest.mark.slow

RATE = 100.0
EXTRA = ("EOG", "M1", "Status")


@pytest.fixture
def values() -> np.ndarray:
    return noise(30, 2_000)


def facts(info: EegInfo) -> Any:
    assert info.facts is not None
    return info.facts


def read(path: Path, **given: Any) -> np.ndarray:
    (windows,) = read_trials(EegInput(path, **given), SPEC)
    return windows


def refusal(path: Path, **given: Any) -> InputError:
    with pytest.raises(InputError) as error:
        inspect_eeg(EegInput(path, **given))
    return error.value


def shuffled(values: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """The channels in another order, with three that are none of the model's, and their names."""
    names = np.array([*CHANNELS, *EXTRA])
    order = np.random.default_rng(1).permutation(len(names))
    more = np.vstack([values, noise(len(EXTRA), values.shape[1]) * 3])
    return more[order], names[order].tolist()


def cell(items: Sequence[object]) -> np.ndarray:
    made = np.empty((1, len(items)), dtype=object)
    for place, item in enumerate(items):
        made[0, place] = item
    return made


def put73(group: h5py.Group, name: str, value: Any) -> None:
    """A variable as MATLAB's -v7.3 has it: structures are groups, cells refer to what lies under #refs#."""
    if isinstance(value, dict):
        inside = group.create_group(name)
        inside.attrs["MATLAB_class"] = np.bytes_("struct")
        for key, item in value.items():
            put73(inside, key, item)
        return
    if isinstance(value, list):
        kept = group.file.require_group("#refs#")
        references = []
        for item in value:
            key = f"r{len(kept)}"
            put73(kept, key, item)
            references.append(kept[key].ref)
        stored = group.create_dataset(name, data=np.array(references, h5py.ref_dtype)[:, None], dtype=h5py.ref_dtype)
        stored.attrs["MATLAB_class"] = np.bytes_("cell")
        return
    if isinstance(value, str):
        stored = group.create_dataset(name, data=np.array([[ord(letter)] for letter in value], np.uint16))
        stored.attrs["MATLAB_class"] = np.bytes_("char")
        return
    stored = group.create_dataset(name, data=np.atleast_2d(value).T)
    stored.attrs["MATLAB_class"] = np.bytes_("double")


def mat73(path: Path, **variables: Any) -> Path:
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, value in variables.items():
            put73(file, name, value)
    return path


# units


@pytest.mark.parametrize(
    ("factor", "word"), [(1e-6, "volts"), (1e-3, "millivolts"), (1e3, "nanovolts")], ids=["V", "mV", "nV"]
)
def test_another_unit_is_recognised_by_its_scale(tmp_path: Path, values: np.ndarray, factor: float, word: str) -> None:
    error = refusal(mat(tmp_path / "a.mat", data=values * factor, fs=RATE))
    assert error.code is Code.EEG_UNIT
    assert f"look like {word}" in error.message
    assert f"{1 / factor:.10g}" in error.message


@pytest.mark.parametrize(("factor", "unit"), [(1e-6, "V"), (1e-3, "mV"), (1e3, "nV"), (1, "uV")])
def test_a_unit_that_is_given_or_stands_in_the_file_is_converted(
    tmp_path: Path, values: np.ndarray, factor: float, unit: str
) -> None:
    expected = read(mat(tmp_path / "a.mat", data=values, fs=RATE))
    stored = (values * factor).astype(np.float64)
    np.testing.assert_allclose(read(mat(tmp_path / "b.mat", data=stored, fs=RATE), unit=unit), expected, atol=1e-3)
    named = mat(tmp_path / "c.mat", data=stored, fs=RATE, units=unit)
    np.testing.assert_allclose(read(named), expected, atol=1e-3)
    assert facts(inspect_eeg(EegInput(named))).unit == unit


@pytest.mark.parametrize("spelling", ["uV", "µV", "μV", "microvolt", "Microvolts", "unknown"])
def test_microvolts_are_spelt_in_many_ways(tmp_path: Path, values: np.ndarray, spelling: str) -> None:
    assert facts(inspect_eeg(EegInput(mat(tmp_path / "a.mat", x=values, fs=RATE, unit=spelling)))).unit == "uV"
    assert facts(inspect_eeg(EegInput(mat73(tmp_path / "b.mat", x=values, fs=RATE, unit=spelling)))).unit == "uV"


def test_units_that_contradict_each_other_or_the_values_are_refused(tmp_path: Path, values: np.ndarray) -> None:
    named = mat(tmp_path / "a.mat", x=values, fs=RATE, unit="uV")
    assert refusal(named, unit="V").code is Code.EEG_UNIT
    assert refusal(mat(tmp_path / "b.mat", x=values, fs=RATE, unit="V")).code is Code.EEG_AMPLITUDE
    assert refusal(mat(tmp_path / "c.mat", x=values, fs=RATE, unit="furlong")).code is Code.EEG_UNIT


def test_raw_counts_are_refused(tmp_path: Path, values: np.ndarray) -> None:
    error = refusal(mat(tmp_path / "a.mat", x=(values * 100).astype(np.int16), fs=RATE))
    assert error.code is Code.EEG_UNIT
    assert "raw counts" in error.message


@pytest.mark.parametrize("factor", [0.02, 5e4, 1e-9])
def test_an_amplitude_of_no_unit_is_refused(tmp_path: Path, values: np.ndarray, factor: float) -> None:
    assert refusal(mat(tmp_path / "a.mat", x=values * factor, fs=RATE)).code is Code.EEG_AMPLITUDE


def test_an_amplifiers_offset_is_no_unit(tmp_path: Path, values: np.ndarray) -> None:
    path = mat(tmp_path / "a.mat", x=values.astype(np.float64) + 1e5, fs=RATE)
    assert facts(inspect_eeg(EegInput(path))).bad_channels == ()


# quality


def test_single_bad_channels_are_read_and_flagged(tmp_path: Path, values: np.ndarray) -> None:
    values[3] = 7
    values[5] = np.clip(values[5], -4, 4)
    values[8] *= 300
    bad = facts(inspect_eeg(EegInput(mat(tmp_path / "a.mat", x=values, fs=RATE)))).bad_channels
    assert bad == (BadChannel("F3", "flat"), BadChannel("F4", "clipped"), BadChannel("FC1", "noisy"))


@pytest.mark.parametrize(("flat", "refused"), [(10, False), (11, True), (15, True), (30, True)])
def test_over_a_third_of_bad_channels_is_refused(tmp_path: Path, values: np.ndarray, flat: int, refused: bool) -> None:
    values[:flat] = 0
    path = mat(tmp_path / "a.mat", x=values, fs=RATE)
    if refused:
        assert refusal(path).code is Code.EEG_QUALITY
    else:
        assert len(facts(inspect_eeg(EegInput(path))).bad_channels) == flat


# names


@pytest.mark.parametrize("name", ["channels", "chan_names", "ch_names", "labels", "label", "chanlocs", "electrodes"])
@pytest.mark.parametrize("form", [cell, list, lambda names: list(names)], ids=["cell", "char matrix", "7.3"])
def test_channels_are_found_by_their_names(
    tmp_path: Path, values: np.ndarray, name: str, form: Any, request: pytest.FixtureRequest
) -> None:
    expected = read(mat(tmp_path / "a.mat", x=values, fs=RATE))
    more, names = shuffled(values)
    save = mat73 if "7.3" in request.node.name else mat
    path = save(tmp_path / "b.mat", x=more.T, fs=RATE, **{name: form(names)})
    assert facts(inspect_eeg(EegInput(path))).channel_order == "names"
    np.testing.assert_array_equal(read(path), expected)


def test_older_names_prefixes_and_case_are_understood(tmp_path: Path, values: np.ndarray) -> None:
    older = {"T7": "T3", "T8": "t4", "P7": "EEG T5-REF", "P8": "T6", "Fp1": "FP1", "Fz": "EEG FZ"}
    names = [older.get(name, name) for name in CHANNELS][::-1]
    path = mat(tmp_path / "b.mat", x=values[::-1], fs=RATE, channels=cell(names))
    np.testing.assert_array_equal(read(path), read(mat(tmp_path / "a.mat", x=values, fs=RATE)))


def test_a_wanted_channel_that_is_missing_is_named(tmp_path: Path, values: np.ndarray) -> None:
    names = ["EOG" if name == "Pz" else name for name in CHANNELS]
    error = refusal(mat(tmp_path / "a.mat", x=values, fs=RATE, channels=cell(names)))
    assert error.code is Code.EEG_CHANNELS
    assert "Pz is not among them" in error.message


def test_without_names_the_order_is_assumed(tmp_path: Path, values: np.ndarray) -> None:
    assert facts(inspect_eeg(EegInput(mat(tmp_path / "a.mat", x=values, fs=RATE)))).channel_order == "assumed"


# structures


@pytest.mark.parametrize("newer", [False, True], ids=["v5", "v7.3"])
def test_a_structure_of_eeglab_is_read(tmp_path: Path, values: np.ndarray, newer: bool) -> None:
    more, names = shuffled(values)
    eeg: dict[str, Any] = {"data": more, "srate": RATE, "times": np.arange(2000.0), "icaact": values}
    if newer:
        path = mat73(tmp_path / "b.mat", EEG={**eeg, "chanlocs": {"labels": names, "X": [1.0] * len(names)}})
    else:
        places = np.zeros((1, len(names)), dtype=[("labels", object), ("X", object)])
        for place, name in enumerate(names):
            places[0, place] = (name, 1.0)
        path = mat(tmp_path / "b.mat", EEG={**eeg, "chanlocs": places})
    assert inspect_eeg(EegInput(path)) == EegInfo(None, RATE, 20.0)
    np.testing.assert_array_equal(read(path), read(mat(tmp_path / "a.mat", x=values, fs=RATE)))


@pytest.mark.parametrize("newer", [False, True], ids=["v5", "v7.3"])
def test_a_structure_of_fieldtrip_is_read(tmp_path: Path, values: np.ndarray, newer: bool) -> None:
    form: Any = list if newer else cell
    data = {
        "trial": form([values, values[:, ::-1]]),
        "time": form([np.arange(2000.0)] * 2),
        "label": form(CHANNELS),
        "fsample": RATE,
        "hdr": {"Fs": 500.0},
    }
    path = (mat73 if newer else mat)(tmp_path / "b.mat", data=data)
    assert inspect_eeg(EegInput(path, trial=2)) == EegInfo(2, RATE, 20.0)
    assert refusal(path).code is Code.EEG_TRIAL
    expected = mat(tmp_path / "a.mat", x=values[:, ::-1], fs=RATE)
    np.testing.assert_array_equal(read(path, trial=2), read(expected))


def test_what_lies_beside_the_data_is_passed_over(tmp_path: Path, values: np.ndarray) -> None:
    beside = {
        "events": np.ones((30, 3)),
        "marks": np.ones((30, 1000)),
        "cell": cell([1.0, "x"]),
        "info": {"a": "b", "c": {"d": np.ones((3, 3))}},
    }
    assert inspect_eeg(EegInput(mat(tmp_path / "a.mat", X=values, fs=RATE, **beside))).seconds == 20


def test_two_arrays_that_could_be_the_eeg_are_named(tmp_path: Path, values: np.ndarray) -> None:
    error = refusal(mat(tmp_path / "a.mat", before=values, after=values, fs=RATE))
    assert error.code is Code.EEG_CHANNELS
    assert "before and after" in error.message


def test_structures_that_refer_to_themselves_end(tmp_path: Path, values: np.ndarray) -> None:
    path = mat73(tmp_path / "a.mat", X=values, fs=RATE, loop={"word": "x"})
    with h5py.File(path, "r+") as file:
        file["loop"]["again"] = file["loop"]
        around = file.create_dataset("units", (1, 1), dtype=h5py.ref_dtype)
        around[0, 0] = around.ref
    assert inspect_eeg(EegInput(path)).seconds == 20


# rates


def test_the_rate_of_the_file_holds_for_eavs_layout(tmp_path: Path) -> None:
    path = mat(tmp_path / "a.mat", seg=noise(5_000, 30, 2), fs=250.0)
    assert inspect_eeg(EegInput(path, trial=1)) == EegInfo(2, 250.0, 20.0)
    assert refusal(path, trial=1, sfreq=500.0).code is Code.EEG_SAMPLING_RATE


# what the reader is told


def test_how_it_was_read_is_said_and_survives_the_result() -> None:
    told = EegFacts("mV", 250.0, "assumed", (BadChannel("Fz", "flat"),))
    assert decode(encode(told), EegFacts) == told
    assert describe(told) == (
        "EEG in millivolts at 250 Hz. The file names no channels: they were read in EAV's order. "
        "Read, but hardly EEG: Fz (flat)."
    )
