"""EAV folders, generated in the published layout, and what is said of broken ones."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.io import loadmat, savemat

from training.data import eav
from training.errors import DatasetError
from training.simulate.eeg import session

EMOTIONS = ("Neutral", "Sadness", "Anger", "Happiness", "Calmness")


def names(spoken: list[int]) -> list[str]:
    """A session's file names without ending: each emotion is listened to and then spoken."""
    return [
        f"{2 * index + task + 1:03d}_Trial_{(2 * index + task) % 10 + 1:02d}_{said}_{EMOTIONS[emotion]}"
        for index, emotion in enumerate(spoken)
        for task, said in enumerate(("Listening", "Speaking"))
    ]


def write_subject(folder: Path, spoken: list[int], *, turned: bool = False) -> Path:
    """A person's folder; videos and sounds are empty files, trial n of the EEG is n everywhere but for the channel."""
    number = int(folder.name.removeprefix("subject"))
    for part in ("Video", "Audio", "EEG"):
        (folder / part).mkdir(parents=True)
    for name in names(spoken):
        (folder / "Video" / f"{name}.mp4").touch()
        if "Speaking" in name:
            (folder / "Audio" / f"{name}_aud.wav").touch()
    one_hot = np.zeros((10, 2 * len(spoken)))
    for index, emotion in enumerate(spoken):
        one_hot[2 * emotion, 2 * index] = one_hot[2 * emotion + 1, 2 * index + 1] = 1
    savemat(folder / "EEG" / f"subject{number}_eeg_label.mat", {"label": one_hot.T if turned else one_hot})
    (folder / "EEG" / f"subject{number}_eeg.mat").touch()
    return folder


def write_eeg(folder: Path, key: str = "seg1", trials: int = 10, bad: tuple[int, int, int] | None = None) -> np.ndarray:
    values = np.arange(1, trials + 1) + np.arange(30)[:, None] / 100 + np.arange(10_000)[:, None, None] / 1e7
    if bad:
        values[bad] = np.nan
    savemat(next((folder / "EEG").glob("*_eeg.mat")), {key: values})
    return values


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return write_subject(tmp_path / "subject3", [0, 1, 2, 3, 4])


def test_a_whole_session_is_read(tmp_path: Path) -> None:
    write_subject(tmp_path / "subject10", session())
    write_subject(tmp_path / "subject02", session(), turned=True)
    (tmp_path / "README.txt").touch()
    two, ten = eav.read_subjects(tmp_path)
    assert (two.number, ten.number, two.recorded) == (2, 10, 200)
    assert len(two.trials) == 100
    first = two.trials[0]
    assert (first.subject, first.number, first.label) == (2, 2, "neutral")
    assert first.video == tmp_path / "subject02/Video/002_Trial_02_Speaking_Neutral.mp4"
    assert first.audio == tmp_path / "subject02/Audio/002_Trial_02_Speaking_Neutral_aud.wav"
    assert [trial.number for trial in two.trials] == list(range(2, 201, 2))
    assert [eav.LABELS.index(trial.label) for trial in two.trials] == session()
    assert [person.number for person in eav.read_subjects(tmp_path, [10])] == [10]


def test_the_first_fourteen_trials_of_a_class_come_before_the_last_six(tmp_path: Path) -> None:
    write_subject(tmp_path / "subject1", session())
    trials = eav.read_subjects(tmp_path)[0].trials
    ranks = eav.ranks(trials[::-1])[::-1]
    for label in eav.LABELS:
        of_label = [(trial.number, rank) for trial, rank in zip(trials, ranks, strict=True) if trial.label == label]
        assert [rank for _, rank in sorted(of_label)] == list(range(1, 21))


