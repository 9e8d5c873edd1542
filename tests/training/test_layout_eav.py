"""EAV as a corpus: spoken trials and those that were listened to, whose signals are read when they are needed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from inference.errors import InputError
from inference.front_ends import build
from inference.front_ends.signals import Biosignal
from tests.training.test_eav import write_eeg, write_subject
from training.data import eav, layouts
from training.data.media import LazySignals
from training.errors import DatasetError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for number in (10, 2):
        write_eeg(write_subject(tmp_path / f"subject{number}", [0, 1, 2, 3, 4]))
    return tmp_path


def test_spoken_trials_come_in_the_order_of_subject_and_time(root: Path) -> None:
    corpus = layouts.read("eav", root)
    assert [trial.name for trial in corpus.trials][:2] == ["subject 2, trial 2", "subject 2, trial 4"]
    assert [trial.subject for trial in corpus.trials] == ["2"] * 5 + ["10"] * 5
    assert [trial.label for trial in corpus.trials[5:]] == list(eav.LABELS) == list(corpus.labels)
    assert [Path(name).suffix for name in corpus.trials[0].files] == [".mp4", ".mat", ".wav"]
    assert corpus.made_of is None and not corpus.dimensions


def test_listening_trials_have_the_same_labels_and_no_sound(root: Path) -> None:
    corpus = layouts.read("eav-listening", root)
    assert [trial.name for trial in corpus.trials][:2] == ["subject 2, trial 1", "subject 2, trial 3"]
    assert [trial.label for trial in corpus.trials[:5]] == list(eav.LABELS)
    signals = corpus.trials[1].read()
    assert signals.sound is None
    assert signals.eeg is not None
    np.testing.assert_allclose(signals.eeg.samples[0, 0], 3, rtol=1e-6)


@pytest.mark.slow
def test_eeg_is_that_of_the_trial_in_microvolt(root: Path) -> None:
    signals = layouts.read("eav", root).trials[6].read()
    assert signals.seconds == 20 and signals.eeg is not None
    assert signals.eeg.samples.shape == (30, 10_000) and signals.eeg.rate == 500
    np.testing.assert_allclose(signals.eeg.samples[:, 0], 4 + np.arange(30) / 100, rtol=1e-6)


@pytest.mark.slow
def test_signals_are_read_only_when_they_are_needed(root: Path) -> None:
    trial = layouts.read("eav", root).trials[0]
    Path(trial.files[1]).write_bytes(b"broken")
    soundfile.write(trial.files[2], np.zeros(16_000), 16_000)
    signals = trial.read()
    assert signals.sound is not None
    assert (len(signals.sound.samples), signals.sound.rate) == (16_000, 16_000)
    with pytest.raises(DatasetError, match=r"subject2_eeg\.mat"):
        build("eeg").compute(signals, 0, 5)


def test_a_part_can_be_replaced_by_a_front_end() -> None:
    eeg, other = (Biosignal(np.full((1, 4), value, np.float32), 1.0, ("Cz",)) for value in (1, 2))
    signals = replace(LazySignals(4.0, eeg=lambda: eeg, features=dict), eeg=other)
    assert (signals.seconds, signals.eeg, signals.features, signals.sound) == (4.0, other, {}, None)


def test_a_part_that_cannot_be_read_is_not_missing() -> None:
    def fail() -> None:
        raise OSError("gone")

    signals = LazySignals(1.0, sound=fail)
    for _ in range(2):
        with pytest.raises(OSError, match="gone"):
            _ = signals.sound
    with pytest.raises(InputError, match="lacks"):
        build("eeg").compute(signals, 0, 1)
