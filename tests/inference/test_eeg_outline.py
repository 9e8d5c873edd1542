"""What an EEG file says of itself before anybody said how to read it."""

from pathlib import Path

import numpy as np
import pytest

from inference.eeg import CHANNELS, EegOutline, read_outline
from inference.errors import Code, InputError
from tests.inference.matfiles import Save, mat, mat73, noise


@pytest.mark.parametrize("save", [mat, mat73])
def test_a_file_in_eavs_layout_tells_everything(tmp_path: Path, save: Save) -> None:
    path = save(tmp_path / "a.mat", seg1=noise(10_000, 30, 3))
    assert read_outline(path) == EegOutline((10_000, 30, 3), 3, 500.0, 20.0, CHANNELS)


def test_one_trial_alone_is_one_trial(tmp_path: Path) -> None:
    assert read_outline(mat(tmp_path / "a.mat", seg=noise(10_000, 30))).trials == 1


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("save", [mat, mat73])
def test_a_plain_array_tells_its_length_if_it_names_its_rate(tmp_path: Path, save: Save, turned: bool) -> None:
    values = noise(30, 6000).T if turned else noise(30, 6000)
    path = save(tmp_path / "a.mat", eeg=values, fs=np.array([[250.0]]))
    assert read_outline(path) == EegOutline(values.shape, None, 250.0, 24.0, None)
    silent = save(tmp_path / "b.mat", eeg=values)
    assert read_outline(silent) == EegOutline(values.shape, None, None, None, None)


def test_values_that_are_no_numbers_are_for_the_check_to_find(tmp_path: Path) -> None:
    assert read_outline(mat(tmp_path / "a.mat", eeg=np.full((30, 6000), np.nan))).shape == (30, 6000)


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"eeg": noise(12, 6000)}, Code.EEG_CHANNELS),
        ({"eeg": noise(30, 20, 300)}, Code.EEG_CHANNELS),
        ({"word": 1.0}, Code.NOT_MAT),
        ({"eeg": noise(30, 6000), "fs": 250.0, "srate": 500.0}, Code.EEG_SAMPLING_RATE),
        ({"eeg": noise(30, 6000), "fs": 10.0}, Code.EEG_SAMPLING_RATE),
    ],
)
def test_what_is_no_recording_is_refused_with_its_code(
    tmp_path: Path, variables: dict[str, object], code: Code
) -> None:
    with pytest.raises(InputError) as refused:
        read_outline(mat(tmp_path / "a.mat", **variables))
    assert refused.value.code is code