def test_names_are_matched_in_any_case(small: Path) -> None:
    for path in [*small.glob("Video/*"), *small.glob("Audio/*")]:
        path.rename(path.with_name(path.name.replace("_aud.wav", "_Aud.WAV").replace(".mp4", ".MP4")))
    (small / "Video" / "._001_Trial_01_Listening_Neutral.MP4").touch()
    (small / "Video" / "notes.txt").touch()
    (small / "EEG" / "subject3_eeg.mat").rename(small / "EEG" / "Subject03_eeg.mat")
    trial = eav.read_subjects(small.parent)[0].trials[4]
    assert (trial.video.name, trial.audio.name) == (
        "010_Trial_10_Speaking_Calmness.MP4",
        "010_Trial_10_Speaking_Calmness_Aud.WAV",
    )


@pytest.mark.parametrize("key", ["seg", "seg1"])
def test_eeg_comes_as_trial_channel_time(small: Path, key: str) -> None:
    values = write_eeg(small, key)
    (person,) = eav.read_subjects(small.parent)
    eeg = eav.read_eeg(person)
    assert eeg.shape == (5, 30, 10_000) and eeg.dtype == np.float32
    for trial, recorded in zip(person.trials, eeg, strict=True):
        np.testing.assert_allclose(recorded, values[:, :, trial.number - 1].T, rtol=1e-6)


def test_eeg_of_version_73_is_read(small: Path) -> None:
    values = write_eeg(small)
    with h5py.File(small / "EEG" / "subject3_eeg.mat", "w") as file:
        file.create_dataset("seg1", data=values.T).attrs["MATLAB_class"] = np.bytes_("double")
    (person,) = eav.read_subjects(small.parent)
    np.testing.assert_allclose(eav.read_eeg(person)[1], values[:, :, 3].T, rtol=1e-6)


def relabel(folder: Path, change: Callable[[np.ndarray], np.ndarray]) -> None:
    path = next(folder.glob("EEG/*_label.mat"))
    savemat(path, {"label": change(loadmat(path)["label"])})


def rename(folder: Path, old: str, new: str) -> None:
    (folder / old).rename(folder / new)


@pytest.mark.parametrize(
    ("mutate", "said"),
    [
        (lambda f: (f / "Video/004_Trial_04_Speaking_Sadness.mp4").unlink(), r"Video: no \*\.mp4 of trials \[4\]"),
        (lambda f: (f / "Video/003_Trial_03_Listening_Sadness.mp4").unlink(), r"Video: no \*\.mp4 of trials \[3\]"),
        (lambda f: (f / "Audio/004_Trial_04_Speaking_Sadness_aud.wav").unlink(), r"Audio: no \*_aud\.wav .* \[4\]"),
        (lambda f: (f / "EEG/subject3_eeg.mat").unlink(), r"EEG: needs one subject3_eeg\.mat, has nothing"),
        (lambda f: (f / "EEG/subject3_eeg_label.mat").unlink(), r"EEG: needs one subject3_eeg_label\.mat"),
        (lambda f: (f / "EEG/subject03_eeg.mat").touch(), r"needs one subject3_eeg\.mat, has subject03_eeg\.mat and"),
        (lambda f: (f / "EEG/subject3_eeg_label.mat").write_bytes(b"no"), r"subject3_eeg_label\.mat: .*not a readable"),
        (lambda f: rename(f, "Audio", "Sound"), "subject3: needs one Audio"),
        (
            lambda f: rename(f, "Video/004_Trial_04_Speaking_Sadness.mp4", "Video/004_Trial_04_Speaking_Anger.mp4"),
            r"004_Trial_04_Speaking_Anger\.mp4: trial 4 is speaking sadness by the label file",
        ),
        (
            lambda f: rename(f, "Video/004_Trial_04_Speaking_Sadness.mp4", "Video/004_Trial_04_Listening_Sadness.mp4"),
            r"004_Trial_04_Listening_Sadness\.mp4: trial 4 is speaking sadness",
        ),
        (
            lambda f: rename(f, "Video/004_Trial_04_Speaking_Sadness.mp4", "Video/4_Speaking.mp4"),
            r"4_Speaking\.mp4: not an EAV name",
        ),
        (lambda f: (f / "Video/011_Trial_01_Listening_Neutral.mp4").touch(), "trial 11, but the labels are of 10"),
        (lambda f: (f / "Video/004_Trial_14_Speaking_Sadness.MP4").touch(), "trial 4 again, after 004_Trial_04"),
        (lambda f: (f / "Audio/003_Trial_03_Listening_Sadness_aud.wav").touch(), "trial 3 is not spoken"),
        (lambda f: relabel(f, lambda label: label[:, [1, 0, *range(2, 10)]]), r"trial 1 is speaking neutral by"),
        (lambda f: relabel(f, lambda label: label[[2, 3, 0, 1, *range(4, 10)]]), r"trial 1 is listening sadness by"),
        (lambda f: relabel(f, lambda label: label[:, :9]), r"_label\.mat: .* trials of the ten kinds"),
        (lambda f: relabel(f, np.zeros_like), r"_label\.mat: .*one-hot"),
        (lambda f: rename(f.parent, "subject3", "person3"), "no folders subjectN"),
        (lambda f: (f.parent / "subject03").mkdir(), r"subject3: the same subject as subject03"),
    ],
)
def test_a_broken_person_is_refused_by_name(small: Path, mutate: Callable[[Path], None], said: str) -> None:
    mutate(small)
    with pytest.raises(DatasetError, match=said) as refusal:
        eav.read_subjects(small.parent)
    assert "\n" not in str(refusal.value)


