"""SEED: sessions of films with EEG and features, and what is refused by name."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from tests.training.simulated_folders import write
from training.data import layouts
from training.errors import DatasetError
from training.simulate.layouts import SEED_LABELS

EEG = Path("Preprocessed_EEG") / "1_20260101.mat"
FEATURES = Path("ExtractedFeatures") / "1_20260101.mat"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write("seed", tmp_path_factory.mktemp("seed") / "seed")


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "seed"))


def held(path: Path) -> dict[str, np.ndarray]:
    return {name: value for name, value in loadmat(path).items() if not name.startswith("__")}


def test_films_come_by_subject_and_session_with_their_labels(root: Path) -> None:
    for folder in (EEG.parent, FEATURES.parent):
        shutil.copy(root / folder / EEG.name, root / folder / "12_20251224.mat")
    corpus = layouts.read("seed", root)
    films = len(SEED_LABELS)
    assert corpus.labels == ("negative", "neutral", "positive") and corpus.made_of is not None
    assert [trial.subject for trial in corpus.trials] == ["1"] * 2 * films + ["12"] * films
    assert corpus.trials[0].name == "session 1, film 1" and corpus.trials[films].name == "session 2, film 1"
    assert [trial.label for trial in corpus.trials[:films]] == [corpus.labels[label + 1] for label in SEED_LABELS]


def test_signals_and_features_are_those_of_the_film(root: Path) -> None:
    eeg, features = held(root / EEG), held(root / FEATURES)
    signals = layouts.read("seed", root).trials[2].read()
    assert signals.eeg is not None and (signals.seconds, signals.eeg.rate) == (12, 200)
    assert (len(signals.eeg.channels), signals.eeg.channels[-1]) == (62, "CB2")
    np.testing.assert_allclose(signals.eeg.samples, eeg["sim_eeg3"], rtol=1e-6)
    assert sorted(signals.features) == ["de_LDS", "de_movingAve"]
    np.testing.assert_allclose(signals.features["de_LDS"], features["de_LDS3"].swapaxes(0, 1), rtol=1e-6)


@pytest.mark.parametrize(("folder", "seconds", "parts"), [(EEG, 12, (True, False)), (FEATURES, 12, (False, True))])
def test_one_of_the_folders_is_enough(root: Path, folder: Path, seconds: float, parts: tuple[bool, bool]) -> None:
    shutil.rmtree(root / (FEATURES if folder is EEG else EEG).parent)
    signals = layouts.read("seed", root).trials[0].read()
    assert signals.seconds == seconds
    assert (signals.eeg is not None, bool(signals.features)) == parts


def change(path: Path, name: str, function: Callable[[np.ndarray], np.ndarray | None]) -> Callable[[Path], None]:
    def broken(root: Path) -> None:
        variables = held(root / path)
        new = function(variables.pop(name))
        savemat(root / path, variables | ({} if new is None else {name: new}))

    return broken


LABEL = EEG.parent / "label.mat"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (
            lambda root: list(map(shutil.rmtree, (root / EEG.parent, root / FEATURES.parent))),
            "needs the folder Preprocessed",
        ),
        (lambda root: [(root / path).with_name("label.mat").unlink() for path in (EEG, FEATURES)], "has no label.mat"),
        (change(LABEL, "label", lambda label: label + 1), r"label\.mat: label has other values than -1, 0 and 1"),
        (change(LABEL, "label", lambda label: -label), r"ExtractedFeatures/label\.mat: has other labels than"),
        (change(LABEL, "label", lambda label: None), r"label\.mat: needs one array label, has \[\]"),
        (lambda root: (root / EEG).rename((root / EEG).with_name("one.mat")), r"one\.mat: not a name of SEED"),
        (lambda root: (root / EEG).unlink(), r"1_20260101\.mat is in one of the two folders only"),
        (lambda root: (root / EEG).write_bytes(b"x" * 200), r"Preprocessed_EEG/1_20260101\.mat: "),
        (change(EEG, "sim_eeg6", lambda eeg: None), r"holds the films \[1, 2, 3, 4, 5\], but label\.mat has 6 labels"),
        (change(EEG, "sim_eeg6", lambda eeg: eeg[:60]), r"sim_eeg6 is \(60, 2400\), expected \(62, samples\)"),
        (change(EEG, "sim_eeg2", lambda eeg: eeg[:, :2000]), r"film 2 has 12 s of features, but 10 s of EEG"),
        (change(FEATURES, "de_LDS2", lambda rows: rows[:, :5]), r"is \(62, .*, 5\), expected \(channels, windows"),
        (change(FEATURES, "de_LDS2", lambda rows: None), r"film 2 has other features than film 1"),
        (lambda root: savemat(root / EEG, held(root / EEG) | {"notes": np.zeros(2)}), "notes does not end with the"),
        (lambda root: savemat(root / EEG, held(root / EEG) | {"other_eeg3": np.zeros((62, 9))}), "holds film 3 twice"),
    ],
)
def test_a_folder_that_does_not_fit_is_refused(root: Path, broken: Callable[[Path], object], message: str) -> None:
    broken(root)
    with pytest.raises(DatasetError, match=message):
        layouts.read("seed", root)


@pytest.mark.parametrize(("path", "name"), [(EEG, "sim_eeg1"), (FEATURES, "de_LDS1")])
def test_values_that_are_no_numbers_are_refused_when_they_are_read(root: Path, path: Path, name: str) -> None:
    change(path, name, lambda values: np.where(values > 0, np.nan, values))(root)
    signals = layouts.read("seed", root).trials[0].read()
    with pytest.raises(DatasetError, match=f"{path.name}: {name} holds NaN or Inf"):
        _ = signals.eeg if path is EEG else signals.features
