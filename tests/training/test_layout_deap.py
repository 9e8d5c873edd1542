"""DEAP, preprocessed and as recorded: what is read, and what is refused by name."""

import csv
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from inference.front_ends import build
from tests.training.simulated_folders import rewrite, write
from training.data import bdf, layouts
from training.data.layouts import _deap
from training.data.numpy_pickle import read_arrays
from training.errors import DatasetError

DAT = Path("data_preprocessed_python") / "s01.dat"
BDF = Path("data_original") / "s01.bdf"
RATINGS = Path("metadata_csv") / _deap.RATINGS
FACE = Path("face_video") / "s01" / "s01_trial01.avi"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("deap")
    return {name: write(name, folder / name) for name in ("deap", "deap-original")}


@pytest.fixture
def deap(made: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(made["deap"], tmp_path / "deap"))


@pytest.fixture
def original(made: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(made["deap-original"], tmp_path / "deap-original"))


def stored(root: Path) -> dict[str, np.ndarray]:
    return {name: values.copy() for name, values in read_arrays(root / DAT).items()}


def store(root: Path, arrays: dict[str, np.ndarray]) -> None:
    (root / DAT).write_bytes(pickle.dumps(arrays, 3))


def shown(root: Path) -> list[dict[str, str]]:
    with (root / RATINGS).open(newline="", encoding="utf-8") as file:
        return sorted(csv.DictReader(file), key=lambda row: int(row["Trial"]))


def test_trials_are_in_the_order_of_time_with_the_ratings_of_their_video(tmp_path: Path) -> None:
    corpus = layouts.read("deap", write("deap", tmp_path, subjects=2))
    rows = shown(tmp_path)
    assert corpus.name == "DEAP" and corpus.threshold == 5 and corpus.labels == ()
    assert corpus.dimensions == ("valence", "arousal", "dominance")
    assert corpus.made_of is not None
    assert [trial.subject for trial in corpus.trials] == ["1", "1", "2", "2"]
    by_time = sorted(rows, key=lambda row: (int(row["Participant_id"]), int(row["Trial"])))
    for trial, row in zip(corpus.trials, by_time, strict=True):
        assert trial.name == f"video {row['Experiment_id']}"
        assert trial.ratings == {name: float(row[name.capitalize()]) for name in corpus.dimensions}
        assert trial.files[1].endswith(f"_trial{int(row['Trial']):02d}.avi")


@pytest.mark.slow
def test_signals_are_those_of_the_video_without_the_time_before(deap: Path) -> None:
    data = stored(deap)["data"]
    for trial in layouts.read("deap", deap).trials:
        signals = trial.read()
        row = data[int(trial.name.split()[1]) - 1]
        assert signals.seconds == 60
        assert signals.eeg is not None and signals.bio is not None and signals.images is not None
        assert (signals.eeg.samples.shape, signals.bio.samples.shape) == ((32, 7680), (40, 7680))
        assert signals.bio.rate == 128 and signals.bio.channels[:2] == ("Fp1", "AF3")
        assert signals.bio.channels[32:] == _deap.PERIPHERAL
        np.testing.assert_allclose(signals.bio.samples, row[:, 384:], rtol=1e-6)
        np.testing.assert_allclose(
            signals.features["baseline"], [row[:, s : s + 128] for s in (0, 128, 256)], rtol=1e-6
        )
        assert build("bio").compute(signals, 59, 1).shape == (40, 128)


def test_without_ratings_trials_are_in_the_order_of_videos(deap: Path) -> None:
    shutil.rmtree(deap / "metadata_csv")
    shutil.rmtree(deap / "face_video")
    corpus = layouts.read("deap", deap)
    assert [trial.name for trial in corpus.trials] == ["video 1", "video 2"]
    labels = stored(deap)["labels"]
    assert [list(trial.ratings.values()) for trial in corpus.trials] == labels[:, :3].tolist()
    assert corpus.trials[0].read().images is None


def test_a_trial_that_was_not_filmed_has_no_images(deap: Path) -> None:
    (deap / FACE).unlink()
    first, second = layouts.read("deap", deap).trials
    assert first.read().images is None and second.read().images is not None