def test_a_person_who_is_not_there_is_named(small: Path) -> None:
    with pytest.raises(DatasetError, match=r"no folders of subjects \[4\]"):
        eav.read_subjects(small.parent, [3, 4])
    with pytest.raises(DatasetError, match="nowhere"):
        eav.read_subjects(small.parent / "nowhere")


def resave(folder: Path, **variables: np.ndarray) -> None:
    savemat(folder / "EEG" / "subject3_eeg.mat", variables)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mutate", "said"),
    [
        (lambda f: write_eeg(f, bad=(5_000, 7, 3)), "trial 4 holds NaN"),
        (lambda f: write_eeg(f, bad=(5_000, 7, 2)), "trial 3 holds NaN"),  # one that is only listened to
        (lambda f: write_eeg(f, trials=9), r"\(10000, 30, 9\), expected \(10000, 30, 10\)"),
        (lambda f: resave(f, seg=np.zeros((10_000, 29, 10))), r"\(10000, 29, 10\), expected"),
        (lambda f: resave(f, seg=np.zeros((30, 10_000, 10))), r"\(30, 10000, 10\), expected"),
        (lambda f: resave(f, seg=np.full((10_000, 30, 10), 1e300)), "trial 1 holds NaN or Inf"),
        (lambda f: resave(f, seg2=np.zeros((10_000, 30, 10))), r"needs one array seg or seg1, but holds \['seg2'\]"),
        (lambda f: resave(f, seg=np.zeros((2, 2)), seg1=np.zeros((2, 2))), "needs one array seg or seg1"),
        (lambda f: (f / "EEG/subject3_eeg.mat").write_bytes(b"MATLAB 5.0"), "not a readable MAT"),
        (lambda f: None, "empty"),
    ],
)
def test_eeg_that_cannot_be_used_is_refused_by_name(small: Path, mutate: Callable[[Path], object], said: str) -> None:
    mutate(small)
    (person,) = eav.read_subjects(small.parent)
    with pytest.raises(DatasetError, match=rf"subject3_eeg\.mat: .*{said}") as refusal:
        eav.read_eeg(person)
    assert "\n" not in str(refusal.value)


def test_eeg_that_was_cut_short_is_refused(small: Path) -> None:
    write_eeg(small)
    path = small / "EEG" / "subject3_eeg.mat"
    path.write_bytes(path.read_bytes()[:1_000_000])
    with pytest.raises(DatasetError, match=r"subject3_eeg\.mat: .*not a readable MAT"):
        eav.read_eeg(eav.read_subjects(small.parent)[0])
