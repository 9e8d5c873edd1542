"""A simulated corpus is read as EAV would be, and refused once something in it is broken."""

import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from scipy.io import loadmat, savemat

from inference.media.decode import decode_audio, frames_at
from inference.media.probe import probe_video
from tests.training.test_training_data import write_clip, write_faces
from training.__main__ import main
from training.data import eav, fer2013, layouts, ravdess
from training.errors import DatasetError
from training.simulate import corpus
from training.simulate.eeg import record, session, simulate_subject

pytestmark = pytest.mark.extended

FPS = 10  # a third of the layout's, which `test_pictures_are_as_many_as_eavs` looks at
SPOKEN = {1: "neutral", 2: "happy", 3: "sad", 4: "angry", 5: "calm"}  # by RAVDESS' codes


def arguments(out: Path, subjects: int = 1, seed: int = 5) -> list[str]:
    return [
        *("simulate", "--subjects", str(subjects), "--faces", str(out.parent / "faces.npz")),
        *("--speech", str(out.parent / "speech"), "--out", str(out), "--trials-per-class", "1", "--seed", str(seed)),
    ]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    write_faces(folder / "faces.npz")
    for actor in (2, 3):
        for code in SPOKEN:
            write_clip(folder / "speech", code, actor, rate=16000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus, "FPS", FPS)
        assert main(arguments(folder / "out")) == 0
    return folder / "out"


@pytest.fixture
def copied(made: Path, tmp_path: Path) -> Path:
    for name in ("faces.npz", "speech", "out"):
        source = made.parent / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    return tmp_path / "out"


def test_it_is_read_as_eav(made: Path) -> None:
    assert "FER-2013" in (layouts.read("eav", made).made_of or "")
    (person,) = eav.read_subjects(made)
    assert person.recorded == 10
    assert [trial.label for trial in person.trials] == ["neutral", "angry", "calm", "sad", "happy"]
    eeg = eav.read_eeg(person)
    assert eeg.shape == (5, 30, 10_000)
    # the second one spoken is the first in anger, the session's exchange 1
    np.testing.assert_array_equal(eeg[1], record(simulate_subject(1, 5), eav.LABELS.index("angry"), 1))
    assert len({trial.tobytes() for trial in eeg}) == 5


def test_video_and_sound_are_those_of_the_layout(made: Path) -> None:
    (person,) = eav.read_subjects(made)
    for trial in person.trials:
        info = probe_video(trial.video)
        assert (info.width, info.height, info.has_audio) == (640, 480, True)
        assert info.duration_s == pytest.approx(20, abs=0.1) and info.fps == pytest.approx(FPS, abs=0.1)
        voice = soundfile.info(trial.audio)
        assert (voice.duration, voice.channels) == (20, 1)
    heard, rate = soundfile.read(person.trials[0].audio)
    shown = np.concatenate(list(decode_audio(person.trials[0].video, rate)))[: len(heard)]
    for start in range(0, len(shown) - rate + 1, rate):
        second = slice(start, start + rate)
        assert np.corrcoef(heard[second], shown[second])[0, 1] > 0.8, "the video sounds as the wav does, in time"
    assert not probe_video(made / "subject1/Video/001_Trial_01_Listening_Neutral.mp4").has_audio


def test_a_video_shows_its_face_moving_at_every_second(made: Path) -> None:
    faces = fer2013.read_npz(made.parent / "faces.npz")
    (face, *_) = corpus._drawn_faces(faces, corpus.trials(1), 1, 5)
    assert fer2013.LABELS[faces.labels[face]] == "neutral"
    frames = list(frames_at(made / "subject1/Video/001_Trial_01_Listening_Neutral.mp4", range(20), 640))
    assert all((a != b).mean() > 0.05 for a, b in pairwise(frames))
    assert abs(frames[0][:, :100].astype(int) - corpus.BACKGROUND).max() < 8
    with av.open(str(made / "subject1/Video/001_Trial_01_Listening_Neutral.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 20 * FPS


def test_pictures_are_as_many_as_eavs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "TRIAL_S", 1.0)
    corpus._write_video(tmp_path / "a.mp4", np.zeros((48, 48), np.uint8), None, np.random.default_rng(0))
    info = probe_video(tmp_path / "a.mp4")
    assert (info.width, info.height) == (640, 480)
    assert info.fps == pytest.approx(30, abs=0.1)


def test_it_says_what_it_is(made: Path) -> None:
    text = (made / "README.txt").read_text()
    assert text.startswith("SIMULATED AND COMPOSED DATA. Nobody was recorded")
    assert max(map(len, text.splitlines())) <= 120
    for fact in ("10 trials", "faces.npz, 70 faces", "10 clips of actors", "2, 3 were at hand", "Seed: 5"):
        assert fact in text


def test_a_whole_session_is_laid_out_as_eavs() -> None:
    whole = corpus.trials(20)
    assert [trial.number for trial in whole] == list(range(1, 201))
    assert [trial.place for trial in whole[:12]] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1, 2]
    assert [trial.emotion for trial in whole if trial.spoken] == session()
    assert [trial.spoken for trial in whole[:4]] == [False, True, False, True]
    assert [trial.recording for trial in whole if trial.spoken] == list(range(100)), "the EEG that EEGNet is fitted on"
    assert len({trial.recording for trial in whole}) == 200
    assert whole[3].name == "004_Trial_04_Speaking_Anger"
    few = corpus.trials(3)
    assert [trial.number for trial in few] == list(range(1, 31))
    assert np.bincount([2 * trial.emotion + trial.spoken for trial in few]).tolist() == [3] * 10


