"""Windows of trials as inputs of a system: how many, of what, computed once, and what is refused by name."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference.errors import Code, InputError
from inference.front_ends.signals import Signals
from tests.training.corpora import Pictures, corpus, signals
from training.data.corpus import Corpus
from training.errors import DatasetError
from training.features.system_windows import SystemWindows, system_windows
from training.schema.zoo import FrontEndConfig

EEG = {"eeg": FrontEndConfig(kind="eeg", settings={"rate": 100, "band_hz": [1, 40]})}
FACES = {"faces": FrontEndConfig(kind="faces", settings={"count": 2, "size": 4})}


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield


def windows(data: Corpus, window_s: float = 2.0, hop_s: float = 1.0, samples: int = 200) -> SystemWindows:
    return system_windows(data, EEG, {"eeg": (4, samples)}, window_s, hop_s)


def with_signals(data: Corpus, number: int, part: Signals) -> Corpus:
    trials = list(data.trials)
    trials[number] = replace(trials[number], read=lambda: part)
    return replace(data, trials=tuple(trials))


def test_windows_follow_one_another_by_hop_to_the_end_of_each_trial() -> None:
    found = windows(with_signals(corpus([1]), 1, signals(1, 5, seconds=3.99)))
    assert found.trial_of.tolist() == [0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 3]
    assert found.starts_s[:5].tolist() == [0, 1, 2, 0, 1]
    assert found.inputs["eeg"].shape == (11, 4, 200) and found.inputs["eeg"].dtype == np.float32
    np.testing.assert_allclose(found.inputs["eeg"][0][:, 100:], found.inputs["eeg"][1][:, :100], rtol=1e-5)


def test_they_are_computed_once_for_the_same_files_and_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    data = corpus([1])
    first = windows(data)

    def fail() -> Signals:
        raise AssertionError("read again")

    again = windows(replace(data, trials=tuple(replace(trial, read=fail) for trial in data.trials)))
    np.testing.assert_array_equal(again.inputs["eeg"], first.inputs["eeg"])
    assert isinstance(again.inputs["eeg"], np.memmap)
    with pytest.raises(AssertionError, match="read again"):
        windows(replace(data, trials=tuple(replace(trial, read=fail) for trial in data.trials)), hop_s=2.0)


def test_a_video_is_decoded_once_for_all_windows_of_a_trial() -> None:
    pictures = Pictures()
    data = with_signals(corpus([1]), 0, replace(signals(0, 1), images=pictures))
    found = system_windows(data, FACES, {"faces": (2, 3, 4, 4)}, 2.0, 1.0)
    assert pictures.calls == 1
    assert found.inputs["faces"].dtype == np.float16
    np.testing.assert_allclose(255 * found.inputs["faces"][:3, :, 0, 0, 0], [[5, 15], [15, 25], [25, 35]], atol=0.1)


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (signals(0, 1, seconds=1.5), r"subject 1, trial 3: lasts 1\.50 s, which is shorter than a window of 2\.0 s"),
        (replace(signals(0, 1), eeg=None), r"subject 1, trial 3 .*reads EEG, which the recording lacks"),
        (signals(0, 1, channels=3), r"eeg: the front end gives \(3, 200\), the system reads \(4, 200\)"),
    ],
)
def test_a_trial_that_does_not_fit_is_named(part: Signals, said: str) -> None:
    with pytest.raises(DatasetError, match=said):
        windows(with_signals(corpus([1]), 2, part))


def test_values_that_are_no_numbers_are_named() -> None:
    part = signals(0, 1)
    assert part.eeg is not None
    part.eeg.samples[2, 7] = np.nan
    with pytest.raises(DatasetError, match="subject 1, trial 2 of subject 1: eeg holds NaN or Inf"):
        windows(with_signals(corpus([1]), 1, part))


def test_a_file_that_cannot_be_read_is_named() -> None:
    class Broken(Pictures):
        def sample(self, *_: Any) -> np.ndarray:
            raise InputError(Code.NOT_A_VIDEO, "This file is not a video.")

    data = with_signals(corpus([1]), 1, replace(signals(0, 1), images=Broken()))
    with pytest.raises(DatasetError, match=r"subject 1, trial 2 of subject 1: This file is not a video\."):
        system_windows(data, FACES, {"faces": (2, 3, 4, 4)}, 2.0, 2.0)


def test_an_input_without_a_front_end_is_named() -> None:
    with pytest.raises(DatasetError, match=r"the system reads audio, of which the configuration makes no input"):
        system_windows(corpus([1]), EEG, {"audio": (1,)}, 2.0, 2.0)
