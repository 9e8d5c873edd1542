"""Speech corpora: a folder with a manifest, RAVDESS's layout, and what is wrong with either in one line."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from training.data import speech_corpora
from training.errors import DatasetError

HEADER = "file,speaker,label,label_id,seconds"


def write_corpus(root: Path, *rows: str, header: str = HEADER) -> Path:
    """A corpus of half a second a clip; the file of each row is written."""
    root.mkdir(parents=True)
    for row in rows:
        path = root / row.split(",")[0]
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, np.full(8000, 0.1, dtype=np.float32), 16000)
    (root / "manifest.csv").write_text("\n".join((header, *rows)) + "\n")
    return root


def write_ravdess(root: Path) -> Path:
    folder = root / "Actor_02"
    folder.mkdir(parents=True)
    soundfile.write(folder / "03-01-05-01-01-01-02.wav", np.zeros(4800, dtype=np.float32), 48000)
    return root


def test_a_manifest_lists_the_clips(tmp_path: Path) -> None:
    root = write_corpus(tmp_path / "nemo", "a/1.flac,a,angry,5,0.5", "b/1.flac,b,neutral,1,0.5")
    first, second = speech_corpora.read_corpus(root)
    assert first == speech_corpora.SpeechClip(root / "a/1.flac", "angry", "nemo/a", "nemo")
    assert (second.speaker, second.label) == ("nemo/b", "neutral")
    assert speech_corpora.read_sound(first, 8000).shape == (4000,)


def test_label_id_and_seconds_may_be_absent(tmp_path: Path) -> None:
    root = write_corpus(tmp_path / "nemo", "a/1.flac,a,angry", header="file,speaker,label")
    assert len(speech_corpora.read_corpus(root)) == 1


def test_ravdess_and_a_corpus_become_one_list(tmp_path: Path) -> None:
    roots = [write_ravdess(tmp_path / "speech"), write_corpus(tmp_path / "nemo", "a/1.flac,02,angry,5,0.5")]
    clips = speech_corpora.read_corpora(roots)
    assert [(clip.corpus, clip.speaker) for clip in clips] == [("ravdess", "ravdess/02"), ("nemo", "nemo/02")]


def test_two_corpora_of_one_name_are_refused(tmp_path: Path) -> None:
    roots = [write_corpus(tmp_path / place / "nemo", "a/1.flac,a,angry,5,0.5") for place in "xy"]
    with pytest.raises(DatasetError, match="nemo was given as"):
        speech_corpora.read_corpora(roots)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a/1.flac,a,bored,5,0.5", "line 2: label 'bored' is not one of neutral, calm"),
        ("a/1.flac,a,angry,1,0.5", "line 2: label_id 1 does not belong to angry, which has 5"),
        ("a/1.flac,,angry,5,0.5", "line 2: has no speaker"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        speech_corpora.read_corpus(write_corpus(tmp_path / "nemo", row))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    root = write_corpus(tmp_path / "nemo", "a/1.flac,a,angry,5,0.5")
    (root / "a/1.flac").unlink()
    with pytest.raises(DatasetError, match=r"line 2: .*a/1\.flac is missing"):
        speech_corpora.read_corpus(root)


def test_a_file_outside_the_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="outside"):
        speech_corpora.read_corpus(write_corpus(tmp_path / "nemo", "../1.flac,a,angry,5,0.5"))


@pytest.mark.parametrize(
    ("text", "message"),
    [("file,speaker\n", "no column label"), (f"{HEADER}\n", "names no clip"), ("\udcff", "cannot be read")],
)
def test_a_manifest_that_is_none_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "manifest.csv").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(DatasetError, match=message):
        speech_corpora.read_corpus(tmp_path)


def test_a_clip_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    root = write_corpus(tmp_path / "nemo", "a/1.flac,a,angry,5,0.5")
    (clip,) = speech_corpora.read_corpus(root)
    (root / "a/1.flac").write_bytes(b"fLaC")
    with pytest.raises(DatasetError, match=r"1\.flac"):
        speech_corpora.read_sound(clip, 16000)
    soundfile.write(root / "a/1.flac", np.zeros(0, dtype=np.float32), 16000, format="WAV")
    with pytest.raises(DatasetError, match="holds no sound"):
        speech_corpora.read_sound(clip, 16000)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such folder"):
        speech_corpora.read_corpus(tmp_path / "nowhere")