def test_trials_that_were_not_filmed_are_left_out_on_request(deap: Path) -> None:
    (deap / FACE).unlink()
    corpus = layouts.read("deap", deap)
    assert corpus.having(("images", "bio")).trials == corpus.trials[1:]
    with pytest.raises(DatasetError, match="DEAP: no trial has sound"):
        corpus.having(("sound",))
    with pytest.raises(DatasetError, match="faces: no such signal, have images"):
        corpus.having(("faces",))


def change(name: str, function: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], None]:
    def broken(root: Path) -> None:
        arrays = stored(root)
        arrays[name] = function(arrays[name])
        store(root, arrays)

    return broken


def put(values: np.ndarray, place: tuple[int, ...], value: float) -> np.ndarray:
    values[place] = value
    return values


def rename(old: Path, new: str) -> Callable[[Path], object]:
    return lambda root: (root / old).rename((root / old).with_name(new))


def without(name: str) -> Callable[[Path], None]:
    return lambda root: store(root, {key: value for key, value in stored(root).items() if key != name})


BROKEN_DAT: list[tuple[Callable[[Path], object], str]] = [
    (rename(DAT, "subject1.dat"), r"subject1\.dat: not a name of DEAP"),
    (lambda root: (root / DAT).unlink(), r"data_preprocessed_python: no files sNN\.dat"),
    (lambda root: (root / DAT).write_bytes(b"x"), r"s01\.dat: not a pickled dictionary"),
    (without("labels"), r"s01\.dat: has no labels, but data"),
    (change("data", lambda data: data[..., :-1]), r"s01\.dat: data is \(2, 40, 8063\), expected \(trials, 40, 8064\)"),
    (change("data", lambda data: data[:, :32]), r"s01\.dat: data is \(2, 32, 8064\)"),
    (change("labels", lambda labels: labels[:1]), r"s01\.dat: labels is \(1, 4\), expected \(2, 4\)"),
    (change("data", lambda data: put(data, (0, 3, 9), np.nan)), r"s01\.dat: holds NaN or Inf"),
    (change("labels", lambda labels: put(labels, (1, 1), 12.0)), r"s01\.dat: rating 12 is not between 1 and 9"),
    (change("labels", lambda labels: labels[:, [1, 0, 2, 3]]), r"s01\.dat: valence of video . is .*, but .* in partic"),
    (lambda root: (root / "README.txt").unlink(), r"s01\.dat: holds 2 trials, expected 40"),
]
BROKEN_RATINGS: list[tuple[Callable[[Path], object], str]] = [
    (lambda root: rewrite(root / RATINGS, "Arousal", "Arrousal"), r"ratings\.csv: has no column Arousal"),
    (lambda root: rewrite(root / RATINGS, "\n1,2,", "\n1,1,"), r"ratings\.csv: Trial of subject 1 is not 1 to 2"),
    (lambda root: rewrite(root / RATINGS, "\n1,2,", "\n1,two,"), r"ratings\.csv, line 3: .*two"),
    (lambda root: (root / RATINGS).unlink(), r"no participant_ratings\.csv"),
    (lambda root: rewrite(root / RATINGS, "\n1,", "\n2,"), r"s01\....: subject 1 is not in participant_ratings"),
    (rename(FACE, "s01_trial03.avi"), r"s01_trial03\.avi: trial 3, but subject 1 has 2 trials"),
    (rename(FACE, "face.avi"), r"face\.avi: not a name of DEAP"),
    (rename(FACE, "s02_trial01.avi"), r"s02_trial01\.avi: not a name of DEAP"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("broken", "message"), BROKEN_DAT + BROKEN_RATINGS)
def test_a_preprocessed_folder_that_does_not_fit_is_refused(
    deap: Path, broken: Callable[[Path], object], message: str
) -> None:
    broken(deap)
    with pytest.raises(DatasetError, match=message):
        layouts.read("deap", deap)


def test_a_trial_left_out_of_the_ratings_is_refused(deap: Path) -> None:
    lines = (deap / RATINGS).read_text(encoding="utf-8").splitlines()
    (deap / RATINGS).write_text("\n".join([lines[0], "1,1,1,5,5,5"]), encoding="utf-8")
    with pytest.raises(DatasetError, match=r"s01\.dat: holds 2 trials, but participant_ratings\.csv 1 of the subject"):
        layouts.read("deap", deap)


def test_originals_have_the_channels_of_the_preprocessed_files(original: Path) -> None:
    corpus = layouts.read("deap-original", original)
    rows = shown(original)
    assert [trial.name for trial in corpus.trials] == [f"video {row['Experiment_id']}" for row in rows]
    begins = bdf.onsets(original / BDF, 4)
    for trial, begin in zip(corpus.trials, begins, strict=True):
        signals = trial.read()
        assert signals.eeg is not None and signals.bio is not None and signals.images is not None
        assert (signals.seconds, signals.bio.rate, signals.bio.samples.shape) == (60, 512, (40, 30720))
        assert signals.bio.channels == _deap.EEG + _deap.PERIPHERAL
        np.testing.assert_array_equal(
            signals.eeg.samples, bdf.read_channels(original / BDF, _deap.EEG, begin, _deap.SECONDS)
        )
        left, right, conductance = bdf.read_channels(original / BDF, ("EXG3", "EXG4", "GSR1"), begin, _deap.SECONDS)
        np.testing.assert_allclose(signals.bio.samples[33], left - right, atol=1e-4)
        np.testing.assert_allclose(signals.bio.samples[36], 1e9 / conductance, rtol=1e-5)
        before = bdf.read_channels(original / BDF, _deap.EEG, begin - 3, 3)
        baseline = signals.features["baseline"]
        assert baseline.shape == (3, 40, 512)
        np.testing.assert_array_equal(baseline[1, :32], before[:, 512:1024])
        assert build("bio").compute(signals, 0, 1).shape == (40, 128)


def test_skin_response_of_geneva_is_in_ohm_already(original: Path) -> None:
    for path in (BDF, FACE.parent):
        (original / path).rename((original / path).with_name((original / path).name.replace("s01", "s23")))
    for path in (original / "face_video" / "s23").iterdir():
        path.rename(path.with_name(path.name.replace("s01", "s23")))
    rewrite(original / RATINGS, "\n1,", "\n23,")
    trial = layouts.read("deap-original", original).trials[0]
    path = original / "data_original" / "s23.bdf"
    (skin,) = bdf.read_channels(path, ("GSR1",), bdf.onsets(path, 4)[0], 60)
    signals = trial.read()
    assert trial.subject == "23" and signals.bio is not None
    np.testing.assert_array_equal(signals.bio.samples[36], skin)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (rename(BDF, "p1.bdf"), r"p1\.bdf: not a name of DEAP"),
        (lambda root: (root / BDF).unlink(), r"data_original: no files sNN\.bdf"),
        (lambda root: (root / BDF).write_bytes(b"x"), r"s01\.bdf: not a BDF file"),
        (lambda root: (root / "README.txt").unlink(), r"s01\.bdf: holds 2 trials, expected 40"),
        (
            lambda root: (root / BDF).write_bytes((root / BDF).read_bytes().replace(b"EXG7 ", b"EXG9 ")),
            r"s01\.bdf: has no channel EXG7",
        ),
        *BROKEN_RATINGS,
    ],
)
def test_an_original_folder_that_does_not_fit_is_refused(
    original: Path, broken: Callable[[Path], object], message: str
) -> None:
    broken(original)
    with pytest.raises(DatasetError, match=message):
        layouts.read("deap-original", original)


def test_a_recording_with_another_number_of_videos_is_refused(original: Path) -> None:
    lines = (original / RATINGS).read_text(encoding="utf-8").splitlines()
    (original / RATINGS).write_text("\n".join([*lines, "1,3,3,5,5,5"]), encoding="utf-8")
    trial = layouts.read("deap-original", original).trials[0]
    with pytest.raises(
        DatasetError, match=r"s01\.bdf: 2 videos begin by its triggers, but participant_ratings\.csv has 3"
    ):
        _ = trial.read().eeg