def test_no_face_comes_back_before_all_were_shown(tmp_path: Path) -> None:
    faces = fer2013.read_npz(write_faces(tmp_path / "faces.npz", count=7 * 20))
    people = [corpus._drawn_faces(faces, corpus.trials(5), number, seed=3) for number in (1, 2, 3)]
    for drawn in people:
        for trial, face in zip(corpus.trials(5), drawn, strict=True):
            expected = {"calm": "neutral"}.get(eav.LABELS[trial.emotion], eav.LABELS[trial.emotion])
            assert fer2013.LABELS[faces.labels[face]] == expected
    first_two = np.concatenate([drawn[faces.labels[drawn] == fer2013.LABELS.index("happy")] for drawn in people[:2]])
    assert len(first_two) == len(set(first_two)) == 20
    third = people[2][faces.labels[people[2]] == fer2013.LABELS.index("happy")]
    assert set(third) <= set(first_two)


def test_clips_follow_each_other_until_the_trial_is_full(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        path = write_clip(tmp_path, 5, 2, repetition=number)
        soundfile.write(path, np.full(corpus.SOUND_RATE * 3, number / 10), corpus.SOUND_RATE)
    heard = corpus._speech(ravdess.read_clips(tmp_path), np.random.default_rng(0))
    assert heard.shape == (20 * corpus.SOUND_RATE,)
    order = np.round(heard[corpus.SOUND_RATE :: 3 * corpus.SOUND_RATE] * 10).astype(int).tolist()
    assert sorted(order[:3]) == sorted(order[3:6]) == [1, 2, 3]


def test_people_who_are_there_are_not_made_again(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = []

    def begin(folder: Path, number: int, *_: object) -> None:
        assert not folder.exists(), "what an earlier run left unfinished is gone"
        folder.mkdir()
        begun.append(number)

    (copied / ".subject2.partial" / "Video").mkdir(parents=True)
    monkeypatch.setattr(corpus, "_write_subject", begin)
    assert main(arguments(copied, subjects=3)) == 0
    assert begun == [2, 3]
    assert sorted(path.name for path in copied.iterdir()) == ["README.txt", "subject1", "subject2", "subject3"]


def test_a_corpus_is_not_continued_with_other_settings(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(copied, subjects=2, seed=6)) == 2
    assert "README.txt: begun with other" in capsys.readouterr().err
    assert not (copied / "subject2").exists()


def test_people_are_not_added_to_a_real_corpus(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (copied / "README.txt").unlink()
    assert main(arguments(copied, subjects=2)) == 2
    assert "not made here" in capsys.readouterr().err
    assert [path.name for path in copied.iterdir()] == ["subject1"]


def test_an_emotion_without_voice_or_face_is_named(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in copied.parent.glob("speech/Actor_03/*-01-04-*"):
        path.unlink()
    assert main(arguments(copied)) == 2
    assert "no clips for the label sad of actors [3]" in capsys.readouterr().err
    write_faces(copied.parent / "faces.npz", labels=np.zeros(70, dtype=np.uint8))
    assert main(arguments(copied)) == 2
    assert "faces.npz: no faces for the label neutral" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--subjects", "0"], ["--trials-per-class", "21"], ["--seed", "-1"]])
def test_numbers_out_of_range_are_refused(copied: Path, wrong: list[str]) -> None:
    with pytest.raises(SystemExit):
        main([*arguments(copied), *wrong])


def swap_labels(folder: Path) -> None:
    path = folder / "EEG" / "subject1_eeg_label.mat"
    savemat(path, {"label": loadmat(path)["label"][:, [0, 3, 2, 1, *range(4, 10)]]})


def spoil_eeg(folder: Path) -> None:
    path = folder / "EEG" / "subject1_eeg.mat"
    values = loadmat(path)["seg1"]
    values[77, 3, 5] = np.nan
    savemat(path, {"seg1": values})


@pytest.mark.parametrize(
    ("mutate", "said"),
    [
        (swap_labels, r"002_Trial_02_Speaking_Neutral\.mp4: trial 2 is speaking anger by the label file"),
        (spoil_eeg, r"subject1_eeg\.mat: trial 6 holds NaN"),
        (lambda f: next(f.glob("Video/004_*")).unlink(), r"Video: no \*\.mp4 of trials \[4\]"),
        (lambda f: next(f.glob("Audio/004_*")).unlink(), r"Audio: no \*_aud\.wav of trials \[4\]"),
        (lambda f: next(f.glob("EEG/*_eeg.mat")).unlink(), r"needs one subject1_eeg\.mat"),
    ],
)
def test_it_is_refused_once_broken(copied: Path, mutate: Callable[[Path], None], said: str) -> None:
    mutate(copied / "subject1")
    with pytest.raises(DatasetError, match=said):
        eav.read_eeg(eav.read_subjects(copied)[0])
