"""Clips in folders: those of a manifest and those of eMotions, and what is refused by name."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.training.simulated_folders import rewrite, write
from training.data import layouts, protocols
from training.errors import DatasetError

FIRST = "clips/01-angry-1.mp4"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("clips")
    return {name: write(name, folder / name, subjects=3) for name in ("labelled-clips", "emotions")}


@pytest.fixture
def clips(made: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(made["labelled-clips"], tmp_path / "clips"))


@pytest.fixture
def emotions(made: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(made["emotions"], tmp_path / "emotions"))


def manifest(root: Path, *lines: str) -> None:
    (root / "manifest.csv").write_text("\n".join(lines), encoding="utf-8")


@pytest.mark.slow
def test_a_manifest_gives_labels_subjects_and_parts(clips: Path) -> None:
    corpus = layouts.read("labelled-clips", clips)
    assert corpus.name == "clips" and corpus.labels == ("angry", "happy", "neutral", "sad")
    assert corpus.threshold is None and corpus.made_of is not None
    assert [trial.subject for trial in corpus.trials] == [f"subject {number}" for number in (1, 2, 3) for _ in range(4)]
    assert [trial.part for trial in corpus.trials[::4]] == ["train", "validation", "test"]
    assert (corpus.trials[0].name, corpus.trials[0].label) == (FIRST, "angry")
    assert corpus.trials[0].files == (str(clips / FIRST),)
    (fold,) = protocols.folds("official-split", corpus, np.arange(12))
    assert (len(fold.train), len(fold.validation), len(fold.test)) == (4, 4, 4)


@pytest.mark.slow
def test_a_clip_has_its_pictures_and_its_sound(clips: Path) -> None:
    signals = layouts.read("labelled-clips", clips).trials[0].read()
    assert signals.seconds == pytest.approx(4, abs=0.1)
    assert signals.images is not None and signals.sound is not None
    assert len(signals.sound.samples) / signals.sound.rate == pytest.approx(4, abs=0.1)
    assert signals.images.sample(np.array([0.0, 2.0]), "frame", 32).shape == (2, 32, 32, 3)


def test_sound_comes_from_a_file_of_its_own_where_one_is_named(clips: Path) -> None:
    tone = 0.25 * np.sin(np.arange(8000) / 5)
    soundfile.write(clips / "a.wav", tone, 8000)
    manifest(clips, "file,audio,label", f"{FIRST},a.wav,calm", "clips/01-sad-1.mp4,,sad", "a.wav,,sad")
    first, second, third = (trial.read() for trial in layouts.read("labelled-clips", clips).trials)
    assert first.sound is not None and first.sound.rate == 8000
    np.testing.assert_allclose(first.sound.samples, tone, atol=1e-3)
    assert second.sound is not None and second.sound.rate == 16000
    assert (third.images, third.seconds) == (None, 1) and third.sound is not None


def test_ratings_take_the_place_of_labels(clips: Path) -> None:
    manifest(clips, "file,valence,arousal,subject", f"{FIRST},2.5,7,anna", "clips/01-sad-1.mp4,5,1,ben")
    corpus = layouts.read("labelled-clips", clips)
    assert (corpus.labels, corpus.threshold, corpus.dimensions) == ((), 5, ("valence", "arousal"))
    assert corpus.trials[0].ratings == {"valence": 2.5, "arousal": 7} and corpus.trials[0].part is None


def test_without_subjects_every_clip_counts_as_one(clips: Path, caplog: pytest.LogCaptureFixture) -> None:
    manifest(clips, "file,label", f"{FIRST},angry", "clips/01-sad-1.mp4,sad")
    corpus = layouts.read("labelled-clips", clips)
    assert [trial.subject for trial in corpus.trials] == [FIRST, "clips/01-sad-1.mp4"]
    assert "has no column subject, so that a split by subject only divides clips" in caplog.text


def test_clips_of_a_subject_stand_together_in_their_order(clips: Path) -> None:
    names = ("clips/02-sad-1.mp4", FIRST, "clips/02-angry-1.mp4")
    manifest(clips, "file,label,subject", *(f"{name},sad,{name[6:8]}" for name in names))
    assert [trial.name for trial in layouts.read("labelled-clips", clips).trials] == [names[0], names[2], names[1]]


def test_a_subject_in_two_parts_is_refused_by_the_official_split(clips: Path) -> None:
    rewrite(clips / "manifest.csv", f"{FIRST},angry,subject 1,train", f"{FIRST},angry,subject 1,test")
    corpus = layouts.read("labelled-clips", clips)
    with pytest.raises(DatasetError, match="subject subject 1 stands in train and in test"):
        protocols.folds("official-split", corpus, np.arange(12))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((), r"manifest\.csv: has no column file"),
        (("file,label",), r"manifest\.csv: names no clip"),
        (("label,subject", "sad,1"), r"manifest\.csv: has no column file"),
        (("file,emotion", f"{FIRST},sad"), r"manifest\.csv: has the column emotion, expected some of file, label"),
        (("file,subject", f"{FIRST},1"), r"manifest\.csv: needs either the column label, or valence"),
        (("file,label,valence", f"{FIRST},sad,3"), r"manifest\.csv: needs either the column label, or valence"),
        (("file,label", f"{FIRST},"), r"manifest\.csv, line 2: has no label"),
        (("file,label", f"{FIRST},sad,1"), r"manifest\.csv, line 2: has more values than there are columns"),
        (("file,label,subject", f"{FIRST},sad"), r"manifest\.csv, line 2: has no subject"),
        (("file,label", f"{FIRST},sad", "clips/no.mp4,sad"), r"manifest\.csv, line 3: there is no .*no\.mp4"),
        (("file,label", "../clips/x.mp4,sad"), r"line 2: \.\./clips/x\.mp4 is not below the manifest's folder"),
        (("file,label", "/etc/passwd,sad"), r"line 2: /etc/passwd is not below the manifest's folder"),
        (("file,label", "README.txt,sad"), r"line 2: README\.txt is neither video nor sound"),
        (("file,label,audio", f"{FIRST},sad,x.wav"), r"line 2: there is no .*x\.wav"),
        (
            ("file,label,split", f"{FIRST},sad,testing"),
            r"line 2: split 'testing' is not one of train, validation, test",
        ),
        (("file,arousal", f"{FIRST},high"), r"line 2: arousal is 'high', expected a number"),
        (("file,arousal", f"{FIRST},0"), r"line 2: arousal is 0, expected 1 to 9"),
        (
            ("file,label", f"{FIRST},sad", f"{FIRST},angry"),
            r"manifest\.csv: names clips/01-angry-1\.mp4 more than once",
        ),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(clips: Path, lines: tuple[str, ...], message: str) -> None:
    manifest(clips, *lines)
    with pytest.raises(DatasetError, match=message):
        layouts.read("labelled-clips", clips)


def test_a_folder_without_manifest_and_a_manifest_of_other_letters_are_refused(clips: Path) -> None:
    (clips / "manifest.csv").write_bytes("file,label\nä,sad".encode("utf-16"))
    with pytest.raises(DatasetError, match=r"manifest\.csv: cannot be read"):
        layouts.read("labelled-clips", clips)
    (clips / "manifest.csv").unlink()
    with pytest.raises(DatasetError, match=r"clips: has no manifest\.csv"):
        layouts.read("labelled-clips", clips)


@pytest.mark.parametrize("layout", ["labelled-clips", "emotions"])
def test_a_clip_that_is_no_video_is_refused_when_it_is_read(clips: Path, emotions: Path, layout: str) -> None:
    trial = layouts.read(layout, clips if layout == "labelled-clips" else emotions).trials[0]
    Path(trial.files[0]).write_bytes(b"no video")
    with pytest.raises(DatasetError, match=Path(trial.files[0]).name):
        trial.read()


def test_emotions_are_six_classes_in_the_order_of_the_paper(emotions: Path) -> None:
    corpus = layouts.read("emotions", emotions)
    assert corpus.labels == ("excitation", "fear", "neutral", "relaxation", "sadness", "tension")
    assert [trial.label for trial in corpus.trials[::3]] == list(corpus.labels)
    assert [trial.part for trial in corpus.trials[:3]] == ["train", "validation", "test"]
    assert corpus.trials[0].read().sound is not None
    raw = emotions / "video_raw"
    raw.mkdir()
    for label in corpus.labels:
        (emotions / label).rename(raw / label.capitalize())
        (emotions / f"{label}.txt").unlink(missing_ok=True)
    for part in ("train", "validation", "test"):
        (emotions / f"{part}.txt").unlink()
    again = layouts.read("emotions", emotions)
    assert [trial.name for trial in again.trials] == [trial.name for trial in corpus.trials]
    assert {trial.part for trial in again.trials} == {None}


def clear(root: Path) -> None:
    for path in root.glob("*/*.mp4"):
        path.unlink()


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda root: shutil.rmtree(root / "fear"), "has no folder fear"),
        (lambda root: (root / "joy").mkdir(), "joy is none of the classes excitation, fear"),
        (lambda root: (root / "fear" / "notes.txt").write_text("x"), r"notes\.txt: not a video by its name"),
        (clear, "holds no videos"),
        (lambda root: (root / "test.txt").unlink(), r"test\.txt: cannot be read"),
        (
            lambda root: rewrite(root / "test.txt", "00003", "00007"),
            r"test\.txt: there is no video excitation/.*7\.mp4",
        ),
        (lambda root: rewrite(root / "test.txt", "00003", "00001"), r"test\.txt: .*00001\.mp4 stands in train too"),
        (lambda root: (root / "test.txt").write_text(""), r"00003\.mp4 is in none of train\.txt, validation\.txt"),
    ],
)
def test_a_folder_of_emotions_that_does_not_fit_is_refused(
    emotions: Path, broken: Callable[[Path], object], message: str
) -> None:
    broken(emotions)
    with pytest.raises(DatasetError, match=message):
        layouts.read("emotions", emotions)
